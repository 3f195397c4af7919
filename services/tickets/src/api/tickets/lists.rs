//! The lists of `TicketService`: tickets, and the history of one. A page is limited in
//! rows and in bytes.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::{refusal::Refusal, tickets::v1 as wire};
use wangge_auth::RecordScope;
use wangge_kernel::page;

use crate::{
    App,
    api::{id, messages, optional_id},
    commands::act_on_ticket::not_found,
    store::{
        history::list_history,
        listing::{Filter, list_tickets},
    },
};

pub(super) async fn list(
    app: &App,
    message: &wire::ListTicketsRequest,
    scope: RecordScope,
) -> Result<wire::ListTicketsResponse, Refusal> {
    let states: Vec<i16> = message
        .states
        .iter()
        .filter_map(|state| i16::try_from(*state).ok())
        .collect();
    let states_text = format!("{states:?}");
    let unrouted = message.only_unrouted.to_string();
    // Everything that selects rows: a token is valid only with the same filters.
    let arguments = [
        "tickets",
        &message.within_code,
        &states_text,
        &message.unit_id,
        &unrouted,
    ];
    let after: Option<(DateTime<Utc>, Uuid)> = page::decode(&message.page_token, &arguments)?;
    let size = page::size(message.page_size);
    let filter = Filter {
        within: message.within_code.clone(),
        scope,
        states,
        unit_id: optional_id(&message.unit_id, "unit_id")?,
        only_unrouted: message.only_unrouted,
        after,
        // One row more than the page: it shows whether another page follows.
        limit: size + 1,
    };
    let tickets = list_tickets(&app.database.list_lanes, &filter).await?;
    let now = app.clock.now();
    let mut listed: Vec<_> = tickets
        .iter()
        .map(|ticket| messages::ticket(ticket, now))
        .collect();
    // Limited in bytes as well: a page of large tickets would exceed the size that gRPC
    // clients accept.
    let kept = page::fitting(size, listed.iter().map(prost::Message::encoded_len));
    let more = listed.len() > kept;
    listed.truncate(kept);
    let last = tickets.get(kept.saturating_sub(1)).filter(|_| more);
    Ok(wire::ListTicketsResponse {
        next_page_token: last
            .map(|last| page::encode(&(last.reported_time, last.id), &arguments))
            .unwrap_or_default(),
        tickets: listed,
    })
}

pub(super) async fn history(
    app: &App,
    message: &wire::ListTicketHistoryRequest,
    scope: &RecordScope,
) -> Result<wire::ListTicketHistoryResponse, Refusal> {
    let id = id(&message.ticket_id, "ticket_id")?;
    let arguments = ["ticket history", &message.ticket_id];
    let after: i64 = page::decode(&message.page_token, &arguments)?.unwrap_or_default();
    let size = page::size(message.page_size);
    // `None` if the ticket isn't in scope; an empty page is a valid history page.
    let lines = list_history(&app.database.lanes, id, scope, after, size + 1)
        .await?
        .ok_or_else(|| not_found(id))?;
    let mut entries: Vec<_> = lines.iter().map(messages::history_entry).collect();
    let kept = page::fitting(size, entries.iter().map(prost::Message::encoded_len));
    let more = entries.len() > kept;
    entries.truncate(kept);
    let last = lines.get(kept.saturating_sub(1)).filter(|_| more);
    Ok(wire::ListTicketHistoryResponse {
        next_page_token: last
            .map(|last| page::encode(&last.revision, &arguments))
            .unwrap_or_default(),
        entries,
    })
}
