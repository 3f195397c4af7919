//! Plain records of all services, in one table.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A plain record as its last event describes it.
#[derive(Debug)]
pub struct Fact {
    /// Id, unique within its kind.
    pub record_id: Uuid,
    /// The service that owns it.
    pub service: &'static str,
    /// Kind of record, such as `need_tag`.
    pub kind: String,
    /// Code of the area that it belongs to.
    pub area_code: String,
    /// The record to which it belongs.
    pub parent_id: Option<Uuid>,
    /// The person, resident or unit that it is about.
    pub subject_id: Option<Uuid>,
    /// Name of its kind, role or post.
    pub code: String,
    /// Amount, in the unit of its kind.
    pub amount: i64,
    /// First day on which it holds.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
    /// Time at which it happened or was created.
    pub created_time: DateTime<Utc>,
    /// Time of its last change.
    pub changed_time: DateTime<Utc>,
    /// The states that it has been in, in order.
    pub states: Vec<String>,
    /// The time at which it entered each of `states`.
    pub reached_times: Vec<DateTime<Utc>>,
    /// Deadline, if it has one.
    pub due_time: Option<DateTime<Utc>>,
    /// Public name; empty if it has none.
    pub title: String,
}

/// Inserts a plain record, or updates the stored one.
///
/// # Errors
/// Any database error.
pub async fn upsert_fact(tx: &mut Tx, fact: &Fact) -> Result<(), StoreError> {
    // Triggers on the table maintain the counters of figures in the same transaction.
    sqlx::query!(
        "insert into fact (record_id, service, kind, area_code, parent_id, subject_id, code, amount, \
         start_date, end_date, created_time, changed_time, states, reached_times, due_time, title) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         on conflict on constraint fact_pkey do update set area_code = excluded.area_code, \
         parent_id = excluded.parent_id, subject_id = excluded.subject_id, code = excluded.code, \
         amount = excluded.amount, start_date = excluded.start_date, end_date = excluded.end_date, \
         created_time = excluded.created_time, changed_time = excluded.changed_time, \
         states = excluded.states, reached_times = excluded.reached_times, \
         due_time = excluded.due_time, title = excluded.title",
        fact.record_id,
        fact.service,
        fact.kind,
        fact.area_code,
        fact.parent_id,
        fact.subject_id,
        fact.code,
        fact.amount,
        fact.start_date,
        fact.end_date,
        fact.created_time,
        fact.changed_time,
        &fact.states,
        &fact.reached_times,
        fact.due_time,
        fact.title,
    )
    .execute(tx)
    .await?;
    Ok(())
}
