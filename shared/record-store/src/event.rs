//! The event of a change, of the same shape for all kinds of records: consumers apply a
//! new kind without a new payload. It adds nothing to a record's summary, so it never
//! contains personal data that the summary leaves out.

use chrono::{DateTime, Utc};
use wangge_api::{
    date::{timestamp, to_wire},
    events::v1::{RecordChanged, StateReached, event::Payload},
};
use wangge_outbox::NewEvent;

use wangge_record::Record;

/// Creates the event that reports a record in its current version. `now` is the time of
/// the transaction; the record's `changed_time` can be earlier, as for imported
/// records.
pub fn record_changed<R: Record>(record: &R, now: DateTime<Utc>) -> NewEvent {
    let metadata = record.metadata();
    let told = record.event_summary();
    let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    NewEvent {
        record_id: metadata.id,
        revision: metadata.revision,
        area_code: metadata.area_code.clone(),
        occurred_time: metadata.changed_time,
        recorded_time: now,
        imported: metadata.imported,
        payload: Payload::RecordChanged(RecordChanged {
            kind: R::KIND.to_owned(),
            area_code: metadata.area_code.clone(),
            parent_id: text(told.parent_id),
            subject_id: text(told.subject_id),
            code: told.code.to_owned(),
            amount: told.amount,
            start_date: told.start_date.map(to_wire),
            end_date: told.end_date.map(to_wire),
            create_time: Some(timestamp(metadata.created_time)),
            update_time: Some(timestamp(metadata.changed_time)),
            due_time: told.due_time.map(timestamp),
            title: told.title,
            states: told
                .states
                .into_iter()
                .map(|(state, time)| StateReached {
                    state,
                    reached_time: Some(timestamp(time)),
                })
                .collect(),
        }),
    }
}
