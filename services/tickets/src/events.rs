//! Builds events from domain records. They contain ids, codes, times and states, but
//! no personal data and no free text.

use chrono::{DateTime, Utc};
use wangge_api::{
    date::timestamp,
    events::v1::{
        CategoryChanged, OrderSnapshot, ResponsibilityChanged, TicketChanged, event::Payload,
    },
    tickets::v1 as wire,
};
use wangge_outbox::NewEvent;

use crate::{
    domain::{
        category::{Category, Limit, Responsibility},
        clock::ClockKind,
        order::Order,
        report::Moment,
        ticket::Ticket,
        ticket_state::TicketAction,
    },
    import::Plain,
};

/// Returns the kinds of records that have events.
pub(crate) fn kinds() -> impl Iterator<Item = &'static str> {
    let plain = Plain::KINDS.iter().copied();
    plain.chain(["category", "responsibility", "ticket"])
}

/// Builds the event of a ticket that an act has changed.
pub(crate) fn ticket_changed(
    ticket: &Ticket,
    action: TicketAction,
    moment: &Moment,
    now: DateTime<Utc>,
) -> NewEvent {
    // A snapshot of the whole ticket, not a delta: a reader whose scope the ticket
    // enters later (it was routed to their grid) has not received the earlier events.
    let handling = ticket.clock(ClockKind::Handling);
    NewEvent {
        record_id: ticket.id,
        revision: ticket.revision,
        area_code: ticket.area_code.clone(),
        occurred_time: moment.at,
        recorded_time: now,
        imported: moment.imported,
        payload: Payload::TicketChanged(TicketChanged {
            ticket_id: ticket.id.to_string(),
            action: action.code().into(),
            state: ticket.state.code().into(),
            source: ticket.source.code().into(),
            category_code: ticket.category_code.clone(),
            area_code: ticket.area_code.clone(),
            reported_time: Some(timestamp(ticket.reported_time)),
            closed_time: ticket.ended_time.map(timestamp),
            handling_due_time: handling.and_then(|clock| clock.due()).map(timestamp),
            rework_count: ticket.rework_count,
            outcome: ticket.outcome.map_or(0, |outcome| outcome.code().into()),
            orders: ticket.orders.iter().map(snapshot).collect(),
        }),
    }
}

/// Builds the event of a category that was created.
pub(crate) fn category_changed(
    category: &Category,
    imported: bool,
    now: DateTime<Utc>,
) -> NewEvent {
    NewEvent {
        record_id: category.id,
        revision: category.revision,
        // Empty is the whole platform: a category applies everywhere.
        area_code: String::new(),
        occurred_time: now,
        recorded_time: now,
        imported,
        payload: Payload::CategoryChanged(CategoryChanged {
            category_id: category.id.to_string(),
            code: category.code.clone(),
            handling_limit: Some(limit(category.limit)),
        }),
    }
}

/// Builds the event of a duty list entry that was created.
pub(crate) fn responsibility_changed(
    entry: &Responsibility,
    imported: bool,
    now: DateTime<Utc>,
) -> NewEvent {
    NewEvent {
        record_id: entry.id,
        revision: entry.revision,
        area_code: entry.area_code.clone(),
        occurred_time: now,
        recorded_time: now,
        imported,
        payload: Payload::ResponsibilityChanged(ResponsibilityChanged {
            responsibility_id: entry.id.to_string(),
            category_code: entry.category_code.clone(),
            area_code: entry.area_code.clone(),
            unit_id: entry.unit_id.to_string(),
        }),
    }
}

/// Converts a limit to its message.
pub(crate) fn limit(limit: Limit) -> wire::Limit {
    wire::Limit {
        kind: limit.kind.code().into(),
        amount: limit.amount,
    }
}

fn snapshot(order: &Order) -> OrderSnapshot {
    OrderSnapshot {
        order_id: order.id.to_string(),
        unit_id: order.unit_id.to_string(),
        role: order.role.code().into(),
        state: order.state.code().into(),
        issued_time: Some(timestamp(order.issued_time)),
        accepted_time: order.accepted_time.map(timestamp),
    }
}
