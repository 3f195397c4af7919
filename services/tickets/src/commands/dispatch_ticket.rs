//! Orders a ticket to units.

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
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

/// Issues an order to the lead unit (the duty list's, if none is named) and to
/// each assisting unit.
///
/// # Errors
/// `REFERENCE_UNKNOWN` for a unit, and what every verb can answer.
pub(crate) async fn dispatch_ticket(
    app: &App,
    key: &RequestKey,
    scope: &RecordScope,
    target: &Target,
    lead: Option<Uuid>,
    assisting: &[Uuid],
) -> Result<Ticket, Refusal> {
    let reference = app
        .reference
        .knowing(|reference| check_units(reference, lead, assisting).is_ok())
        .await?;
    check_units(&reference, lead, assisting)?;
    act_on_ticket(app, key, scope, target, |ticket| {
        let duty = reference.responsible_unit(&ticket.category_code, &ticket.area_code);
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

fn check_units(
    reference: &Reference,
    lead: Option<Uuid>,
    assisting: &[Uuid],
) -> Result<(), Refusal> {
    if lead.is_some_and(|unit| !reference.knows_unit(unit)) {
        return Err(Refusal::unknown_reference("lead_unit_id", "unit"));
    }
    match assisting
        .iter()
        .position(|unit| !reference.knows_unit(*unit))
    {
        Some(number) => {
            let field = format!("assisting_unit_ids[{number}]");
            Err(Refusal::unknown_reference(&field, "unit"))
        }
        None => Ok(()),
    }
}
