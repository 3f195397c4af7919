//! Dispatches tickets to units.

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::request::RequestKey;

use super::act_on_ticket::{Target, act_on_ticket};
use crate::{
    App,
    domain::{
        act::{Act, NewOrder},
        ticket::Ticket,
    },
    reference::Reference,
};

/// Issues an order to the lead unit and to each assisting unit, and returns the ticket.
/// If no lead unit is named, the duty list's unit is used.
///
/// # Errors
/// Returns `REFERENCE_UNKNOWN` for an unknown unit, `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`)
/// for one that doesn't exist today, or an error of [`act_on_ticket`].
pub(crate) async fn dispatch_ticket(
    app: &App,
    key: &RequestKey,
    scope: &RecordScope,
    target: &Target,
    lead: Option<Uuid>,
    assisting: &[Uuid],
) -> Result<Ticket, Refusal> {
    let today = day_of(app.clock.now(), DEFAULT_ZONE);
    // A failed check may be due to a stale snapshot, which `knowing` then refreshes.
    let reference = app
        .reference
        .knowing(|reference| {
            known(reference, lead, assisting).is_ok()
                && current(reference, lead, assisting, today).is_ok()
        })
        .await?;
    known(&reference, lead, assisting)?;
    act_on_ticket(app, key, scope, target, |ticket| {
        // In the closure, which isn't called for a retry: that must succeed even if a
        // unit has ended since its orders were issued.
        current(&reference, lead, assisting, today)?;
        let duty = reference.responsible_unit(&ticket.category_code, &ticket.area_code, today);
        let units = lead.or(duty).into_iter().chain(assisting.iter().copied());
        let named_lead = lead.or(duty).is_some();
        let orders = units.map(|unit_id| NewOrder {
            id: Uuid::now_v7(),
            unit_id,
        });
        let limit = reference
            .category_limit(&ticket.category_code)
            .ok_or_else(|| Refusal::internal(&"the ticket's category does not exist"))?;
        // Without a lead, the empty list makes the domain reject the dispatch. Otherwise
        // the first assisting unit would become the lead.
        Ok(vec![Act::Dispatch {
            orders: if named_lead {
                orders.collect()
            } else {
                Vec::new()
            },
            limit,
            limit_source: format!("category {}", ticket.category_code),
        }])
    })
    .await
}

/// Checks that every named unit is known; `REFERENCE_UNKNOWN` on its field if not.
fn known(reference: &Reference, lead: Option<Uuid>, assisting: &[Uuid]) -> Result<(), Refusal> {
    named(lead, assisting).try_for_each(|(field, unit)| reference.require_unit(unit, &field))
}

/// Checks that every named unit exists on `day`; `GUARD_FAILED` if not.
fn current(
    reference: &Reference,
    lead: Option<Uuid>,
    assisting: &[Uuid],
    day: NaiveDate,
) -> Result<(), Refusal> {
    named(lead, assisting)
        .try_for_each(|(field, unit)| reference.require_current(unit, &field, day))
}

/// Returns the units that the request names, each with its request field.
fn named(lead: Option<Uuid>, assisting: &[Uuid]) -> impl Iterator<Item = (String, Uuid)> {
    let lead = lead.map(|unit| ("lead_unit_id".to_owned(), unit));
    let assisting = assisting.iter().enumerate();
    let assisting =
        assisting.map(|(number, unit)| (format!("assisting_unit_ids[{number}]"), *unit));
    lead.into_iter().chain(assisting)
}
