//! Does something to a ticket, whichever verb it is.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::NewEvent;
use wangge_pg::request::RequestKey;
use wangge_resource::etag;

use crate::{
    App,
    domain::{
        act::Act,
        report::Moment,
        ticket::{HistoryLine, Ticket},
    },
    error::CONSTRAINTS,
    events,
    store::{ticket::AskedForCommand, ticket_write::TicketWrite},
};

/// How often a decision is taken anew because the ticket changed meanwhile.
const ATTEMPTS: u32 = 5;

/// Which ticket, as the caller read it.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its id.
    pub id: Uuid,
    /// The etag that was read; empty to act whatever has changed.
    pub etag: String,
}

/// Does the acts that `decide` names, all of them or none, and answers the
/// ticket as it stands afterwards. Decides anew when the ticket changed
/// between loading and saving.
///
/// # Errors
/// `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `STATE_CONFLICT`, `GUARD_FAILED`,
/// `CONCURRENT_CHANGE`, `REQUEST_ID_REUSED`, and what `decide` refuses.
pub(crate) async fn act_on_ticket<F>(
    app: &App,
    key: &RequestKey,
    scope: &RecordScope,
    target: &Target,
    decide: F,
) -> Result<Ticket, Refusal>
where
    F: Fn(&Ticket) -> Result<Vec<Act>, Refusal>,
{
    for _ in 0..ATTEMPTS {
        let asked = AskedForCommand {
            id: target.id,
            key: key.clone(),
            scope: scope.clone(),
        };
        let loaded = app.tickets.load_for_command(asked).await?;
        if let Some((fingerprint, record_id)) = loaded.request {
            key.same(&fingerprint, record_id)?;
            return loaded.ticket.ok_or_else(|| not_found(target.id));
        }
        let mut ticket = loaded.ticket.ok_or_else(|| not_found(target.id))?;
        if !target.etag.is_empty() && target.etag != etag(&ticket) {
            return Err(Refusal::etag_mismatch("ticket"));
        }
        let before = ticket.revision;
        let now = app.clock.now();
        let moment = Moment {
            at: now,
            actor: key.subject().to_owned(),
            imported: false,
        };
        let acts = decide(&ticket)?;
        let (lines, events) = apply(&mut ticket, &acts, &moment)?;
        let write = TicketWrite::new(before, ticket.clone(), lines, &events, Some(key), now);
        match app.tickets.update(write).await {
            Ok(true) => {
                app.hint.committed();
                return Ok(ticket);
            }
            Ok(false) => {}
            // The same call is being made on another connection.
            Err(error) if error.constraint() == Some("request_pkey") => {}
            Err(error) => return Err(error.refuse(CONSTRAINTS)),
        }
    }
    Err(Refusal::concurrent_change("ticket"))
}

/// Does acts one after another, with a line of history and an event for each.
pub(crate) fn apply(
    ticket: &mut Ticket,
    acts: &[Act],
    moment: &Moment,
) -> Result<(Vec<HistoryLine>, Vec<NewEvent>), Refusal> {
    let mut written = (Vec::new(), Vec::new());
    for act in acts {
        written.0.push(ticket.act(act, moment)?);
        let event = events::ticket_changed(ticket, act.action(), moment, moment.at);
        event.check()?;
        written.1.push(event);
    }
    Ok(written)
}

/// The version tag of a ticket.
pub(crate) fn etag(ticket: &Ticket) -> String {
    etag::etag("ticket", ticket.revision, &(ticket, &ticket.orders))
}

pub(crate) fn not_found(id: Uuid) -> Refusal {
    Refusal::not_found("ticket", id.to_string())
}
