//! Applies acts to a ticket; serves every verb.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::NewEvent;
use wangge_pg::request::RequestKey;
use wangge_records::etag;

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

/// Attempts before a write that keeps losing to concurrent writes is refused.
const ATTEMPTS: u32 = 5;

/// The ticket that a request addresses, and the version that its caller has read.
#[derive(Debug)]
pub(crate) struct Target {
    /// Id of the addressed ticket.
    pub id: Uuid,
    /// Etag that the caller has read; empty to skip the version check.
    pub etag: String,
}

/// Applies the acts that `decide` returns, all or none, and returns the updated
/// ticket. Loads and decides again if the ticket has changed between loading and
/// saving.
///
/// # Errors
/// Returns `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `STATE_CONFLICT`, `GUARD_FAILED`,
/// `CONCURRENT_CHANGE`, `REQUEST_ID_REUSED`, or the refusal of `decide`.
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
        // Before the etag check: a retry still carries the etag that its first attempt has
        // made stale.
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
        // Inside the loop: guards must hold on the version that is written.
        let acts = decide(&ticket)?;
        let (lines, events) = apply(&mut ticket, &acts, &moment)?;
        let write = TicketWrite::new(before, ticket.clone(), lines, &events, Some(key), now);
        // Optimistic locking without a transaction: a cancelled handler can't leave one open.
        // The statement writes nothing if the revision is no longer `before`.
        match app.tickets.update(write).await {
            Ok(true) => {
                app.hint.committed();
                return Ok(ticket);
            }
            Ok(false) => {}
            // A concurrent duplicate has committed first; the next attempt finds its request row.
            Err(error) if error.constraint() == Some("request_pkey") => {}
            Err(error) => return Err(error.refuse(CONSTRAINTS)),
        }
    }
    Err(Refusal::concurrent_change("ticket"))
}

/// Applies acts in order, with a history line and an event for each.
pub(crate) fn apply(
    ticket: &mut Ticket,
    acts: &[Act],
    moment: &Moment,
) -> Result<(Vec<HistoryLine>, Vec<NewEvent>), Refusal> {
    let mut written = (Vec::new(), Vec::new());
    for act in acts {
        // One revision per act: history and events are keyed by ticket and revision.
        written.0.push(ticket.act(act, moment)?);
        let event = events::ticket_changed(ticket, act.action(), moment, moment.at);
        event.check()?;
        written.1.push(event);
    }
    Ok(written)
}

/// Returns the etag of a ticket.
pub(crate) fn etag(ticket: &Ticket) -> String {
    // `Ticket` serializes without its orders, so they are added: an etag must change
    // with them too.
    etag::etag("ticket", ticket.revision, &(ticket, &ticket.orders))
}

pub(crate) fn not_found(id: Uuid) -> Refusal {
    Refusal::not_found("ticket", id.to_string())
}
