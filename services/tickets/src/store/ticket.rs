//! Tickets with their orders. A write is one statement, so there is no
//! transaction that a cancelled handler could leave open.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_outbox::NewEvent;
use wangge_pg::{Lanes, StoreError, request::RequestKey};

use crate::domain::{
    order::Order,
    ticket::{HistoryLine, Ticket},
};

/// What a command needs to decide.
#[derive(Debug)]
pub struct Loaded {
    /// The ticket, if it is there for the caller.
    pub ticket: Option<Ticket>,
    /// Fingerprint and record of the request, if it was made before.
    pub request: Option<(Vec<u8>, Uuid)>,
}

/// Loads a ticket to be acted on.
///
/// # Errors
/// What the database says.
pub async fn load_for_command(
    lanes: &Lanes,
    id: Uuid,
    key: &RequestKey,
    scope: &RecordScope,
) -> Result<Loaded, StoreError> {
    let row = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file!(
                "src/store/queries/load_for_command.sql",
                id,
                key.caller,
                key.request_id,
                scope.area_from(),
                scope.area_until(),
                scope.holder(),
            )
            .fetch_one(lane)
            .await
        })
        .await?;
    Ok(Loaded {
        ticket: row.ticket.map(|ticket| whole(ticket, row.orders)),
        request: row.fingerprint.zip(row.record_id),
    })
}

/// Loads a ticket to be read.
///
/// # Errors
/// What the database says.
pub async fn load_ticket(
    lanes: &Lanes,
    id: Uuid,
    scope: &RecordScope,
) -> Result<Option<Ticket>, StoreError> {
    let row = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query!(
                r#"select row_to_json(ticket) as "ticket!: Json<Ticket>",
           (select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id)
               as "orders: Json<Vec<Order>>"
           from ticket
           where id = $1 and ((area_code >= $2 and area_code < $3) or exists (
               select from ticket_order o
               where o.ticket_id = ticket.id and o.unit_id = $4 and o.state <= 5))"#,
                id,
                scope.area_from(),
                scope.area_until(),
                scope.holder(),
            )
            .fetch_optional(lane)
            .await
        })
        .await?;
    Ok(row.map(|row| whole(row.ticket, row.orders)))
}

/// What a list of tickets asks for.
#[derive(Debug)]
pub struct Filter {
    /// Which tickets are there for the caller; `within` has been applied.
    pub scope: RecordScope,
    /// Only tickets within this area, whoever holds them.
    pub within: RecordScope,
    /// Only tickets in one of these states; empty for all.
    pub states: Vec<i16>,
    /// Only tickets on which this unit holds a live order.
    pub unit_id: Option<Uuid>,
    /// Only tickets that no grid was found for.
    pub only_unrouted: bool,
    /// Only tickets behind this one: its report's time and its id.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most this many.
    pub limit: i64,
}

/// Lists tickets, newest report first.
///
/// # Errors
/// What the database says.
pub async fn list_tickets(lanes: &Lanes, filter: &Filter) -> Result<Vec<Ticket>, StoreError> {
    let (after_time, after_id) = filter.after.unzip();
    let rows = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file!(
                "src/store/queries/list_tickets.sql",
                filter.scope.area_from(),
                filter.scope.area_until(),
                filter.scope.holder(),
                filter.within.area_from(),
                filter.within.area_until(),
                &filter.states,
                filter.unit_id,
                filter.only_unrouted,
                after_time,
                after_id,
                filter.limit,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| whole(row.ticket, row.orders))
        .collect())
}

/// Open tickets that no grid was found for, oldest first.
///
/// # Errors
/// What the database says.
pub async fn list_unrouted(
    lanes: &Lanes,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Ticket>, StoreError> {
    let rows = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query!(
                r#"select row_to_json(ticket) as "ticket!: Json<Ticket>",
           (select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id)
               as "orders: Json<Vec<Order>>"
           from ticket
           where not routed and ended_time is null and id > $1 order by id limit $2"#,
                after,
                limit
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| whole(row.ticket, row.orders))
        .collect())
}

/// Digests of those of some tickets that are there: none for one that was not
/// imported. With the code of the area, since an importer sees only its own.
///
/// # Errors
/// What the database says.
pub async fn load_digests(
    lanes: &Lanes,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Option<String>, i64)>, StoreError> {
    Ok(lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query!(
                "select id, import_digest, revision from ticket where id = any($1)",
                ids
            )
            .fetch_all(lane)
            .await
        })
        .await?
        .into_iter()
        .map(|row| (row.id, row.import_digest, row.revision))
        .collect())
}

/// A ticket's change with everything that is written beside it.
#[derive(Debug, Default)]
pub struct Change {
    /// The tickets as they are now.
    pub tickets: Vec<Ticket>,
    /// Lines of their histories.
    pub lines: Vec<HistoryLine>,
    /// Events.
    pub events: Vec<NewEvent>,
}

/// Inserts new tickets, and the request that made them.
///
/// # Errors
/// What the database says: a ticket or a request of the same id is there.
pub async fn insert_tickets(
    lanes: &Lanes,
    change: &Change,
    request: Option<&RequestKey>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let orders: Vec<&Order> = change
        .tickets
        .iter()
        .flat_map(|ticket| &ticket.orders)
        .collect();
    lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file!(
                "src/store/queries/insert_tickets.sql",
                json(&change.tickets),
                json(&orders),
                json(&change.lines),
                json(&event_rows(&change.events)),
                json(&request_rows(request, change.tickets.first(), now)),
            )
            .execute(lane)
            .await
        })
        .await?;
    Ok(())
}

/// Writes a ticket's change, if the ticket still has revision `before`; answers
/// whether it had.
///
/// # Errors
/// What the database says: the request was made before, for one.
pub async fn update_ticket(
    lanes: &Lanes,
    before: i64,
    ticket: &Ticket,
    lines: &[HistoryLine],
    events: &[NewEvent],
    request: Option<&RequestKey>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file_scalar!(
                "src/store/queries/update_ticket.sql",
                json(ticket),
                before,
                json(&ticket.orders),
                json(&lines),
                json(&event_rows(events)),
                json(&request_rows(request, Some(ticket), now)),
            )
            .fetch_one(lane)
            .await
        })
        .await
}

fn whole(ticket: Json<Ticket>, orders: Option<Json<Vec<Order>>>) -> Ticket {
    Ticket {
        orders: orders.map(|orders| orders.0).unwrap_or_default(),
        ..ticket.0
    }
}

fn json<T: Serialize + ?Sized>(rows: &T) -> String {
    // Rows are plain records, which always have a JSON form.
    serde_json::to_string(rows).unwrap_or_default()
}

/// A row of the table `request`.
#[derive(Serialize)]
struct RequestRow<'a> {
    caller: &'a str,
    request_id: Uuid,
    fingerprint: String,
    record_id: Uuid,
    revision: i64,
    recorded_time: DateTime<Utc>,
}

fn request_rows<'a>(
    request: Option<&'a RequestKey>,
    ticket: Option<&Ticket>,
    now: DateTime<Utc>,
) -> Vec<RequestRow<'a>> {
    let row = request.zip(ticket).map(|(key, ticket)| RequestRow {
        caller: &key.caller,
        request_id: key.request_id,
        fingerprint: hex(&key.fingerprint),
        record_id: ticket.id,
        revision: ticket.revision,
        recorded_time: now,
    });
    row.into_iter().collect()
}

/// A row of the table `outbox`.
#[derive(Serialize)]
struct EventRow<'a> {
    event_id: Uuid,
    record_id: Uuid,
    revision: i64,
    area_code: &'a str,
    occurred_time: DateTime<Utc>,
    recorded_time: DateTime<Utc>,
    imported: bool,
    traceparent: String,
    payload: String,
}

fn event_rows(events: &[NewEvent]) -> Vec<EventRow<'_>> {
    events
        .iter()
        .map(|event| EventRow {
            event_id: Uuid::now_v7(),
            record_id: event.record_id,
            revision: event.revision,
            area_code: &event.area_code,
            occurred_time: event.occurred_time,
            recorded_time: event.recorded_time,
            imported: event.imported,
            traceparent: wangge_telemetry::context::current_traceparent(),
            payload: hex(&event.encoded()),
        })
        .collect()
}

/// Bytes in the form in which PostgreSQL reads them from text.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 + bytes.len() * 2);
    text.push_str("\\x");
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
