//! Reads the files of tickets' records: categories, the duty list, tickets with their
//! histories, and plain records.

use std::collections::HashSet;

use anyhow::Result;
use wangge_api::{
    tickets::v1::{
        Category, HistoryRecord, ImportRecordsRequest, Limit, LimitKind, Responsibility,
        TicketAction, TicketRecord, TicketSource, import_records_request::Record,
    },
    types::v1::{CoordinateSystem, Point},
};

use super::{
    columns::Columns,
    folder::Reading,
    plain::{self, File},
    records::{Named, Origin, Records, Sourced},
    table::{Keys, Row},
};

mod actions;

/// Files of plain records, ordered so that each references only rows of the files before
/// it.
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
/// Full name of the import stream's message.
const STREAM: &str = "wangge.tickets.v1.ImportRecordsRequest";
const TICKETS: &str = "tickets.csv";

/// Reads categories, the duty list, tickets and plain records, in the order in which they
/// can be imported.
pub(super) fn read(reading: &Reading<'_>, records: &mut Records) -> Result<()> {
    let mut categories = Categories::default();
    read_categories(reading, records, &mut categories);
    duty_list(reading, records, &mut categories);
    tickets(reading, records, &mut categories);
    records.categories_elsewhere = categories.elsewhere;
    for (origin, row) in plain::read::<ImportRecordsRequest>(reading, STREAM, PLAIN)? {
        if let Some(record) = row.record {
            push(records, origin, record);
        }
    }
    Ok(())
}

/// The codes of the folder's categories, and references to other categories.
#[derive(Debug, Default)]
struct Categories {
    codes: HashSet<String>,
    elsewhere: Vec<Named>,
}

impl Categories {
    /// Returns the category code in a row. A code that the folder doesn't define is
    /// recorded, to be looked up on the platform.
    fn code(&mut self, row: Row<'_>) -> String {
        let code = row.required("category_code");
        if !code.is_empty() && !self.codes.contains(code) {
            self.elsewhere.push(Named {
                origin: row.origin(),
                column: "category_code",
                code: code.to_owned(),
            });
        }
        code.to_owned()
    }
}

fn read_categories(reading: &Reading<'_>, records: &mut Records, categories: &mut Categories) {
    const FILE: &str = "categories.csv";
    let columns = Columns::of(
        &["code", "name", "limit_kind", "limit_amount"],
        &[
            ("id", "code"),
            ("handling_limit.kind", "limit_kind"),
            ("handling_limit.amount", "limit_amount"),
            ("handling_limit", "limit_amount"),
        ],
    );
    let mut keys = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let code = row.required("code");
        let id = reading.shared_id("category", code);
        row.once("code", code, &id, &mut keys);
        categories.codes.insert(code.to_owned());
        row.required("limit_kind");
        row.required("limit_amount");
        let category = Category {
            id: id.clone(),
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
            row.origin().named(&[&id, code]),
            Record::Category(category),
        );
    }
}

fn duty_list(reading: &Reading<'_>, records: &mut Records, categories: &mut Categories) {
    const FILE: &str = "duty_list.csv";
    let columns = Columns::of(
        &["category_code", "area_code", "unit_code"],
        &[("id", "category_code"), ("unit_id", "unit_code")],
    );
    let mut keys = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let category = categories.code(row);
        let key = format!("{category}:{}", row.required("area_code"));
        // Identified by category and area on the whole platform, like the category itself.
        let id = reading.shared_id("responsibility", &key);
        row.once("area_code", &key, &id, &mut keys);
        row.required("unit_code");
        let entry = Responsibility {
            id: id.clone(),
            category_code: category,
            area_code: reading.area_code(row, "area_code"),
            unit_id: row.reference("unit_code", reading.keys("unit")),
            ..Responsibility::default()
        };
        push(
            records,
            row.origin().named(&[&id]),
            Record::Responsibility(entry),
        );
    }
}

fn tickets(reading: &Reading<'_>, records: &mut Records, categories: &mut Categories) {
    let columns = Columns::of(
        &[
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
        ],
        &[
            ("id", "key"),
            ("point", "longitude"),
            ("point.longitude", "longitude"),
            ("point.latitude", "latitude"),
            ("point.coordinate_system", "coordinate_system"),
            ("action_time", "reported_time"),
            ("actor", "reporter_key"),
            ("action", "source"),
            ("history", "key"),
        ],
    );
    let mut histories = actions::read(reading);
    let mut keys = Keys::of(TICKETS);
    for row in reading.table(TICKETS, &columns).rows() {
        let key = row.text("key");
        let id = reading.own_id("ticket", key);
        row.keep("key", &id, &mut keys);
        row.required("reported_time");
        row.required("source");
        row.reference("reporter_key", reading.keys("person"));
        let report = HistoryRecord {
            action: TicketAction::Report.into(),
            action_time: row.time("reported_time"),
            actor: row.text("reporter_key").to_owned(),
            ..HistoryRecord::default()
        };
        // Removed rather than copied; a duplicate row of the ticket gets no history, but
        // that row is refused anyway.
        let after = histories.remove(key).unwrap_or_default();
        after.require_after(report.action_time);
        let ticket = TicketRecord {
            id: id.clone(),
            source: row.code("source", "TICKET_SOURCE_", TicketSource::from_str_name),
            category_code: categories.code(row),
            title: row.required("title").to_owned(),
            description: row.text("description").to_owned(),
            address: row.text("address").to_owned(),
            point: point(row),
            area_code: reading.area_code(row, "area_code"),
            history: [report].into_iter().chain(after.records).collect(),
        };
        // Entry 0 of the history is the report, which is in the ticket's own row.
        let mut origin = row.origin().named(&[&id]);
        let parts = [row.origin()].into_iter().chain(after.origins).zip(0..);
        origin.parts = parts
            .map(|(part, number)| (format!("history[{number}]"), part))
            .collect();
        push(records, origin, Record::Ticket(ticket));
    }
}

fn point(row: Row<'_>) -> Option<Point> {
    let (longitude, latitude) = (row.number("longitude"), row.number("latitude"));
    let system = row.code(
        "coordinate_system",
        "COORDINATE_SYSTEM_",
        CoordinateSystem::from_str_name,
    );
    // Distinguishes an empty cell from an invalid number, which is reported already:
    // both were parsed to `None`.
    let given = |column: &str| !row.text(column).is_empty();
    match (given("longitude"), given("latitude")) {
        (true, true) => {
            row.required("coordinate_system");
            Some(Point {
                longitude: longitude.unwrap_or_default(),
                latitude: latitude.unwrap_or_default(),
                coordinate_system: system,
            })
        }
        (false, false) => {
            row.left_out(
                "coordinate_system",
                "is allowed only with longitude and latitude",
            );
            None
        }
        (has_longitude, _) => {
            let missing = if has_longitude {
                "latitude"
            } else {
                "longitude"
            };
            row.problem(
                missing,
                "is required: give both longitude and latitude, or neither",
            );
            None
        }
    }
}

fn push(records: &mut Records, origin: Origin, record: Record) {
    records.tickets.push(Sourced { origin, record });
}
