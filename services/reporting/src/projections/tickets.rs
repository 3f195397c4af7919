//! Projection of the tickets service's feed: dispatch orders with the area of their ticket,
//! and plain records.

use futures::{FutureExt as _, future::BoxFuture};
use wangge_api::{
    date,
    events::v1::{Event, OrderSnapshot, TicketChanged, event::Payload},
    refusal::{Refusal, Rule},
    tickets::v1::TicketAction,
};
use wangge_outbox::Projector;
use wangge_pg::{Tx, transaction::Failure};

use super::{id, is_news, records};
use crate::store::{
    facts::{Fact, upsert_fact},
    tickets::{TicketOrder, upsert_order},
};

/// Applies the events of the tickets service.
#[derive(Debug)]
pub(crate) struct TicketsProjector;

impl Projector for TicketsProjector {
    fn apply<'t>(&'t self, tx: &'t mut Tx, event: &'t Event) -> BoxFuture<'t, Result<(), Failure>> {
        apply(tx, event).boxed()
    }
}

async fn apply(tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    // Checked first, in the same transaction: a feed that is read again repeats its events, and
    // an older revision must not overwrite a newer one.
    if !is_news(tx, event).await? {
        return Ok(());
    }
    match &event.payload {
        Some(Payload::TicketChanged(ticket)) => {
            // All orders, not only the changed one: a ticket that moves to another area takes its
            // orders along.
            for order in &ticket.orders {
                upsert_order(tx, &projected(ticket, order)?).await?;
            }
            if ticket.action() == TicketAction::FixOnTheSpot {
                upsert_fact(tx, &fixed_on_the_spot(ticket, event)?).await?;
            }
        }
        Some(Payload::RecordChanged(record)) => {
            records::apply(tx, "tickets", event, record).await?;
        }
        // Events that no figure needs are ignored, as are those of newer releases.
        _ => {}
    }
    Ok(())
}

/// Returns the fact of a ticket that was closed on the spot. It is final: no action can follow.
fn fixed_on_the_spot(ticket: &TicketChanged, event: &Event) -> Result<Fact, Refusal> {
    let time = |time: Option<&prost_types::Timestamp>, field: &str| {
        let required = || Refusal::field(field, Rule::Required, "is required");
        date::moment(time.ok_or_else(required)?, field)
    };
    let fixed_time = time(event.occurred_time.as_ref(), "occurred_time")?;
    Ok(Fact {
        record_id: id(&ticket.ticket_id)?,
        service: "tickets",
        kind: "ticket".to_owned(),
        area_code: ticket.area_code.clone(),
        parent_id: None,
        subject_id: None,
        code: "fix_on_the_spot".to_owned(),
        amount: 1,
        start_date: None,
        end_date: None,
        created_time: time(ticket.reported_time.as_ref(), "reported_time")?,
        changed_time: fixed_time,
        states: vec!["closed".to_owned()],
        reached_times: vec![fixed_time],
        due_time: None,
        title: String::new(),
    })
}

fn projected(ticket: &TicketChanged, order: &OrderSnapshot) -> Result<TicketOrder, Refusal> {
    let issued = order.issued_time.as_ref();
    let issued =
        issued.ok_or_else(|| Refusal::field("issued_time", Rule::Required, "is required"))?;
    let accepted = order.accepted_time.as_ref();
    Ok(TicketOrder {
        id: id(&order.order_id)?,
        ticket_id: id(&ticket.ticket_id)?,
        unit_id: id(&order.unit_id)?,
        area_code: ticket.area_code.clone(),
        issued_time: date::moment(issued, "issued_time")?,
        accepted_time: accepted
            .map(|time| date::moment(time, "accepted_time"))
            .transpose()?,
    })
}
