//! Converts reports, tickets, orders, clocks and history lines from and to messages.

use chrono::{DateTime, Utc};
use wangge_api::{
    date::timestamp,
    refusal::Refusal,
    tickets::v1 as wire,
    types::v1::{CoordinateSystem, Point},
};
use wangge_kernel::limit::DEFAULT_ZONE;
use wangge_places::coordinates::{System, to_wgs84};

use super::given_or_new_id;
use crate::{
    commands::act_on_ticket::etag,
    domain::{
        clock::{Clock, ClockKind, Stretch},
        order::Order,
        report::{Report, TicketSource},
        ticket::{HistoryLine, Ticket},
    },
    events::limit,
};

/// Converts the message of a new ticket to a report; output-only fields are ignored.
pub(super) fn report(ticket: &wire::Ticket) -> Result<Report, Refusal> {
    Ok(Report {
        id: given_or_new_id(&ticket.id, "ticket.id")?,
        source: TicketSource::from_code(ticket.source),
        category_code: ticket.category_code.clone(),
        title: ticket.title.clone(),
        description: ticket.description.clone(),
        address: ticket.address.clone(),
        point: ticket.point.as_ref().map(degrees),
        area_code: ticket.area_code.clone(),
    })
}

/// Returns the longitude and latitude of a point in WGS 84, in degrees.
pub(crate) fn degrees(point: &Point) -> (f64, f64) {
    let system = match point.coordinate_system() {
        CoordinateSystem::Gcj02 => System::Gcj02,
        CoordinateSystem::Bd09 => System::Bd09,
        // CGCS2000 differs from WGS 84 by centimetres only. Unspecified never gets here:
        // the contract rejects it.
        _ => System::Wgs84,
    };
    to_wgs84((point.longitude, point.latitude), system)
}

/// Converts a ticket to its message, with its status (`light`) as of `now`.
pub(super) fn ticket(ticket: &Ticket, now: DateTime<Utc>) -> wire::Ticket {
    let due = |kind| ticket.clock(kind).and_then(Clock::due).map(timestamp);
    wire::Ticket {
        id: ticket.id.to_string(),
        source: ticket.source.code().into(),
        category_code: ticket.category_code.clone(),
        title: ticket.title.clone(),
        description: ticket.description.clone(),
        address: ticket.address.clone(),
        point: ticket
            .longitude
            .zip(ticket.latitude)
            .map(|(longitude, latitude)| Point {
                longitude,
                latitude,
                coordinate_system: CoordinateSystem::Wgs84.into(),
            }),
        area_code: ticket.area_code.clone(),
        routed: ticket.routed,
        suggested_unit_id: ticket
            .suggested_unit_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        state: ticket.state.code().into(),
        outcome: ticket.outcome.map_or(0, |outcome| outcome.code().into()),
        reported_time: Some(timestamp(ticket.reported_time)),
        filing_due_time: due(ClockKind::Filing),
        dispatch_due_time: due(ClockKind::Dispatch),
        handling_due_time: due(ClockKind::Handling),
        light: ticket.light(now).map_or(0, |light| light.code().into()),
        ended_time: ticket.ended_time.map(timestamp),
        rework_count: ticket.rework_count,
        escalation_level: ticket.escalation_level,
        orders: ticket.orders.iter().map(order).collect(),
        imported: ticket.imported,
        revision: ticket.revision,
        etag: etag(ticket),
        create_time: Some(timestamp(ticket.reported_time)),
        update_time: Some(timestamp(ticket.changed_time)),
    }
}

fn order(order: &Order) -> wire::Order {
    wire::Order {
        id: order.id.to_string(),
        ticket_id: order.ticket_id.to_string(),
        unit_id: order.unit_id.to_string(),
        role: order.role.code().into(),
        state: order.state.code().into(),
        issued_time: Some(timestamp(order.issued_time)),
        accepted_time: order.accepted_time.map(timestamp),
        ended_time: order.ended_time.map(timestamp),
        handler_person_id: order
            .handler_person_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        result: order.result.clone(),
    }
}

/// Converts a history line to its message.
pub(super) fn history_entry(line: &HistoryLine) -> wire::HistoryEntry {
    wire::HistoryEntry {
        revision: line.revision,
        action: line.action.code().into(),
        from_state: line.from_state.map_or(0, |state| state.code().into()),
        to_state: line.to_state.code().into(),
        action_time: Some(timestamp(line.action_time)),
        actor: line.actor.clone(),
        order_id: line.order_id.map(|id| id.to_string()).unwrap_or_default(),
        reason: line.reason.clone(),
    }
}

/// Converts a clock to its message, with its status (`light`) as of `now`.
pub(super) fn clock(clock: &Clock, now: DateTime<Utc>) -> wire::Clock {
    wire::Clock {
        kind: clock.kind.code().into(),
        limit: Some(limit(clock.limit)),
        limit_source: clock.limit_source.clone(),
        time_zone: DEFAULT_ZONE.name().to_owned(),
        intervals: clock.stretches.iter().map(interval).collect(),
        due_time: clock.due().map(timestamp),
        stopped_time: clock.stopped().map(timestamp),
        light: clock.light(now).map_or(0, |light| light.code().into()),
    }
}

fn interval(stretch: &Stretch) -> wire::ClockInterval {
    wire::ClockInterval {
        start_time: Some(timestamp(stretch.start)),
        end_time: stretch.end.map(timestamp),
        counted: stretch.counted,
        cause: stretch.cause.code().into(),
    }
}
