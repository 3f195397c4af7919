//! Statements on check-in visits.

use std::cmp::Reverse;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx};
use wangge_record_store::{Filter, Listing, listing::Column};

use crate::domain::{
    check_in_visit::{CheckInVisit, CheckInVisitId, Voiding},
    check_in_visit_state::CheckInVisitState,
};

/// Listing of visits, in the order of the visit time; the id breaks ties.
const LISTING: Listing = Listing {
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

/// A row of the visits' table.
struct Row {
    id: Uuid,
    registration_id: Uuid,
    person_id: Uuid,
    area_code: String,
    visit_time: DateTime<Utc>,
    handled: String,
    state: i16,
    voided_time: Option<DateTime<Utc>>,
    void_reason: Option<String>,
    imported: bool,
    revision: i64,
}

impl TryFrom<Row> for CheckInVisit {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = CheckInVisitState::from_code(row.state).ok_or_else(|| {
            sqlx::Error::Decode("check_in_visit.state is not a valid state".into())
        })?;
        // Both columns are set or both are null: the constraint `check_in_visit_voided`
        // ensures it.
        let voiding = row.voided_time.zip(row.void_reason);
        Ok(Self {
            id: row.id.into(),
            registration_id: row.registration_id.into(),
            person_id: row.person_id.into(),
            area_code: row.area_code,
            visit_time: row.visit_time,
            handled: row.handled,
            state,
            voiding: voiding.map(|(time, reason)| Voiding { time, reason }),
            imported: row.imported,
            revision: row.revision,
        })
    }
}

/// Returns a visit, or `None` if it is missing or outside the scope.
pub(crate) async fn load_check_in_visit(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    id: CheckInVisitId,
) -> Result<Option<CheckInVisit>, StoreError> {
    sqlx::query_as!(
        Row,
        "select check_in_visit_id as id, registration_id, person_id, area_code, visit_time, handled,
             state, voided_time, void_reason, imported, revision
         from check_in_visit
         where check_in_visit_id = $1 and area_code >= $2 and area_code < $3",
        id.0,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(executor)
    .await?
    .map(CheckInVisit::try_from)
    .transpose()
}

/// Returns a visit and locks it against other writers.
pub(crate) async fn load_check_in_visit_for_update(
    tx: &mut Tx,
    scope: &RecordScope,
    id: CheckInVisitId,
) -> Result<Option<CheckInVisit>, StoreError> {
    sqlx::query_as!(
        Row,
        "select check_in_visit_id as id, registration_id, person_id, area_code, visit_time, handled,
             state, voided_time, void_reason, imported, revision
         from check_in_visit
         where check_in_visit_id = $1 and area_code >= $2 and area_code < $3
         for update",
        id.0,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?
    .map(CheckInVisit::try_from)
    .transpose()
}

/// Returns the visits with these ids that are in scope, in no particular order.
pub(crate) async fn list_check_in_visits_by_id(
    executor: impl PgExecutor<'_>,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<CheckInVisit>, StoreError> {
    sqlx::query_as!(
        Row,
        "select check_in_visit_id as id, registration_id, person_id, area_code, visit_time, handled,
             state, voided_time, void_reason, imported, revision
         from check_in_visit
         where check_in_visit_id = any($1) and area_code >= $2 and area_code < $3",
        ids,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(executor)
    .await?
    .into_iter()
    .map(CheckInVisit::try_from)
    .collect()
}

/// Returns a page of visits, newest first, after a key.
pub(crate) async fn list_check_in_visits(
    lanes: &Lanes,
    scope: &RecordScope,
    behind: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<CheckInVisit>, StoreError> {
    let filter = Filter {
        behind: behind.map(|(time, id)| vec![time.to_rfc3339(), id.to_string()]),
        limit,
        ..Filter::default()
    };
    // The listing reads ids only, from an index that fits the scope. The rows are fetched
    // in a second statement, which doesn't preserve the order.
    let ids: Vec<Uuid> = LISTING.names(lanes, scope, &filter).await?;
    let lane = lanes.take().await?;
    let mut rows = lane
        .run(async |lane| {
            sqlx::query_as!(
                Row,
                "select check_in_visit_id as id, registration_id, person_id, area_code, visit_time,
                     handled, state, voided_time, void_reason, imported, revision
                 from check_in_visit where check_in_visit_id = any($1)",
                &ids,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    rows.sort_unstable_by_key(|row| Reverse((row.visit_time, row.id)));
    rows.into_iter().map(CheckInVisit::try_from).collect()
}

/// Returns true if a visit that is not voided is recorded under a registration within
/// `spacing` before or after a time. The caller must hold the registration's lock (see
/// [`queue`](wangge_pg::queue)), or a concurrent transaction could record one at the same
/// time.
pub(crate) async fn is_recorded_near(
    tx: &mut Tx,
    registration_id: Uuid,
    time: DateTime<Utc>,
    spacing: TimeDelta,
) -> Result<bool, StoreError> {
    // The interval excludes its ends, so two visits exactly `spacing` apart are both
    // valid.
    Ok(sqlx::query_scalar!(
        "select exists (select from check_in_visit
             where registration_id = $1 and state = $2 and visit_time > $3 and visit_time < $4)
             as \"near!\"",
        registration_id,
        CheckInVisitState::Recorded.code(),
        time - spacing,
        time + spacing,
    )
    .fetch_one(tx)
    .await?)
}

/// Returns the time of the last visit under a registration that is not voided. The
/// registration must be locked.
pub(crate) async fn last_visit_time(
    tx: &mut Tx,
    registration_id: Uuid,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    // Visits are recorded under a shared lock on the registration, so none can be added
    // while the caller decides about its end.
    Ok(sqlx::query_scalar!(
        "select max(visit_time) from check_in_visit where registration_id = $1 and state = $2",
        registration_id,
        CheckInVisitState::Recorded.code(),
    )
    .fetch_one(tx)
    .await?)
}

/// Inserts a new visit, which is not voided.
pub(crate) async fn insert_check_in_visit(
    tx: &mut Tx,
    visit: &CheckInVisit,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into check_in_visit (check_in_visit_id, registration_id, person_id, area_code,
             visit_time, handled, state, voided_time, void_reason, imported, revision)
         values ($1, $2, $3, $4, $5, $6, $7, null, null, $8, $9)",
        visit.id.0,
        visit.registration_id.0,
        visit.person_id.0,
        visit.area_code,
        visit.visit_time,
        visit.handled,
        visit.state.code(),
        visit.imported,
        visit.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Inserts an imported visit, unless its id is in use. Returns true if it was inserted.
pub(crate) async fn insert_check_in_visit_if_free(
    tx: &mut Tx,
    visit: &CheckInVisit,
) -> Result<bool, StoreError> {
    // A violated constraint would abort the transaction and with it the rest of the
    // batch. Only the primary key is exempt: any other violation is a fault of the
    // service.
    let inserted = sqlx::query!(
        "insert into check_in_visit (check_in_visit_id, registration_id, person_id, area_code,
             visit_time, handled, state, voided_time, void_reason, imported, revision)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict on constraint check_in_visit_pkey do nothing",
        visit.id.0,
        visit.registration_id.0,
        visit.person_id.0,
        visit.area_code,
        visit.visit_time,
        visit.handled,
        visit.state.code(),
        visit.voiding.as_ref().map(|voiding| voiding.time),
        visit
            .voiding
            .as_ref()
            .map(|voiding| voiding.reason.as_str()),
        visit.imported,
        visit.revision,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Updates the state of a visit and its voiding.
pub(crate) async fn update_check_in_visit(
    tx: &mut Tx,
    visit: &CheckInVisit,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update check_in_visit set state = $2, voided_time = $3, void_reason = $4, revision = $5
         where check_in_visit_id = $1",
        visit.id.0,
        visit.state.code(),
        visit.voiding.as_ref().map(|voiding| voiding.time),
        visit
            .voiding
            .as_ref()
            .map(|voiding| voiding.reason.as_str()),
        visit.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}
