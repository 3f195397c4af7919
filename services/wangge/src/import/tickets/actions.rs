//! Reads ticket_actions.csv, the actions on tickets after their report.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use wangge_api::tickets::v1::{
    HistoryRecord, OrderRecord, ReturnReason, TicketAction, TicketOutcome,
};

use super::super::{
    columns::Columns,
    files::ACTIONS,
    folder::Reading,
    notation,
    records::Origin,
    table::{Problems, Row},
};

/// The actions on a ticket after its report, with the rows that they were read from.
#[derive(Debug, Default)]
pub(super) struct History<'p> {
    pub(super) records: Vec<HistoryRecord>,
    pub(super) origins: Vec<Origin>,
    problems: Option<&'p Problems>,
}

/// The columns that an action requires besides ticket, time, action and actor. All others
/// must be empty, except `note`, which the service validates.
struct Filled {
    order: bool,
    dispatch: bool,
    reason: bool,
    handler: bool,
}

impl Filled {
    fn by(action: TicketAction) -> Self {
        use TicketAction as A;
        Self {
            order: matches!(
                action,
                A::Dispatch
                    | A::Accept
                    | A::Assign
                    | A::Submit
                    | A::Return
                    | A::Refuse
                    | A::Withdraw
                    | A::ConfirmOrder
            ),
            dispatch: action == A::Dispatch,
            reason: matches!(action, A::Return | A::Pass | A::Decline),
            handler: action == A::Assign,
        }
    }
}

/// Reads the histories by ticket key.
pub(super) fn read<'r>(reading: &'r Reading<'_>) -> HashMap<String, History<'r>> {
    let columns = columns();
    let mut histories: HashMap<String, History<'_>> = HashMap::new();
    let table = reading.table(ACTIONS, &columns);
    let mut orders = HashSet::new();
    for row in table.rows() {
        let key = row.required("ticket_key");
        // Only for its check: a history whose ticket doesn't exist is never picked up.
        row.reference("ticket_key", reading.keys("ticket"));
        let record = action(reading, row);
        let order_key = row.text("order_key");
        // Only a dispatch creates an order; later actions repeat its key.
        if record.action() == TicketAction::Dispatch
            && !order_key.is_empty()
            && !orders.insert(order_key.to_owned())
        {
            row.refuse(
                "order_key",
                "RECORD_EXISTS",
                "another dispatch already has this key",
            );
        }
        let history = histories.entry(key.to_owned()).or_default();
        history.problems = Some(&reading.problems);
        history.push(record, row);
    }
    histories
}

fn columns() -> Arc<Columns> {
    Columns::of(
        &[
            "ticket_key",
            "time",
            "action",
            "actor_key",
            "order_key",
            "unit_code",
            "order_role",
            "reason",
            "note",
            "handler_key",
        ],
        &[
            ("action_time", "time"),
            ("actor", "actor_key"),
            ("order_id", "order_key"),
            ("orders", "order_key"),
            ("orders.id", "order_key"),
            ("id", "order_key"),
            ("unit_id", "unit_code"),
            // The contract's free-text `reason` is the column `note`; the column `reason`
            // holds the code of a return or an outcome.
            ("reason", "note"),
            ("return_reason", "reason"),
            ("outcome", "reason"),
            ("handler_person_id", "handler_key"),
        ],
    )
}

impl History<'_> {
    /// Adds the action of a row. Consecutive dispatch rows of the same time are one dispatch
    /// to several units, the first of which leads: they become one record.
    fn push(&mut self, record: HistoryRecord, row: Row<'_>) {
        let is_dispatch = record.action() == TicketAction::Dispatch;
        if is_dispatch
            && let Some(last) = self.records.last_mut()
            && last.action() == TicketAction::Dispatch
            && last.action_time == record.action_time
        {
            if row.text("order_role") == "lead" {
                let why = "must be assisting: only the first order of a dispatch is the lead's";
                row.problem("order_role", why);
            }
            // The order has its own origin, so that its violations are reported at its row.
            if let Some(origin) = self.origins.last_mut() {
                let path = format!("orders[{}]", last.orders.len());
                origin.parts.push((path, row.origin()));
            }
            last.orders.extend(record.orders);
            return;
        }
        if is_dispatch && row.text("order_role") == "assisting" {
            let why = "must be lead: the first order of a dispatch is the lead's";
            row.problem("order_role", why);
        }
        self.require_later(record.action_time, row);
        self.records.push(record);
        let mut origin = row.origin();
        if is_dispatch {
            origin.parts.push(("orders[0]".to_owned(), row.origin()));
        }
        self.origins.push(origin);
    }

    /// Checks that the first action is later than the report.
    pub(super) fn require_after(&self, reported: Option<prost_types::Timestamp>) {
        if let (Some(first), Some(origin), Some(problems)) =
            (self.records.first(), self.origins.first(), self.problems)
            && !is_later(reported, first.action_time)
        {
            problems.add(origin.file, origin.line, "time", "FIELD_INVALID", LATER);
        }
    }

    fn require_later(&self, time: Option<prost_types::Timestamp>, row: Row<'_>) {
        if let Some(last) = self.records.last()
            && !is_later(last.action_time, time)
        {
            row.problem("time", LATER);
        }
    }
}

const LATER: &str = "must be later than the previous action on the ticket";

/// Returns true if `after` is strictly later. A missing time is reported elsewhere, so it
/// counts as later.
fn is_later(before: Option<prost_types::Timestamp>, after: Option<prost_types::Timestamp>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => {
            (before.seconds, before.nanos) < (after.seconds, after.nanos)
        }
        _ => true,
    }
}

fn action(reading: &Reading<'_>, row: Row<'_>) -> HistoryRecord {
    row.required("time");
    row.required("action");
    let code = row.code("action", "TICKET_ACTION_", TicketAction::from_str_name);
    let mut record = HistoryRecord {
        action: code,
        action_time: row.time("time"),
        actor: actor(reading, row),
        reason: row.text("note").to_owned(),
        ..HistoryRecord::default()
    };
    let action = record.action();
    // Already reported; without an action, the required columns are unknown.
    if action == TicketAction::Unspecified {
        return record;
    }
    if action == TicketAction::Report {
        row.problem(
            "action",
            "is not an action of the format: the report is the ticket's own row",
        );
    }
    let filled = Filled::by(action);
    take_order(reading, row, &filled, &mut record);
    take_reason(row, &filled, &mut record);
    if filled.handler {
        row.required("handler_key");
        record.handler_person_id = row.reference("handler_key", reading.keys("person"));
    } else {
        row.left_out("handler_key", "is allowed only for assign");
    }
    record
}

/// Sets the order that an action acts on, or that a dispatch issues to a unit.
fn take_order(reading: &Reading<'_>, row: Row<'_>, filled: &Filled, record: &mut HistoryRecord) {
    let mut id = String::new();
    if filled.order {
        let key = row.required("order_key");
        if !key.is_empty() && !notation::is_key(key) {
            row.problem("order_key", notation::KEY);
        }
        id = reading.own_id("order", key);
    } else {
        row.left_out("order_key", "is allowed only for actions on an order");
    }
    if !filled.dispatch {
        record.order_id = id;
        row.left_out("unit_code", "is allowed only for dispatch");
        row.left_out("order_role", "is allowed only for dispatch");
        return;
    }
    row.required("unit_code");
    if !["lead", "assisting"].contains(&row.required("order_role")) {
        row.problem("order_role", "must be lead or assisting");
    }
    let unit_id = row.reference("unit_code", reading.keys("unit"));
    record.orders = vec![OrderRecord { id, unit_id }];
}

/// Sets the reason of a return, or the outcome of a pass or a decline.
fn take_reason(row: Row<'_>, filled: &Filled, record: &mut HistoryRecord) {
    if !filled.reason {
        row.left_out("reason", "is allowed only for return, pass and decline");
    } else if record.action() == TicketAction::Return {
        record.return_reason = row.code("reason", "RETURN_REASON_", ReturnReason::from_str_name);
    } else {
        record.outcome = row.code("reason", "TICKET_OUTCOME_", TicketOutcome::from_str_name);
    }
}

/// Returns the actor: the key of a person in the folder, or `unit:` and a unit's code.
/// Names are refused: histories must not hold personal data.
fn actor(reading: &Reading<'_>, row: Row<'_>) -> String {
    let actor = row.text("actor_key");
    let (key, known) = match actor.strip_prefix("unit:") {
        Some(code) => (code, reading.keys("unit")),
        None => (actor, reading.keys("person")),
    };
    if actor.is_empty() {
        return String::new();
    }
    if notation::is_key(key) {
        row.named("actor_key", key, known);
    } else {
        let why = "must be a key of people.csv, or unit: followed by a unit code; never a name";
        row.problem("actor_key", why);
    }
    actor.to_owned()
}
