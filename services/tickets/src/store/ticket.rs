//! Loads tickets with their orders.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx, request::RequestKey};
use wangge_record::ResolvedReference;

use crate::domain::{order::Order, ticket::Ticket};

/// A ticket to load, with the scope of its caller.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Id of the ticket.
    pub id: Uuid,
    /// The tickets that the caller can access.
    pub scope: RecordScope,
}

/// Loads tickets for reading, in one statement; `None` for each ticket that is outside
/// its caller's scope.
///
/// # Errors
/// Returns any database error.
pub async fn load_tickets(
    lanes: &Lanes,
    asked: &[Asked],
) -> Result<Vec<Option<Ticket>>, StoreError> {
    let ids: Vec<Uuid> = asked.iter().map(|asked| asked.id).collect();
    let Bounds {
        from,
        until,
        holders,
    } = bounds(asked.iter().map(|asked| &asked.scope));
    let rows = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file!(
                "src/store/queries/load_tickets.sql",
                &ids,
                &from,
                &until,
                &holders as &[Option<Uuid>],
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    let mut tickets: Vec<Option<Ticket>> = asked.iter().map(|_| None).collect();
    for row in rows {
        // The join drops tickets outside the scope, so rows are matched by their
        // ordinal, which starts at 1.
        let place = usize::try_from(row.place - 1).unwrap_or(usize::MAX);
        if let Some(slot) = tickets.get_mut(place) {
            *slot = Some(whole(row.ticket, row.changed_time, row.orders));
        }
    }
    Ok(tickets)
}

/// A ticket to load for a command, with the request that executes it.
#[derive(Debug, Clone)]
pub struct AskedForCommand {
    /// Id of the ticket.
    pub id: Uuid,
    /// Key by which a retried request is recognised.
    pub key: RequestKey,
    /// The tickets that the caller can access.
    pub scope: RecordScope,
}

/// The data that a command bases its decision on.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The ticket; `None` if the caller can't access it. An idempotent replay also
    /// returns a ticket that has left the scope, if it is unchanged since the request.
    pub ticket: Option<Ticket>,
    /// Fingerprint and record id of the request, if it was executed before.
    pub request: Option<(Vec<u8>, Uuid)>,
}

/// Loads tickets to be changed, in one statement: one result for each of `asked`, in
/// the same order.
///
/// # Errors
/// Returns any database error.
pub async fn load_for_command(
    lanes: &Lanes,
    asked: &[AskedForCommand],
) -> Result<Vec<Loaded>, StoreError> {
    let ids: Vec<Uuid> = asked.iter().map(|asked| asked.id).collect();
    let callers: Vec<String> = asked.iter().map(|asked| asked.key.caller.clone()).collect();
    let requests: Vec<Uuid> = asked.iter().map(|asked| asked.key.request_id).collect();
    let Bounds {
        from,
        until,
        holders,
    } = bounds(asked.iter().map(|asked| &asked.scope));
    let rows = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_file!(
                "src/store/queries/load_for_command.sql",
                &ids,
                &callers,
                &requests,
                &from,
                &until,
                &holders as &[Option<Uuid>],
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    // The statement uses left joins, so every element has exactly one row.
    Ok(rows
        .into_iter()
        .map(|row| Loaded {
            ticket: row
                .ticket
                .zip(row.changed_time)
                .map(|(ticket, changed_time)| whole(ticket, changed_time, row.orders)),
            request: row.fingerprint.zip(row.record_id),
        })
        .collect())
}

/// Lists open tickets that are not in a grid, by id. Each ticket is deserialised
/// separately: an unreadable one becomes `None` and doesn't block the others.
///
/// # Errors
/// Returns any database error.
pub async fn list_unrouted(
    lanes: &Lanes,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, Option<Ticket>)>, StoreError> {
    let rows = lanes
        .take()
        .await?
        .run(async |lane| {
            // Selected as text: with a typed column, one unreadable row would fail the
            // whole statement.
            sqlx::query!(
                r#"select id, row_to_json(ticket)::text as "ticket!",
                   coalesce((select line.action_time from ticket_history line
                       where line.ticket_id = ticket.id and line.revision = ticket.revision),
                       ticket.reported_time) as "changed_time!",
                   (select json_agg(o order by o.place) from ticket_order o
                       where o.ticket_id = ticket.id)::text as orders
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
        .map(|row| {
            let ticket = read(&row.ticket, row.changed_time, row.orders.as_deref());
            (row.id, ticket.ok())
        })
        .collect())
}

fn read(
    ticket: &str,
    changed_time: DateTime<Utc>,
    orders: Option<&str>,
) -> serde_json::Result<Ticket> {
    let orders = orders.map(serde_json::from_str).transpose()?;
    Ok(whole(serde_json::from_str(ticket)?, changed_time, orders))
}

/// An existing ticket: its id, the digest of its row if it was imported, and its
/// revision.
pub type Digest = (Uuid, Option<String>, i64);

/// Returns those of some tickets that exist.
///
/// # Errors
/// Returns any database error.
pub async fn load_digests(lanes: &Lanes, ids: &[Uuid]) -> Result<Vec<Digest>, StoreError> {
    let rows = lanes
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
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.import_digest, row.revision))
        .collect())
}

/// Returns those of some orders that exist, in any area: order ids are unique across
/// the platform.
///
/// # Errors
/// Returns any database error.
pub async fn find_orders(lanes: &Lanes, ids: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_scalar!("select id from ticket_order where id = any($1)", ids)
                .fetch_all(lane)
                .await
        })
        .await
}

/// Scopes as arrays, one element per caller.
struct Bounds {
    from: Vec<String>,
    until: Vec<String>,
    holders: Vec<Option<Uuid>>,
}

fn bounds<'s>(scopes: impl Iterator<Item = &'s RecordScope>) -> Bounds {
    let mut bounds = Bounds {
        from: Vec::new(),
        until: Vec::new(),
        holders: Vec::new(),
    };
    // Callers of one statement have different scopes, so these are parameters and
    // not part of the SQL.
    for scope in scopes {
        bounds.from.push(scope.area_from());
        bounds.until.push(scope.area_until());
        bounds.holders.push(scope.holder());
    }
    bounds
}

/// Combines a ticket with the time of its last change and its orders.
pub(super) fn whole(
    ticket: Json<Ticket>,
    changed_time: DateTime<Utc>,
    orders: Option<Json<Vec<Order>>>,
) -> Ticket {
    Ticket {
        changed_time,
        // `json_agg` of no rows is null, not an empty array.
        orders: orders.map(|orders| orders.0).unwrap_or_default(),
        ..ticket.0
    }
}

/// Finds tickets by id within a scope.
///
/// # Errors
/// Returns any database error.
pub async fn find_tickets(
    tx: &mut Tx,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
    let found = sqlx::query!(
        "select id, area_code from ticket where id = any($1) and area_code >= $2 and area_code < $3",
        ids,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_all(tx)
    .await?;
    let found = found
        .into_iter()
        .map(|row| (row.id, ResolvedReference::plain(row.area_code)));
    Ok(found.collect())
}
