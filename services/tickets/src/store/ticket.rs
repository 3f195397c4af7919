//! Reads of tickets with their orders.

use sqlx::types::Json;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx, request::RequestKey};
use wangge_resource::Found;

use crate::domain::{order::Order, ticket::Ticket};

/// A ticket that is asked for, and by whom.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its id.
    pub id: Uuid,
    /// Which tickets are there for the caller.
    pub scope: RecordScope,
}

/// Loads tickets to be read; none for one that is not there for its caller.
///
/// # Errors
/// What the database says.
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
        if let Some(slot) = tickets.get_mut(place) {
            *slot = Some(whole(row.ticket, row.orders));
        }
    }
    Ok(tickets)
}

/// A command that asks for what it needs to decide.
#[derive(Debug, Clone)]
pub struct AskedForCommand {
    /// Id of the ticket.
    pub id: Uuid,
    /// The request.
    pub key: RequestKey,
    /// Which tickets are there for the caller.
    pub scope: RecordScope,
}

/// What a command needs to decide.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The ticket, if it is there for the caller.
    pub ticket: Option<Ticket>,
    /// Fingerprint and record of the request, if it was made before.
    pub request: Option<(Vec<u8>, Uuid)>,
}

/// Loads tickets to be acted on.
///
/// # Errors
/// What the database says.
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
    Ok(rows
        .into_iter()
        .map(|row| Loaded {
            ticket: row.ticket.map(|ticket| whole(ticket, row.orders)),
            request: row.fingerprint.zip(row.record_id),
        })
        .collect())
}

/// Open tickets that no grid was found for, by id. Each is read for itself, so that
/// one that can't be read (`None`) keeps no other from being routed.
///
/// # Errors
/// What the database says.
pub async fn list_unrouted(
    lanes: &Lanes,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(Uuid, Option<Ticket>)>, StoreError> {
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

/// A ticket that is there: its id, the digest of its row if it was imported,
/// and its revision.
pub type Digest = (Uuid, Option<String>, i64);

/// Those of some tickets that are there.
///
/// # Errors
/// What the database says.
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

/// Which of these orders there are, wherever their tickets lie.
///
/// # Errors
/// What the database says.
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

/// Scopes as columns.
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

/// A ticket with its orders.
pub(super) fn whole(ticket: Json<Ticket>, orders: Option<Json<Vec<Order>>>) -> Ticket {
    Ticket {
        orders: orders.map(|orders| orders.0).unwrap_or_default(),
        ..ticket.0
    }
}

/// Tickets by id, those that lie within a scope.
///
/// # Errors
/// What the database says.
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
