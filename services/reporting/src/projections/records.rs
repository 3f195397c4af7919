//! Projection of plain records, which all feeds have in common.

use chrono::{DateTime, Utc};
use wangge_api::{
    date,
    events::v1::{Event, RecordChanged},
    refusal::{Refusal, Rule},
};
use wangge_pg::{Tx, transaction::Failure};

use super::{id, optional_day, optional_id};
use crate::store::facts::{Fact, upsert_fact};

/// Stores a plain record of a service.
pub(super) async fn apply(
    tx: &mut Tx,
    service: &'static str,
    event: &Event,
    record: &RecordChanged,
) -> Result<(), Failure> {
    let fact = Fact {
        record_id: id(&event.record_id)?,
        service,
        kind: record.kind.clone(),
        area_code: record.area_code.clone(),
        parent_id: optional_id(&record.parent_id)?,
        subject_id: optional_id(&record.subject_id)?,
        code: record.code.clone(),
        amount: record.amount,
        start_date: optional_day(record.start_date.as_ref())?,
        end_date: optional_day(record.end_date.as_ref())?,
        created_time: moment(record.create_time.as_ref(), "create_time")?,
        changed_time: moment(record.update_time.as_ref(), "update_time")?,
        due_time: record
            .due_time
            .as_ref()
            .map(|time| date::moment(time, "due_time"))
            .transpose()?,
        title: record.title.clone(),
        states: record
            .states
            .iter()
            .map(|reached| reached.state.clone())
            .collect(),
        reached_times: record
            .states
            .iter()
            .map(|reached| moment(reached.reached_time.as_ref(), "reached_time"))
            .collect::<Result<_, _>>()?,
    };
    Ok(upsert_fact(tx, &fact).await?)
}

fn moment(time: Option<&prost_types::Timestamp>, field: &str) -> Result<DateTime<Utc>, Refusal> {
    let time = time.ok_or_else(|| Refusal::field(field, Rule::Required, "is required"))?;
    date::moment(time, field)
}
