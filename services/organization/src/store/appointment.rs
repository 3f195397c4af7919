//! SQL statements of appointments.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx, transaction::Failure};
use wangge_record_store::{Filter, Listing, listing::Sort};

use super::{Entered, write_in};
use crate::domain::{
    appointment::{Appointment, AppointmentId, Post},
    person::PersonId,
    unit::UnitId,
};

/// Order and filters of lists. A post also ends when its unit or grid ends.
const LISTING: Listing = Listing {
    is_ascending: true,
    sort: Some(Sort {
        column: "post",
        values: || Post::ALL.iter().map(|post| post.code()).collect(),
    }),
    is_dated: true,
    holds_while: Some(
        "coalesce(case when kept.unit_id is null \
             then (select end_date > $4 from area where code = kept.area_code) \
             else (select end_date > $4 from unit where id = kept.unit_id) end, true)",
    ),
    ..Listing::of("appointment")
};

/// Returns the appointment with an id, locked until the transaction ends.
///
/// # Errors
/// Any database error.
pub async fn lock_appointment(
    tx: &mut Tx,
    scope: &RecordScope,
    id: Uuid,
) -> Result<Option<Appointment>, StoreError> {
    Ok(sqlx::query_as!(
        Appointment,
        r#"select id as "id: AppointmentId", person_id as "person_id: PersonId",
                  post as "post: Post", unit_id as "unit_id: UnitId", area_code, start_date,
                  end_date, revision
           from appointment where id = $1 and area_code >= $2 and area_code < $3
           for no key update"#,
        id,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Filter of a list of appointments.
#[derive(Debug, Clone, Copy)]
pub struct AppointmentFilter {
    /// Restricts the list to this post.
    pub post: Option<Post>,
    /// Restricts the list to posts that are held on this day; a post also ends with its unit
    /// or grid.
    pub on_date: Option<NaiveDate>,
}

/// Returns the appointments in scope after an entry, in the order of entry. At most
/// `limit`.
///
/// # Errors
/// Any database error.
pub async fn list_appointments(
    lanes: &Lanes,
    scope: &RecordScope,
    filter: AppointmentFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<Entered<Appointment>>, StoreError> {
    let filter = Filter {
        state: filter.post.map(Post::code),
        on: filter.on_date,
        behind: Some(vec![after.to_string()]),
        limit,
        ..Filter::default()
    };
    // Two statements: the first reads the page's keys from an index in order, the second
    // their rows, which `any` returns in no particular order.
    let entries: Vec<i64> = LISTING.names(lanes, scope, &filter).await?;
    let lane = lanes.take().await?;
    let mut rows = lane
        .run(async |lane| {
            sqlx::query!(
                r#"select entry, id as "id: AppointmentId", person_id as "person_id: PersonId",
                          post as "post: Post", unit_id as "unit_id: UnitId", area_code,
                          start_date, end_date, revision
                   from appointment where entry = any($1)"#,
                &entries,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    rows.sort_unstable_by_key(|row| row.entry);
    Ok(rows
        .into_iter()
        .map(|row| Entered {
            entry: row.entry,
            record: Appointment {
                id: row.id,
                person_id: row.person_id,
                post: row.post,
                unit_id: row.unit_id,
                area_code: row.area_code,
                start_date: row.start_date,
                end_date: row.end_date,
                revision: row.revision,
            },
        })
        .collect())
}

/// Returns true if another appointment to the same post in the same unit or area holds on
/// one of the days; for a post that several people may hold, one of the same person. The
/// caller has locked the unit or area, so that the result remains valid until the
/// transaction ends. The scope is that of the unit or area, all of whose appointments count.
///
/// # Errors
/// Any database error.
pub async fn is_post_taken(
    tx: &mut Tx,
    scope: &RecordScope,
    appointment: &Appointment,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
               select from appointment
               where post = $1 and id <> $9
                 and (case when $2::uuid is null
                      then unit_id is null and area_code = $3
                      else unit_id = $2 end)
                 and area_code >= $4 and area_code < $5
                 and daterange(start_date, end_date) && daterange($6, $7)
                 and ($8::uuid is null or person_id = $8)
           ) as "taken!""#,
        appointment.post.code(),
        appointment.unit_id.map(|id| id.0),
        appointment.area_code,
        scope.area_from(),
        scope.area_until(),
        appointment.start_date,
        appointment.end_date,
        appointment.only_holder().map(|id| id.0),
        appointment.id.0,
    )
    .fetch_one(tx)
    .await?)
}

/// Returns the field whose value another appointment, in scope or not, has already: its id.
///
/// # Errors
/// Any database error.
pub async fn taken_field(
    tx: &mut Tx,
    _scope: &RecordScope,
    appointment: &Appointment,
) -> Result<Option<&'static str>, StoreError> {
    Ok(
        sqlx::query_scalar!("select id from appointment where id = $1", appointment.id.0)
            .fetch_optional(tx)
            .await?
            .map(|_| "appointment.id"),
    )
}

/// Inserts an appointment.
///
/// # Errors
/// `RECORD_EXISTS` if the id is in use; any database error.
pub async fn insert_appointment(
    tx: &mut Tx,
    scope: &RecordScope,
    appointment: &Appointment,
) -> Result<(), Failure> {
    write_in(scope, &appointment.area_code)?;
    // A unique violation would abort the transaction, and with it the other rows of an
    // import; `do nothing` doesn't.
    let inserted = sqlx::query!(
        "insert into appointment (id, person_id, post, unit_id, area_code, start_date, end_date, \
         revision) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing",
        appointment.id.0,
        appointment.person_id.0,
        appointment.post.code(),
        appointment.unit_id.map(|id| id.0),
        appointment.area_code,
        appointment.start_date,
        appointment.end_date,
        appointment.revision,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 0 {
        let field = taken_field(tx, scope, appointment)
            .await?
            .unwrap_or("appointment.id");
        return Err(Refusal::exists("appointment", field).into());
    }
    Ok(())
}

/// Stores a new revision of an appointment that the caller has locked.
///
/// # Errors
/// Any database error.
pub async fn update_appointment(
    tx: &mut Tx,
    scope: &RecordScope,
    appointment: &Appointment,
) -> Result<(), Failure> {
    write_in(scope, &appointment.area_code)?;
    sqlx::query!(
        "update appointment set end_date = $2, revision = $3 where id = $1",
        appointment.id.0,
        appointment.end_date,
        appointment.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}
