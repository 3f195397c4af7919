//! Applies a verb to a ticket: the one command behind all verbs.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::NewEvent;
use wangge_pg::request::RequestKey;
use wangge_record::etag;

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

/// Maximum number of attempts, if the ticket changes between loading and saving.
const ATTEMPTS: u32 = 5;

/// The ticket that a command applies to, in the version that the caller read.
#[derive(Debug)]
pub(crate) struct Target {
    /// Id of the ticket.
    pub id: Uuid,
    /// Etag that the ticket must have; empty to skip the check.
    pub etag: String,
}

/// Applies the acts that `decide` returns, all of them or none, and returns the ticket
/// after the last one. If the ticket changed between loading and saving, it is
/// reloaded and `decide` is called again. A retried request has no further effect and
/// returns the ticket as it is now.
///
/// # Errors
/// Returns `RECORD_NOT_FOUND`, `ETAG_MISMATCH`, `STATE_CONFLICT`, `GUARD_FAILED`,
/// `CONCURRENT_CHANGE`, `REQUEST_ID_REUSED`, or an error of `decide`.
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
    // No transaction is open between loading and saving, so a cancelled handler can't
    // leave one behind. The guard on the revision detects concurrent changes instead.
    for _ in 0..ATTEMPTS {
        let asked = AskedForCommand {
            id: target.id,
            key: key.clone(),
            scope: scope.clone(),
        };
        let loaded = app.tickets.load_for_command(asked).await?;
        // Before the etag check: the first call has changed the etag, so its retry
        // would always fail. The ticket is missing if it left the caller's scope and
        // has changed since; the caller must not see the later changes.
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
                app.notifier.notify();
                return Ok(ticket);
            }
            // The revision is no longer `before`: another write won. The etag, if any,
            // is checked again in the next attempt.
            Ok(false) => {}
            // A concurrent retry of this request won. The next attempt finds its
            // request row and returns its result.
            Err(error) if error.constraint() == Some("request_pkey") => {}
            Err(error) => return Err(error.refuse(CONSTRAINTS)),
        }
    }
    Err(Refusal::concurrent_change("ticket"))
}

/// Applies acts in order and returns one history line and one event for each.
///
/// # Errors
/// Returns the refusal of the first act that is rejected; the ticket may then have the
/// changes of earlier acts and must be discarded.
pub(crate) fn apply(
    ticket: &mut Ticket,
    acts: &[Act],
    moment: &Moment,
) -> Result<(Vec<HistoryLine>, Vec<NewEvent>), Refusal> {
    let mut written = (Vec::new(), Vec::new());
    for act in acts {
        written.0.push(ticket.act(act, moment)?);
        let event = events::ticket_changed(ticket, act.action(), moment, moment.at);
        // Checked before anything is saved: an event too large to send would reach
        // readers of the feed as withheld.
        event.check()?;
        written.1.push(event);
    }
    Ok(written)
}

/// Returns the etag of a ticket. It covers the ticket's orders as well.
pub(crate) fn etag(ticket: &Ticket) -> String {
    etag::etag("ticket", ticket.revision, &(ticket, &ticket.orders))
}

pub(crate) fn not_found(id: Uuid) -> Refusal {
    Refusal::not_found("ticket", id.to_string())
}
