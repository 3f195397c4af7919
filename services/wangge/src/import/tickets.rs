//! Reads tickets.csv with ticket_actions.csv: a row is a ticket and its report, and its
//! actions complete the history.

use std::sync::Arc;

use wangge_api::{
    tickets::v1::{
        HistoryRecord, TicketAction, TicketRecord, TicketSource, import_records_request::Record,
    },
    types::v1::{CoordinateSystem, Point},
};

use super::{
    columns::Columns,
    folder::Reading,
    format::File,
    records::Sourced,
    rows,
    table::{Keys, Row},
};

mod actions;

/// Reads the tickets with their histories.
pub(super) fn read(reading: &Reading<'_>, file: &'static File) -> Vec<Sourced<Record>> {
    let columns = columns();
    let mut histories = actions::read(reading);
    let mut keys = Keys::of(file.name());
    let mut tickets = Vec::new();
    for row in reading.table(file.name(), &columns).rows() {
        let key = rows::key(file, row);
        row.require(file.required_columns());
        let id = reading.id(file, &key);
        row.once("key", &key, &id, &mut keys);
        // Removed rather than copied; a duplicate row of the ticket gets no history, but
        // that row is refused anyway.
        let after = histories.remove(&key).unwrap_or_default();
        let report = report(reading, row);
        after.require_after(report.action_time);
        // Entry 0 of the history is the report, which is in the ticket's own row.
        let mut origin = row.origin().named(&[&id]);
        let parts = [row.origin()].into_iter().chain(after.origins).zip(0..);
        origin.parts = parts
            .map(|(part, number)| (format!("history[{number}]"), part))
            .collect();
        let record = Record::Ticket(TicketRecord {
            id,
            source: row.code("source", "TICKET_SOURCE_", TicketSource::from_str_name),
            category_code: reading.code(row, "category_code", "category"),
            title: row.text("title").to_owned(),
            description: row.text("description").to_owned(),
            address: row.text("address").to_owned(),
            point: point(row),
            area_code: reading.code(row, "area_code", "area"),
            history: [report].into_iter().chain(after.records).collect(),
        });
        tickets.push(Sourced { origin, record });
    }
    tickets
}

fn report(reading: &Reading<'_>, row: Row<'_>) -> HistoryRecord {
    row.reference("reporter_key", reading.keys("person"));
    HistoryRecord {
        action: TicketAction::Report.into(),
        action_time: row.time("reported_time"),
        actor: row.text("reporter_key").to_owned(),
        ..HistoryRecord::default()
    }
}

fn columns() -> Arc<Columns> {
    Columns::of(
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
    )
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
