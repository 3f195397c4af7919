//! Lists of registrations, registrations as targets of references, and the guard of their
//! ends.

use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, NoAction, Record as _, ResolvedReference};
use wangge_record_store::{Listing, listing::Column};

use crate::domain::{check_in_visit::CheckInVisitState, registration::Registration};

/// Listing of registrations, in the order of the start date; the id breaks ties.
pub(crate) const LISTING: Listing = Listing {
    order: &[
        Column {
            name: "start_date",
            sql_type: "date",
        },
        Column {
            name: "registration_id",
            sql_type: "uuid",
        },
    ],
    ..Listing::of("registration")
};

/// Returns those of some registrations that exist in the scope, with the officials that
/// visits copy. They are locked in share mode: visits don't block one another here, but no
/// registration can be ended before they are committed.
pub(crate) async fn find(
    tx: &mut Tx,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
    let found = sqlx::query!(
        "select id as \"id!\", area_code, person_id from registration \
         where id = any($1) and area_code >= $2 and area_code < $3 for share",
        ids,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(tx)
    .await?;
    let found = found.into_iter().map(|row| {
        let target = ResolvedReference {
            subject_id: Some(row.person_id),
            ..ResolvedReference::plain(row.area_code)
        };
        (row.id, target)
    });
    Ok(found.collect())
}

/// Rejects the end of a registration while a visit that is not voided is recorded on its
/// day or later. None can be added before the commit: a new visit locks its registration.
pub(crate) async fn guard(
    tx: &mut Tx,
    registrations: &[Registration],
    change: Change<NoAction>,
    _now: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    let mut refused = Vec::new();
    for registration in registrations.iter().filter(|_| change != Change::Create) {
        let id = registration.metadata.id;
        let last = sqlx::query_scalar!(
            "select max(visit_time) from check_in_visit where registration_id = $1 and state = $2",
            id,
            CheckInVisitState::Recorded.code(),
        )
        .fetch_one(&mut *tx)
        .await?;
        // Days are those of the community's time zone. A visit early in the morning there
        // is still on the previous day in UTC.
        let last = last.map(|time| day_of(time, DEFAULT_ZONE));
        if let (Some(day), Some(end)) = (last, registration.end_date)
            && end <= day
        {
            let why = format!(
                "a visit is recorded under it on {day}: void the visit, or choose a later end date"
            );
            let refusal = Refusal::guard(Guard::VisitsRecorded, Registration::KIND, why);
            refused.push((id, refusal));
        }
    }
    Ok(refused)
}
