//! Lists of check-in visits, and the guard of new ones.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::{StoreError, Tx, queue};
use wangge_record::{Change, Days, Record as _};
use wangge_record_store::{Listing, listing::Column};

use crate::domain::{
    check_in_visit::{CheckInVisit, CheckInVisitAction, CheckInVisitState, SPACING},
    registration::Registration,
};

/// Listing of visits, in the order of the visit time; the id breaks ties.
pub(crate) const LISTING: Listing = Listing {
    order: &[
        Column {
            name: "visit_time",
            sql_type: "timestamptz",
        },
        Column {
            name: "check_in_visit_id",
            sql_type: "uuid",
        },
    ],
    ..Listing::of("check_in_visit")
};

/// Rejects visits on days on which their registration is not in effect, and those within
/// ten minutes of another one under it. Concurrent visits under a registration are
/// serialised by an advisory lock: otherwise both would find no other one nearby.
pub(crate) async fn guard(
    tx: &mut Tx,
    visits: &[CheckInVisit],
    change: Change<CheckInVisitAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if change != Change::Create {
        return Ok(Vec::new());
    }
    queue::stand_in_line(tx, visits.iter().map(|visit| visit.registration_id)).await?;
    let found = registered(tx, visits).await?;
    // Those of this batch that count, since they are not inserted yet.
    let mut counted: Vec<&CheckInVisit> = Vec::new();
    let mut refused = Vec::new();
    for visit in visits {
        let Some((days, visited)) = found.get(&visit.metadata.id) else {
            continue;
        };
        let day = day_of(visit.visit_time, DEFAULT_ZONE);
        let visited = *visited
            || counted.iter().any(|other| {
                other.registration_id == visit.registration_id
                    && (other.visit_time - visit.visit_time).abs() < SPACING
            });
        // A voided visit doesn't count, so it can be close to another one.
        let counts = visit.lifecycle.is_in(&[CheckInVisitState::Recorded]);
        if let Err(refusal) = days.require(Registration::KIND, "registration_id", day) {
            refused.push((visit.metadata.id, refusal));
        } else if counts && visited {
            let why = "another visit under this registration is recorded within ten minutes of it";
            let refusal = Refusal::guard(Guard::VisitedAlready, CheckInVisit::KIND, why);
            refused.push((visit.metadata.id, refusal));
        } else if counts {
            counted.push(visit);
        }
    }
    Ok(refused)
}

/// Returns the days of each visit's registration, and whether a stored visit is near it.
async fn registered(
    tx: &mut Tx,
    visits: &[CheckInVisit],
) -> Result<HashMap<Uuid, (Days, bool)>, StoreError> {
    let registrations: Vec<Uuid> = visits.iter().map(|visit| visit.registration_id).collect();
    let ids: Vec<Uuid> = visits.iter().map(|visit| visit.metadata.id).collect();
    let times: Vec<DateTime<Utc>> = visits.iter().map(|visit| visit.visit_time).collect();
    // Under a shared lock, since an import has looked the registrations up in earlier
    // transactions. Two visits exactly ten minutes apart are both valid. A visit with the
    // same id is left to the insert, which reports it as such.
    let rows = sqlx::query!(
        "select asked.id as \"id!\", start_date, end_date, \
             exists (select from check_in_visit other \
                 where other.registration_id = asked.registration_id and other.id <> asked.id \
                 and state = $4 and visit_time > time - make_interval(secs => $5) \
                 and visit_time < time + make_interval(secs => $5)) as \"visited!\" \
         from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as asked (id, registration_id, time) \
         join registration on registration.id = asked.registration_id \
         for share of registration",
        &ids,
        &registrations,
        &times,
        CheckInVisitState::Recorded.code(),
        SPACING.as_seconds_f64(),
    )
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let days = Days {
                start_date: Some(row.start_date),
                end_date: row.end_date,
            };
            (row.id, (days, row.visited))
        })
        .collect())
}
