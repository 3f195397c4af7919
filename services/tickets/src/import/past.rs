//! Converts rows of an import to tickets with their histories.

use chrono::{DateTime, Utc};
use wangge_api::{
    date,
    refusal::{Refusal, Rule},
    tickets::v1 as wire,
};

use wangge_record_api::service::id;

use crate::{
    api::messages::degrees,
    domain::{
        act::{Act, NewOrder, TicketOutcome},
        clock::{PROFILE, PROFILE_LIMIT},
        order_state::ReturnReason,
        past::{PastAct, PastTicket},
        report::{Report, TicketSource},
    },
};

/// Converts a row to a ticket with its history, whose first line must be the report.
///
/// # Errors
/// Returns `FIELD_INVALID` with the path of the field in the row.
pub(super) fn past_ticket(record: &wire::TicketRecord) -> Result<PastTicket, Refusal> {
    let mut lines = record.history.iter().enumerate();
    let reported = match lines.next() {
        Some((_, first)) if first.action() == wire::TicketAction::Report => first,
        _ => {
            let what = "must be the report";
            return Err(Refusal::field(
                "history[0].action",
                Rule::HistoryFirstAction,
                what,
            ));
        }
    };
    Ok(PastTicket {
        report: Report {
            id: id(&record.id, "id")?,
            source: TicketSource::from_code(record.source),
            category_code: record.category_code.clone(),
            title: record.title.clone(),
            description: record.description.clone(),
            address: record.address.clone(),
            point: record.point.as_ref().map(degrees),
            area_code: record.area_code.clone(),
        },
        reported_time: time(reported, 0)?,
        reporter: reported.actor.clone(),
        acts: lines
            .map(|(number, line)| past_act(line, number))
            .collect::<Result<_, _>>()?,
    })
}

fn past_act(line: &wire::HistoryRecord, number: usize) -> Result<PastAct, Refusal> {
    Ok(PastAct {
        act: act(line, number)?,
        at: time(line, number)?,
        actor: line.actor.clone(),
    })
}

fn act(line: &wire::HistoryRecord, number: usize) -> Result<Act, Refusal> {
    use wire::TicketAction as A;
    let order_id = || id(&line.order_id, &path(number, "order_id"));
    // All actions share one message, so the contract can't require the fields that only
    // some of them have.
    let reason = || given(&line.reason, number, "reason");
    let outcome = |default| TicketOutcome::from_code(line.outcome).unwrap_or(default);
    Ok(match line.action() {
        A::File => Act::File,
        A::Decline => Act::Decline {
            reason: reason()?,
            outcome: outcome(TicketOutcome::NotResponsible),
        },
        A::FixOnTheSpot => Act::FixOnTheSpot { result: reason()? },
        A::Dispatch => Act::Dispatch {
            orders: orders(line, number)?,
            // Has no effect: replaying a history starts no clock.
            limit: PROFILE_LIMIT,
            limit_source: PROFILE.to_owned(),
        },
        A::Accept => Act::Accept {
            order_id: order_id()?,
        },
        A::Assign => Act::Assign {
            order_id: order_id()?,
            handler_person_id: id(&line.handler_person_id, &path(number, "handler_person_id"))?,
        },
        A::Submit => Act::Submit {
            order_id: order_id()?,
            result: reason()?,
        },
        A::Return => Act::Return {
            order_id: order_id()?,
            return_reason: ReturnReason::from_code(line.return_reason)
                .ok_or_else(|| required(number, "return_reason"))?,
            reason: line.reason.clone(),
        },
        A::Refuse => Act::Refuse {
            order_id: order_id()?,
            reason: reason()?,
        },
        A::Withdraw => Act::Withdraw {
            order_id: order_id()?,
            reason: reason()?,
        },
        A::ConfirmOrder => Act::ConfirmOrder {
            order_id: order_id()?,
        },
        A::Confirm => Act::Confirm,
        A::SendBack => Act::SendBack { reason: reason()? },
        A::Pass => Act::Pass {
            outcome: outcome(TicketOutcome::Fixed),
        },
        A::Fail => Act::Fail { reason: reason()? },
        A::Cancel => Act::Cancel { reason: reason()? },
        // A second report would be another ticket, and only the service itself routes.
        A::Unspecified | A::Report | A::Route => {
            let what = "is not allowed here";
            return Err(Refusal::field(
                &path(number, "action"),
                Rule::HistoryAction,
                what,
            ));
        }
    })
}

fn orders(line: &wire::HistoryRecord, number: usize) -> Result<Vec<NewOrder>, Refusal> {
    if line.orders.is_empty() {
        return Err(required(number, "orders"));
    }
    line.orders
        .iter()
        .enumerate()
        .map(|(place, order)| {
            let field = |name: &str| path(number, &format!("orders[{place}].{name}"));
            Ok(NewOrder {
                id: id(&order.id, &field("id"))?,
                unit_id: id(&order.unit_id, &field("unit_id"))?,
            })
        })
        .collect()
}

fn time(line: &wire::HistoryRecord, number: usize) -> Result<DateTime<Utc>, Refusal> {
    let time = line
        .action_time
        .as_ref()
        .ok_or_else(|| required(number, "action_time"))?;
    date::moment(time, &path(number, "action_time"))
}

fn given(text: &str, number: usize, name: &str) -> Result<String, Refusal> {
    if text.trim().is_empty() {
        Err(required(number, name))
    } else {
        Ok(text.to_owned())
    }
}

fn required(number: usize, name: &str) -> Refusal {
    Refusal::field(&path(number, name), Rule::Required, "is required")
}

fn path(number: usize, name: &str) -> String {
    format!("history[{number}].{name}")
}
