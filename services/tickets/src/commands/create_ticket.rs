//! Creates tickets from reports.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::{Refusal, Rule};
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

/// Creates a ticket from a report in the caller's area and returns it. A retried request
/// returns the ticket of the first call as it is now.
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
    // A failed check may be due to a stale snapshot (another replica created the
    // category), which `knowing` then refreshes. The check is repeated on the result to
    // get the refusal.
    let reference = app
        .reference
        .knowing(|reference| check_references(reference, &report, scope, today).is_ok())
        .await?;
    check_references(&reference, &report, scope, today)?;
    let place = reference.place(&report, scope.own_area().unwrap_or_default(), today);
    let (ticket, line) = Ticket::report(report, place, &moment)?;
    let event = events::ticket_changed(&ticket, TicketAction::Report, &moment, now);
    let write = TicketWrite::new(0, ticket.clone(), vec![line], &[event], Some(key), now);
    // Inserted without looking for an earlier call first: retries are rare, and this
    // saves every other report a statement.
    match app.tickets.insert(write).await {
        Ok(()) => {
            app.notifier.notify();
            Ok(ticket)
        }
        // A retry, a concurrent duplicate, or an id in use. The request row decides
        // which, since any of the keys may be violated first.
        Err(error) if error.constraint().is_some() => match repeated(app, key, scope).await? {
            Some(ticket) => Ok(ticket),
            None => Err(error.refuse(CONSTRAINTS)),
        },
        Err(error) => Err(error.refuse(CONSTRAINTS)),
    }
}

/// Returns the ticket that an earlier call with this request id created; `None` if there
/// was no earlier call.
///
/// # Errors
/// Returns `REQUEST_ID_REUSED`, or `RECORD_NOT_FOUND` if the ticket is outside the
/// caller's scope by now and has changed since.
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
    // A nil id finds the request alone. The ticket's id comes from its row: if the
    // caller supplied none, this call has generated another id than the first.
    let loaded = app.tickets.load_for_command(asked(Uuid::nil())).await?;
    let Some((fingerprint, record_id)) = loaded.request else {
        return Ok(None);
    };
    let id = key.same(&fingerprint, record_id)?;
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
            Rule::Required,
            "is required if the caller's token has no area",
        ));
    }
    // The caller's own area comes from its token, so it is accepted even before
    // organization's feed has delivered it.
    let own = report.area_code.is_empty();
    // One error for both, so that a caller can't find out which areas exist outside
    // its scope.
    if !scope.covers(area_code) || !(own || reference.knows_area(area_code)) {
        return Err(Refusal::unknown_reference("ticket.area_code", "area"));
    }
    reference.check_point(report, area_code, today)
}
