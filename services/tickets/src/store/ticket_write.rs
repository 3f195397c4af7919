//! Writes tickets together with their orders, history lines, events and requests. A
//! write is a single statement, so a cancelled handler can't leave a transaction open,
//! and concurrent writes share a statement.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;
use wangge_outbox::{NewEvent, event::kind};
use wangge_pg::{Lanes, StoreError, request::RequestKey};

use crate::domain::{
    order::Order,
    ticket::{HistoryLine, Ticket},
};

/// A change of a ticket. Field names of the rows match the column names.
#[derive(Debug, Clone)]
pub struct TicketWrite {
    /// Revision that the decision is based on; 0 for a new ticket.
    before: i64,
    ticket: Ticket,
    lines: Vec<HistoryLine>,
    events: Vec<EventRow>,
    request: Option<RequestRow>,
}

impl TicketWrite {
    /// Creates the write of a ticket that has changed since revision `before`, with its
    /// new history lines and events. The events carry the current trace context.
    pub fn new(
        before: i64,
        ticket: Ticket,
        lines: Vec<HistoryLine>,
        events: &[NewEvent],
        request: Option<&RequestKey>,
        now: DateTime<Utc>,
    ) -> Self {
        // Read here: the coalescer runs the statement outside the caller's span.
        let traceparent = wangge_telemetry::context::current_traceparent();
        Self {
            before,
            lines,
            events: events
                .iter()
                .map(|event| EventRow::new(event, &traceparent))
                .collect(),
            request: request.map(|key| RequestRow::new(key, &ticket, now)),
            ticket,
        }
    }
}

impl TicketWrite {
    /// Returns the code of the ticket's area.
    pub fn area_code(&self) -> &str {
        &self.ticket.area_code
    }

    /// Returns the ticket's revision after the write.
    pub fn revision(&self) -> i64 {
        self.ticket.revision
    }
}

/// Inserts new tickets: all of them, or none if one of them or of their requests
/// exists already.
///
/// # Errors
/// Returns any database error.
pub async fn insert_tickets(lanes: &Lanes, writes: &[TicketWrite]) -> Result<(), StoreError> {
    let rows = Rows::of(writes);
    lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file!(
                "src/store/queries/insert_tickets.sql",
                json(&rows.tickets),
                json(&rows.orders),
                json(&rows.lines),
                json(&rows.events),
                json(&rows.requests),
            )
            .execute(lane)
            .await
        })
        .await?;
    Ok(())
}

/// Updates tickets with optimistic locking: each only if it still has the revision
/// that its decision is based on. Returns whether it had, for each write. Of two
/// writes of one ticket, the second returns false.
///
/// # Errors
/// Returns any database error, e.g. if a request was executed before. Then nothing
/// was changed.
pub async fn update_tickets(
    lanes: &Lanes,
    writes: &[TicketWrite],
) -> Result<Vec<bool>, StoreError> {
    // In PostgreSQL, an `update … from` with two source rows for one target row
    // applies only one of them, and which one is unspecified.
    let mut taken = HashSet::new();
    let first: Vec<bool> = writes
        .iter()
        .map(|write| taken.insert(write.ticket.id))
        .collect();
    let firsts = writes.iter().zip(&first).filter(|(_, first)| **first);
    // Rows are locked in id order, so that concurrent statements on the same tickets
    // wait for each other instead of deadlocking.
    let mut ordered: Vec<&TicketWrite> = firsts.map(|(write, _)| write).collect();
    ordered.sort_by_key(|write| write.ticket.id);
    let rows = Rows::of(ordered);
    let ids: Vec<Uuid> = rows.tickets.iter().map(|ticket| ticket.id).collect();
    let changed: Vec<Uuid> = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file_scalar!(
                "src/store/queries/update_tickets.sql",
                json(&rows.tickets),
                &ids,
                &rows.before,
                json(&rows.orders),
                json(&rows.lines),
                json(&rows.events),
                json(&rows.requests),
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    let changed: HashSet<Uuid> = changed.into_iter().collect();
    let answers = writes.iter().zip(first);
    Ok(answers
        // A second write of a ticket counts as a lost race: its caller decides again.
        .map(|(write, first)| first && changed.contains(&write.ticket.id))
        .collect())
}

/// The rows of several writes, by table.
#[derive(Debug, Default)]
struct Rows<'w> {
    tickets: Vec<&'w Ticket>,
    before: Vec<i64>,
    orders: Vec<&'w Order>,
    lines: Vec<&'w HistoryLine>,
    events: Vec<&'w EventRow>,
    requests: Vec<&'w RequestRow>,
}

impl<'w> Rows<'w> {
    fn of(writes: impl IntoIterator<Item = &'w TicketWrite>) -> Self {
        let mut rows = Self::default();
        for write in writes {
            rows.tickets.push(&write.ticket);
            rows.before.push(write.before);
            rows.orders.extend(&write.ticket.orders);
            rows.lines.extend(&write.lines);
            rows.events.extend(&write.events);
            rows.requests.extend(&write.request);
        }
        rows
    }
}

fn json<T: Serialize>(rows: &[T]) -> String {
    // Rows are plain structs, whose serialisation can't fail.
    serde_json::to_string(rows).unwrap_or_default()
}

/// A row of the table `request`.
#[derive(Debug, Clone, Serialize)]
struct RequestRow {
    caller: String,
    request_id: Uuid,
    fingerprint: String,
    record_id: Uuid,
    revision: i64,
    recorded_time: DateTime<Utc>,
}

impl RequestRow {
    fn new(key: &RequestKey, ticket: &Ticket, now: DateTime<Utc>) -> Self {
        Self {
            caller: key.caller.clone(),
            request_id: key.request_id,
            fingerprint: hex(&key.fingerprint),
            record_id: ticket.id,
            revision: ticket.revision,
            recorded_time: now,
        }
    }
}

/// A row of the table `outbox`.
#[derive(Debug, Clone, Serialize)]
struct EventRow {
    event_id: Uuid,
    record_id: Uuid,
    revision: i64,
    area_code: String,
    occurred_time: DateTime<Utc>,
    recorded_time: DateTime<Utc>,
    imported: bool,
    traceparent: String,
    payload: String,
    kind: String,
}

impl EventRow {
    fn new(event: &NewEvent, traceparent: &str) -> Self {
        Self {
            event_id: Uuid::now_v7(),
            record_id: event.record_id,
            revision: event.revision,
            area_code: event.area_code.clone(),
            occurred_time: event.occurred_time,
            recorded_time: event.recorded_time,
            imported: event.imported,
            traceparent: traceparent.to_owned(),
            payload: hex(&event.encoded()),
            kind: kind(&event.payload).to_owned(),
        }
    }
}

/// Formats bytes as text that PostgreSQL parses as `bytea`: JSON has no binary type.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
