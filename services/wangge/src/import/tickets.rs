//! Files of tickets' records: categories, the duty list, tickets with their
//! histories, plain records.

use std::collections::HashMap;

use anyhow::Result;
use wangge_api::{
    tickets::v1::{
        Category, HistoryRecord, ImportRecordsRequest, Limit, LimitKind, OrderRecord,
        Responsibility, ReturnReason, TicketAction, TicketOutcome, TicketRecord, TicketSource,
        import_records_request::Record,
    },
    types::v1::{CoordinateSystem, Point},
};

use super::{
    folder::Reading,
    plain::{self, File},
    records::{Records, Sourced},
    table::Row,
};

/// Files of plain records, in an order in which each names only what stands in
/// those before it.
pub(super) const PLAIN: &[File] = &[
    File {
        name: "chat_groups.csv",
        kind: "chat_group",
    },
    File {
        name: "group_messages.csv",
        kind: "group_message",
    },
    File {
        name: "duty_shifts.csv",
        kind: "duty_shift",
    },
    File {
        name: "livelihood_items.csv",
        kind: "livelihood_item",
    },
    File {
        name: "livelihood_matters.csv",
        kind: "livelihood_matter",
    },
    File {
        name: "meetings.csv",
        kind: "meeting",
    },
    File {
        name: "deliberations.csv",
        kind: "deliberation",
    },
    File {
        name: "assignments.csv",
        kind: "assignment",
    },
    File {
        name: "patrols.csv",
        kind: "patrol",
    },
    File {
        name: "field_visits.csv",
        kind: "field_visit",
    },
    File {
        name: "field_notes.csv",
        kind: "field_note",
    },
];
/// The message of the import stream.
const STREAM: &str = "wangge.tickets.v1.ImportRecordsRequest";
const TICKETS: &str = "tickets.csv";
const ACTIONS: &str = "ticket_actions.csv";

/// Reads categories, the duty list, tickets, and plain records.
pub(super) fn read(reading: &Reading<'_>, records: &mut Records) -> Result<()> {
    categories(reading, records);
    duty_list(reading, records);
    let mut histories = actions(reading);
    tickets(reading, records, &mut histories);
    for (key, history) in histories {
        for (_, line) in history.lines {
            let what = format!("there is no ticket {key}");
            reading
                .problems
                .add(ACTIONS, line, "ticket_key", "REFERENCE_UNKNOWN", &what);
        }
    }
    for (file, line, row) in plain::read::<ImportRecordsRequest>(reading, STREAM, PLAIN)? {
        if let Some(record) = row.record {
            records.tickets.push(Sourced {
                file,
                line,
                history: Vec::new(),
                record,
            });
        }
    }
    Ok(())
}

fn categories(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "categories.csv";
    for row in reading
        .table(FILE, &["code", "name", "limit_kind", "limit_amount"])
        .rows()
    {
        let code = row.required("code");
        let category = Category {
            id: reading.shared_id("category", code),
            code: code.to_owned(),
            name: row.required("name").to_owned(),
            handling_limit: Some(Limit {
                kind: row.code("limit_kind", "LIMIT_KIND_", LimitKind::from_str_name),
                amount: row.number("limit_amount").unwrap_or_default(),
            }),
            ..Category::default()
        };
        push(
            records,
            FILE,
            row.line,
            Vec::new(),
            Record::Category(category),
        );
    }
}

fn duty_list(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "duty_list.csv";
    for row in reading
        .table(FILE, &["category_code", "area_code", "unit_code"])
        .rows()
    {
        let (category, area) = (row.required("category_code"), row.required("area_code"));
        row.required("unit_code");
        let entry = Responsibility {
            id: reading.shared_id("responsibility", &format!("{category}:{area}")),
            category_code: category.to_owned(),
            area_code: area.to_owned(),
            unit_id: row.reference("unit_code", &reading.units),
            ..Responsibility::default()
        };
        push(
            records,
            FILE,
            row.line,
            Vec::new(),
            Record::Responsibility(entry),
        );
    }
}

/// What happened to a ticket after its report, with the lines it came from.
#[derive(Debug, Default)]
struct History {
    records: Vec<HistoryRecord>,
    lines: Vec<(&'static str, u64)>,
}

/// Histories by ticket. Rows of one dispatch become one record with its
/// orders.
fn actions(reading: &Reading<'_>) -> HashMap<String, History> {
    let columns = [
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
    ];
    let mut histories: HashMap<String, History> = HashMap::new();
    for row in reading.table(ACTIONS, &columns).rows() {
        let history = histories
            .entry(row.required("ticket_key").to_owned())
            .or_default();
        let record = action(reading, row);
        if record.action() == TicketAction::Dispatch
            && let Some(last) = history.records.last_mut()
            && last.action() == TicketAction::Dispatch
            && last.action_time == record.action_time
        {
            if row.text("order_role") != "assisting" {
                row.problem(
                    "order_role",
                    "only the first order of a dispatch is the lead's",
                );
            }
            last.orders.extend(record.orders);
            continue;
        }
        if record.action() == TicketAction::Dispatch && row.text("order_role") != "lead" {
            row.problem("order_role", "the first order of a dispatch is the lead's");
        }
        history.records.push(record);
        history.lines.push((ACTIONS, row.line));
    }
    histories
}

fn action(reading: &Reading<'_>, row: Row<'_>) -> HistoryRecord {
    row.required("time");
    row.required("action");
    let action = row.code("action", "TICKET_ACTION_", TicketAction::from_str_name);
    let dispatch = action == i32::from(TicketAction::Dispatch);
    let order_key = row.text("order_key");
    let order_id = if order_key.is_empty() {
        String::new()
    } else {
        reading.own_id("order", order_key)
    };
    let returned = action == i32::from(TicketAction::Return);
    HistoryRecord {
        action,
        action_time: row.time("time"),
        actor: row.text("actor_key").to_owned(),
        orders: if dispatch {
            row.required("unit_code");
            let unit_id = row.reference("unit_code", &reading.units);
            vec![OrderRecord {
                id: order_id.clone(),
                unit_id,
            }]
        } else {
            Vec::new()
        },
        order_id: if dispatch { String::new() } else { order_id },
        reason: row.text("note").to_owned(),
        return_reason: if returned {
            row.code("reason", "RETURN_REASON_", ReturnReason::from_str_name)
        } else {
            0
        },
        outcome: if returned {
            0
        } else {
            row.code("reason", "TICKET_OUTCOME_", TicketOutcome::from_str_name)
        },
        handler_person_id: row.reference("handler_key", &reading.people),
    }
}

fn tickets(reading: &Reading<'_>, records: &mut Records, histories: &mut HashMap<String, History>) {
    let columns = [
        "key",
        "reported_time",
        "source",
        "category_code",
        "title",
        "description",
        "address",
        "area_code",
        "longitude",
        "latitude",
        "coordinate_system",
        "reporter_key",
    ];
    let mut keys = HashMap::new();
    for row in reading.table(TICKETS, &columns).rows() {
        let key = row.text("key");
        let id = reading.own_id("ticket", key);
        row.keep("key", &id, &mut keys);
        row.required("reported_time");
        let report = HistoryRecord {
            action: TicketAction::Report.into(),
            action_time: row.time("reported_time"),
            actor: row.text("reporter_key").to_owned(),
            ..HistoryRecord::default()
        };
        let after = histories.remove(key).unwrap_or_default();
        let ticket = TicketRecord {
            id,
            source: row.code("source", "TICKET_SOURCE_", TicketSource::from_str_name),
            category_code: row.required("category_code").to_owned(),
            title: row.required("title").to_owned(),
            description: row.text("description").to_owned(),
            address: row.text("address").to_owned(),
            point: point(row),
            area_code: row.text("area_code").to_owned(),
            history: [report].into_iter().chain(after.records).collect(),
        };
        let lines = [(TICKETS, row.line)]
            .into_iter()
            .chain(after.lines)
            .collect();
        push(records, TICKETS, row.line, lines, Record::Ticket(ticket));
    }
}

fn point(row: Row<'_>) -> Option<Point> {
    let (longitude, latitude) = (row.number("longitude"), row.number("latitude"));
    let system = row.code(
        "coordinate_system",
        "COORDINATE_SYSTEM_",
        CoordinateSystem::from_str_name,
    );
    match (longitude, latitude) {
        (Some(longitude), Some(latitude)) => Some(Point {
            longitude,
            latitude,
            coordinate_system: system,
        }),
        (None, None) => None,
        _ => {
            row.problem("longitude", "and latitude are given both or neither");
            None
        }
    }
}

fn push(
    records: &mut Records,
    file: &'static str,
    line: u64,
    history: Vec<(&'static str, u64)>,
    record: Record,
) {
    records.tickets.push(Sourced {
        file,
        line,
        history,
        record,
    });
}
