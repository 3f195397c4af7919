//! Reads the append-only history, which is written together with its ticket.

use sqlx::types::Json;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError};

use crate::domain::ticket::HistoryLine;

/// Lists lines of a ticket's history after a revision, oldest first; none if the caller
/// can't see the ticket.
///
/// # Errors
/// Returns an error if the statement fails.
pub async fn list_history(
    lanes: &Lanes,
    ticket_id: Uuid,
    scope: &RecordScope,
    after: i64,
    limit: i64,
) -> Result<Option<Vec<HistoryLine>>, StoreError> {
    let rows = lanes
        .take()
        .await?
        .run(async |lane| {
            sqlx::query_scalar!(
                r#"select row_to_json(line) as "line: Json<HistoryLine>"
           from ticket
           left join lateral (
               select ticket_id, revision, action, from_state, to_state, action_time, actor,
                   order_id, reason
               from ticket_history
               where ticket_id = ticket.id and revision > $5 order by revision limit $6
           ) line on true
           where ticket.id = $1 and ((ticket.area_code >= $2 and ticket.area_code < $3) or exists (
               select from ticket_order o
               where o.ticket_id = ticket.id and o.unit_id = $4 and o.state <= 5))
           order by line.revision"#,
                ticket_id,
                scope.area_from(),
                scope.area_until(),
                scope.holder(),
                after,
                limit,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    // The left join yields one row for a visible ticket without further lines: no rows
    // means that there is no such ticket for the caller.
    if rows.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        rows.into_iter().flatten().map(|line| line.0).collect(),
    ))
}
