//! Reads tickets with their orders.

use sqlx::types::Json;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx, request::RequestKey};
use wangge_records::Found;

use crate::domain::{order::Order, ticket::Ticket};

/// A requested ticket, with the scope of its caller.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Id of the ticket.
    pub id: Uuid,
    /// Scope that the caller can read.
    pub scope: RecordScope,
}

/// Loads tickets for reading; none for a ticket that its caller can't see.
///
/// # Errors
/// Returns an error if the statement fails.
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
        let place = usize::try_from(row.place - 1).unwrap_or(usize::MAX);
        // Rows may come in any order and lack tickets that aren't visible; `place` is the
        // position in `asked`, counted from 1.
        if let Some(slot) = tickets.get_mut(place) {
            *slot = Some(whole(row.ticket, row.orders));
        }
    }
    Ok(tickets)
}

/// A command's request for the data that it decides on.
#[derive(Debug, Clone)]
pub struct AskedForCommand {
    /// Id of the ticket.
    pub id: Uuid,
    /// The command's idempotency key.
    pub key: RequestKey,
    /// Scope that the caller can read.
    pub scope: RecordScope,
}

/// Data that a command decides on.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The ticket, if the caller can see it.
    pub ticket: Option<Ticket>,
    /// Fingerprint and record id of the request, if it was made before.
    pub request: Option<(Vec<u8>, Uuid)>,
}

/// Loads the data that commands decide on, one result per command.
///
/// # Errors
/// Returns an error if the statement fails.
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
    // The statement returns one row per command, in order, also for those without a ticket.
    Ok(rows
        .into_iter()
        .map(|row| Loaded {
            ticket: row.ticket.map(|ticket| whole(ticket, row.orders)),
            request: row.fingerprint.zip(row.record_id),
        })
        .collect())
}

/// Lists open tickets that are not in a grid, by id, starting after `after`. A ticket that
/// can't be read is `None`, so that it doesn't block the others.
///
/// # Errors
/// Returns an error if the statement fails.
pub async fn list_unrouted(
    lanes: &Lanes,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, Option<Ticket>)>, StoreError> {
    // Selected as text and parsed row by row: an error while the driver decodes a row
    // would fail the whole page.
    let rows = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query!(
                r#"select id, row_to_json(ticket)::text as "ticket!",
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
        .map(|row| (row.id, read(&row.ticket, row.orders.as_deref()).ok()))
        .collect())
}

fn read(ticket: &str, orders: Option<&str>) -> serde_json::Result<Ticket> {
    let orders = orders.map(serde_json::from_str).transpose()?;
    Ok(whole(serde_json::from_str(ticket)?, orders))
}

/// An existing ticket: its id, the digest of its row if it was imported, and its revision.
pub type Digest = (Uuid, Option<String>, i64);

/// Returns those of the tickets that exist.
///
/// # Errors
/// Returns an error if the statement fails.
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

/// Returns those of the orders that exist, in any area.
///
/// # Errors
/// Returns an error if the statement fails.
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

/// Bounds of scopes as parameter arrays.
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
    for scope in scopes {
        bounds.from.push(scope.area_from());
        bounds.until.push(scope.area_until());
        bounds.holders.push(scope.holder());
    }
    bounds
}

/// Combines a ticket and its orders.
pub(super) fn whole(ticket: Json<Ticket>, orders: Option<Json<Vec<Order>>>) -> Ticket {
    Ticket {
        orders: orders.map(|orders| orders.0).unwrap_or_default(),
        ..ticket.0
    }
}

/// Returns tickets by id, if within a scope.
///
/// # Errors
/// Returns an error if the statement fails.
pub async fn find_tickets(
    tx: &mut Tx,
    scope: &RecordScope,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, Found)>, StoreError> {
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
        .map(|row| (row.id, Found::plain(row.area_code)));
    Ok(found.collect())
}
