//! Plain records of every service.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;
use wangge_pg::{StoreError, Tx};

/// A plain record.
#[derive(Debug)]
pub struct Fact {
    /// Its id.
    pub record_id: Uuid,
    /// The service that keeps it.
    pub service: &'static str,
    /// What it is.
    pub kind: String,
    /// Code of the area in which it lies.
    pub area_code: String,
    /// The record to which it belongs.
    pub parent_id: Option<Uuid>,
    /// Whom or what it is about.
    pub subject_id: Option<Uuid>,
    /// Its kind, role or post by name.
    pub code: String,
    /// Its amount.
    pub amount: i64,
    /// First day on which it holds.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
    /// When it came to be.
    pub created_time: DateTime<Utc>,
    /// When it last changed.
    pub changed_time: DateTime<Utc>,
    /// The states that it has been in, in order.
    pub states: Vec<String>,
    /// Since when it was in each.
    pub reached_times: Vec<DateTime<Utc>>,
    /// Until when something must be done about it.
    pub due_time: Option<DateTime<Utc>>,
    /// Its public name.
    pub title: String,
}

/// Keeps a plain record as it is now.
///
/// # Errors
/// What the database says.
pub async fn upsert_fact(tx: &mut Tx, fact: &Fact) -> Result<(), StoreError> {
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
