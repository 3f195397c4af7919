//! Appointments in the database.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx, transaction::Failure};
use wangge_resource_store::{Filter, Listing, listing::Sort};

use super::{Entered, write_in};
use crate::domain::{
    appointment::{Appointment, AppointmentId, Post},
    person::PersonId,
    unit::UnitId,
};

/// How appointments are listed: a post ends with its unit or grid.
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

/// The appointment with an id, locked until the transaction ends.
///
/// # Errors
/// What the database says.
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

/// Which appointments a list has.
#[derive(Debug, Clone, Copy)]
pub struct AppointmentFilter {
    /// Only this post.
    pub post: Option<Post>,
    /// Only what holds on this day; a post ends with its unit or grid.
    pub on_date: Option<NaiveDate>,
}

/// Appointments in scope behind an entry, in the order of entry. At most
/// `limit`.
///
/// # Errors
/// What the database says.
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

/// Whether another appointment to the same post in the same unit or area holds
/// on one of the days; of a post that several may hold, one of the same person.
/// The unit or area is locked, so that the answer stands
/// until the transaction ends. Scope is that of the unit or area, all of whose
/// appointments count.
///
/// # Errors
/// What the database says.
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

/// Whether an appointment, in scope or not, has this id already.
///
/// # Errors
/// What the database says.
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

/// Enters an appointment.
///
/// # Errors
/// `RECORD_EXISTS` if the id is in use; what the database says.
pub async fn insert_appointment(
    tx: &mut Tx,
    scope: &RecordScope,
    appointment: &Appointment,
) -> Result<(), Failure> {
    write_in(scope, &appointment.area_code)?;
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

/// Keeps a new revision of an appointment that is locked.
///
/// # Errors
/// What the database says.
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
