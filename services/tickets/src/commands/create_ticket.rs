//! Creates a ticket from a report.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::request::RequestKey;

use super::act_on_ticket::not_found;
use crate::{
    App,
    domain::{
        report::{Moment, Report},
        ticket::Ticket,
        ticket_state::TicketAction,
    },
    error::CONSTRAINTS,
    events,
    reference::Reference,
    store::{ticket::AskedForCommand, ticket_write::TicketWrite},
};

/// Creates a ticket from a report within the caller's area and returns it.
///
/// # Errors
/// Returns `FIELD_INVALID`, `REFERENCE_UNKNOWN`, `RECORD_EXISTS` or `REQUEST_ID_REUSED`.
pub(crate) async fn create_ticket(
    app: &App,
    key: &RequestKey,
    scope: &RecordScope,
    report: Report,
) -> Result<Ticket, Refusal> {
    let now = app.clock.now();
    let moment = Moment {
        at: now,
        actor: key.subject().to_owned(),
        imported: false,
    };
    report.check()?;
    let today = day_of(now, DEFAULT_ZONE);
    // Another replica may just have stored the category, or the feed the area: a miss
    // refreshes the snapshot once before the report is rejected.
    let reference = app
        .reference
        .knowing(|reference| check_references(reference, &report, scope, today).is_ok())
        .await?;
    check_references(&reference, &report, scope, today)?;
    let place = reference.place(&report, scope.own_area().unwrap_or_default(), today);
    let (ticket, line) = Ticket::report(report, place, &moment)?;
    let event = events::ticket_changed(&ticket, TicketAction::Report, &moment, now);
    let write = TicketWrite::new(0, ticket.clone(), vec![line], &[event], Some(key), now);
    // The request isn't looked up beforehand, which saves a round trip: the unique keys
    // that the statement writes detect duplicates.
    match app.tickets.insert(write).await {
        Ok(()) => {
            app.hint.committed();
            Ok(ticket)
        }
        // A retry, a concurrent duplicate, or an id that another ticket has: the request row
        // distinguishes them.
        Err(error) if error.constraint().is_some() => match repeated(app, key, scope).await? {
            Some(ticket) => Ok(ticket),
            None => Err(error.refuse(CONSTRAINTS)),
        },
        Err(error) => Err(error.refuse(CONSTRAINTS)),
    }
}

/// Returns the ticket that an earlier call with the same request id has created.
///
/// # Errors
/// Returns `REQUEST_ID_REUSED`; `RECORD_NOT_FOUND` if the ticket is no longer in the
/// caller's scope and has changed since.
async fn repeated(
    app: &App,
    key: &RequestKey,
    scope: &RecordScope,
) -> Result<Option<Ticket>, Refusal> {
    let asked = |id| AskedForCommand {
        id,
        key: key.clone(),
        scope: scope.clone(),
    };
    // The ticket's id isn't known yet. The nil id matches no ticket, so this looks up the
    // request alone.
    let loaded = app.tickets.load_for_command(asked(Uuid::nil())).await?;
    let Some((fingerprint, record_id)) = loaded.request else {
        return Ok(None);
    };
    let id = key.same(&fingerprint, record_id)?;
    // Scoped again: a ticket that was routed out of the caller's area and has changed
    // since must not be disclosed by a retry.
    let ticket = app.tickets.load_for_command(asked(id)).await?.ticket;
    ticket.map(Some).ok_or_else(|| not_found(id))
}

fn check_references(
    reference: &Reference,
    report: &Report,
    scope: &RecordScope,
    today: NaiveDate,
) -> Result<(), Refusal> {
    if reference.category_limit(&report.category_code).is_none() {
        return Err(Refusal::unknown_reference(
            "ticket.category_code",
            "category",
        ));
    }
    let area_code = if report.area_code.is_empty() {
        scope.own_area().unwrap_or_default()
    } else {
        &report.area_code
    };
    if area_code.is_empty() {
        return Err(Refusal::field(
            "ticket.area_code",
            "required",
            "is required of a caller without an area of its own",
        ));
    }
    // The caller's own area comes from the token and is trusted even before the feed
    // has delivered it.
    let own = report.area_code.is_empty();
    // An area outside the scope gets the same refusal as an unknown one, so a caller
    // can't probe for codes.
    if !scope.covers(area_code) || !(own || reference.knows_area(area_code)) {
        return Err(Refusal::unknown_reference("ticket.area_code", "area"));
    }
    reference.check_point(report, area_code, today)
}
