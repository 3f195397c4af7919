//! Dispatches a ticket: issues orders to units.

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

/// Issues an order to the lead unit, or to the one in the duty list if none is named,
/// and to each assisting unit.
///
/// # Errors
/// Returns `REFERENCE_UNKNOWN` for an unknown unit, `GUARD_FAILED` (`unit_not_current`)
/// for a unit that doesn't exist today, and every refusal of [`act_on_ticket`].
pub(crate) async fn dispatch_ticket(
    app: &App,
    key: &RequestKey,
    scope: &RecordScope,
    target: &Target,
    lead: Option<Uuid>,
    assisting: &[Uuid],
) -> Result<Ticket, Refusal> {
    let today = day_of(app.clock.now(), DEFAULT_ZONE);
    // The snapshot is refreshed once on a miss: the feed may just have delivered a unit.
    let reference = app
        .reference
        .knowing(|reference| {
            known(reference, lead, assisting).is_ok()
                && current(reference, lead, assisting, today).is_ok()
        })
        .await?;
    known(&reference, lead, assisting)?;
    act_on_ticket(app, key, scope, target, |ticket| {
        // Not checked for an idempotent replay: a unit may have ended since, and the orders
        // of the first call stay valid.
        current(&reference, lead, assisting, today)?;
        // Looked up for each attempt: the router may have moved the ticket to another area.
        let duty = reference.responsible_unit(&ticket.category_code, &ticket.area_code, today);
        let units = lead.or(duty).into_iter().chain(assisting.iter().copied());
        let named_lead = lead.or(duty).is_some();
        let orders = units.map(|unit_id| NewOrder {
            id: Uuid::now_v7(),
            unit_id,
        });
        let limit = reference
            .category_limit(&ticket.category_code)
            .ok_or_else(|| Refusal::internal(&"the ticket's category is not there"))?;
        Ok(vec![Act::Dispatch {
            // Roles are positional: without a lead, the first assisting unit would become the
            // lead. An empty list is rejected by the domain (`no_responsible_unit`).
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

/// Checks that every unit is known.
fn known(reference: &Reference, lead: Option<Uuid>, assisting: &[Uuid]) -> Result<(), Refusal> {
    named(lead, assisting).try_for_each(|(field, unit)| reference.demand_unit(unit, &field))
}

/// Checks that every unit exists on a day.
fn current(
    reference: &Reference,
    lead: Option<Uuid>,
    assisting: &[Uuid],
    day: NaiveDate,
) -> Result<(), Refusal> {
    named(lead, assisting).try_for_each(|(field, unit)| reference.demand_current(unit, &field, day))
}

/// Returns the named units, each with its request field.
fn named(lead: Option<Uuid>, assisting: &[Uuid]) -> impl Iterator<Item = (String, Uuid)> {
    let lead = lead.map(|unit| ("lead_unit_id".to_owned(), unit));
    let assisting = assisting.iter().enumerate();
    let assisting =
        assisting.map(|(number, unit)| (format!("assisting_unit_ids[{number}]"), *unit));
    lead.into_iter().chain(assisting)
}
