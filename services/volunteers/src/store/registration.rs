//! Statements on registrations.

use std::cmp::Reverse;

use chrono::NaiveDate;
use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx};
use wangge_record_store::{Filter, Listing, listing::Column};

use crate::domain::registration::{Registration, RegistrationId};

/// Listing of registrations, in the order of the start date; the id breaks ties.
const LISTING: Listing = Listing {
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

/// Returns a registration, or `None` if it is missing or outside the scope.
pub(crate) async fn load_registration(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    id: RegistrationId,
) -> Result<Option<Registration>, StoreError> {
    Ok(sqlx::query_as!(
        Registration,
        "select registration_id as id, person_id, home_unit_id, area_code, start_date, end_date,
             revision
         from registration
         where registration_id = $1 and area_code >= $2 and area_code < $3",
        id.0,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(executor)
    .await?)
}

/// Returns a registration and locks it against other writers.
pub(crate) async fn load_registration_for_update(
    tx: &mut Tx,
    scope: &RecordScope,
    id: RegistrationId,
) -> Result<Option<Registration>, StoreError> {
    Ok(sqlx::query_as!(
        Registration,
        "select registration_id as id, person_id, home_unit_id, area_code, start_date, end_date,
             revision
         from registration
         where registration_id = $1 and area_code >= $2 and area_code < $3
         for update",
        id.0,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Returns the registrations with these ids and locks them, so that their days can't
/// change while visits are recorded under them. They are locked in the order of their
/// ids, so that two transactions can't deadlock.
pub(crate) async fn list_registrations_for_share(
    tx: &mut Tx,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<Registration>, StoreError> {
    // `for share`, since recording visits only reads the registration: visits of one
    // registration don't block each other here, but its end waits for them.
    Ok(sqlx::query_as!(
        Registration,
        "select registration_id as id, person_id, home_unit_id, area_code, start_date, end_date,
             revision
         from registration
         where registration_id = any($1) and area_code >= $2 and area_code < $3
         order by registration_id
         for share",
        ids,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(tx)
    .await?)
}

/// Returns a page of registrations, newest first, after a key.
pub(crate) async fn list_registrations(
    lanes: &Lanes,
    scope: &RecordScope,
    behind: Option<(NaiveDate, Uuid)>,
    limit: i64,
) -> Result<Vec<Registration>, StoreError> {
    let filter = Filter {
        behind: behind.map(|(date, id)| vec![date.to_string(), id.to_string()]),
        limit,
        ..Filter::default()
    };
    // The listing reads ids only, from an index that fits the scope. The rows are fetched
    // in a second statement, which doesn't preserve the order.
    let ids: Vec<Uuid> = LISTING.names(lanes, scope, &filter).await?;
    let lane = lanes.take().await?;
    let mut registrations = lane
        .run(async |lane| {
            sqlx::query_as!(
                Registration,
                "select registration_id as id, person_id, home_unit_id, area_code, start_date,
                     end_date, revision
                 from registration where registration_id = any($1)",
                &ids,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    registrations.sort_unstable_by_key(|one| Reverse((one.start_date, one.id.0)));
    Ok(registrations)
}

/// Inserts a registration, unless its id is in use or its days overlap another's. Returns
/// true if it was inserted.
///
/// If concurrent inserts violated the exclusion constraint, they would block each other
/// for a second (PostgreSQL's deadlock timeout); with `on conflict do nothing`, one waits
/// for the other. A violation would also abort the rest of a batch.
pub(crate) async fn insert_registration_if_free(
    tx: &mut Tx,
    registration: &Registration,
) -> Result<bool, StoreError> {
    // No conflict target: it must cover both the primary key and the exclusion
    // constraint. The caller finds out which one it was.
    let inserted = sqlx::query!(
        "insert into registration (registration_id, person_id, home_unit_id, area_code, start_date,
             end_date, revision)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict do nothing",
        registration.id.0,
        registration.person_id.0,
        registration.home_unit_id.0,
        registration.area_code,
        registration.start_date,
        registration.end_date,
        registration.revision,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Updates the end of a registration; its other columns never change.
pub(crate) async fn update_registration(
    tx: &mut Tx,
    registration: &Registration,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update registration set end_date = $2, revision = $3 where registration_id = $1",
        registration.id.0,
        registration.end_date,
        registration.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}
