//! Files of organization's records.

use std::collections::HashMap;

use anyhow::Result;
use wangge_api::organization::v1::{
    Address, Appointment, Area, AreaKind, FigureBound, FigurePeriod, ImportRecordsRequest, Person,
    Post, PublishedFigure, Unit, UnitKind, import_records_request::Record,
};

use super::{
    folder::Reading,
    plain::{self, File},
    records::{Records, Sourced},
};

/// Files of plain records, in an order in which each names only what stands in
/// those before it.
pub(super) const PLAIN: &[File] = &[
    File {
        name: "estates.csv",
        kind: "estate",
    },
    File {
        name: "buildings.csv",
        kind: "building",
    },
    File {
        name: "households.csv",
        kind: "household",
    },
    File {
        name: "residents.csv",
        kind: "resident",
    },
    File {
        name: "need_tags.csv",
        kind: "need_tag",
    },
    File {
        name: "resident_roles.csv",
        kind: "resident_role",
    },
    File {
        name: "memberships.csv",
        kind: "membership",
    },
    File {
        name: "seats.csv",
        kind: "seat",
    },
];
/// The message of the import stream.
const STREAM: &str = "wangge.organization.v1.ImportRecordsRequest";

/// Reads areas with boundaries, addresses, units, people, appointments,
/// published figures and plain records, in this order.
pub(super) fn read(reading: &mut Reading<'_>, records: &mut Records) -> Result<()> {
    areas(reading, records);
    addresses(reading, records);
    reading.units = units(reading, records);
    reading.people = people(reading, records);
    appointments(reading, records);
    published_figures(reading, records);
    for (file, line, row) in plain::read::<ImportRecordsRequest>(reading, STREAM, PLAIN)? {
        if let Some(record) = row.record {
            push(records, file, line, record);
        }
    }
    Ok(())
}

fn push(records: &mut Records, file: &'static str, line: u64, record: Record) {
    records.organization.push(Sourced {
        file,
        line,
        history: Vec::new(),
        record,
    });
}

fn areas(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "areas.csv";
    let mut boundaries = boundaries(reading);
    let columns = [
        "code",
        "kind",
        "name",
        "parent_code",
        "start_date",
        "end_date",
    ];
    for row in reading.table(FILE, &columns).rows() {
        let code = row.required("code");
        let area = Area {
            id: reading.shared_id("area", code),
            code: code.to_owned(),
            kind: row.code("kind", "AREA_KIND_", AreaKind::from_str_name),
            name: row.required("name").to_owned(),
            parent_code: row.text("parent_code").to_owned(),
            boundary_geojson: boundaries.remove(code).unwrap_or_default(),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Area::default()
        };
        push(records, FILE, row.line, Record::Area(area));
    }
    for code in boundaries.keys() {
        let what = format!("area_code {code} is none of areas.csv");
        reading.problems.add(
            "boundaries.geojson",
            0,
            "area_code",
            "REFERENCE_UNKNOWN",
            &what,
        );
    }
}

/// Boundaries by area code.
fn boundaries(reading: &Reading<'_>) -> HashMap<String, String> {
    const FILE: &str = "boundaries.geojson";
    let bytes = reading.bytes(FILE);
    let mut boundaries = HashMap::new();
    if bytes.is_empty() {
        return boundaries;
    }
    let collection = match serde_json::from_slice::<geojson::FeatureCollection>(bytes) {
        Ok(collection) => collection,
        Err(error) => {
            reading
                .problems
                .add(FILE, 0, "", "FILE_INVALID", &error.to_string());
            return boundaries;
        }
    };
    for (number, feature) in collection.features.iter().enumerate() {
        let code = feature.property("area_code").and_then(|code| code.as_str());
        match (code, &feature.geometry) {
            (Some(code), Some(geometry)) => {
                boundaries.insert(code.to_owned(), geometry.to_string());
            }
            _ => {
                let what = format!("feature {number} needs properties.area_code and a geometry");
                reading
                    .problems
                    .add(FILE, 0, "features", "FIELD_INVALID", &what);
            }
        }
    }
    boundaries
}

fn addresses(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "addresses.csv";
    for row in reading.table(FILE, &["text", "area_code"]).rows() {
        let text = row.required("text");
        let address = Address {
            id: reading.own_id("address", text),
            text: text.to_owned(),
            area_code: row.required("area_code").to_owned(),
            ..Address::default()
        };
        push(records, FILE, row.line, Record::Address(address));
    }
}

fn units(reading: &Reading<'_>, records: &mut Records) -> HashMap<String, String> {
    const FILE: &str = "units.csv";
    let columns = [
        "code",
        "kind",
        "name",
        "parent_code",
        "area_code",
        "start_date",
        "end_date",
    ];
    let mut ids = HashMap::new();
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.shared_id("unit", row.text("code"));
        let unit = Unit {
            id: id.clone(),
            code: row.text("code").to_owned(),
            kind: row.code("kind", "UNIT_KIND_", UnitKind::from_str_name),
            name: row.required("name").to_owned(),
            parent_id: row.reference("parent_code", &ids),
            area_code: row.required("area_code").to_owned(),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Unit::default()
        };
        row.keep("code", &id, &mut ids);
        push(records, FILE, row.line, Record::Unit(unit));
    }
    ids
}

fn people(reading: &Reading<'_>, records: &mut Records) -> HashMap<String, String> {
    const FILE: &str = "people.csv";
    let mut ids = HashMap::new();
    for row in reading.table(FILE, &["key", "name", "area_code"]).rows() {
        let id = reading.own_id("person", row.text("key"));
        let person = Person {
            id: id.clone(),
            name: row.required("name").to_owned(),
            area_code: row.required("area_code").to_owned(),
            ..Person::default()
        };
        row.keep("key", &id, &mut ids);
        push(records, FILE, row.line, Record::Person(person));
    }
    ids
}

fn appointments(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "appointments.csv";
    let columns = [
        "key",
        "person_key",
        "post",
        "unit_code",
        "area_code",
        "start_date",
        "end_date",
    ];
    let mut keys = HashMap::new();
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.own_id("appointment", row.text("key"));
        row.required("person_key");
        let appointment = Appointment {
            id: id.clone(),
            person_id: row.reference("person_key", &reading.people),
            post: row.code("post", "POST_", Post::from_str_name),
            unit_id: row.reference("unit_code", &reading.units),
            area_code: row.text("area_code").to_owned(),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Appointment::default()
        };
        row.keep("key", &id, &mut keys);
        push(records, FILE, row.line, Record::Appointment(appointment));
    }
}

fn published_figures(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "published_figures.csv";
    let columns = [
        "area_code",
        "figure_key",
        "value",
        "bound",
        "period",
        "as_of_date",
    ];
    for row in reading.table(FILE, &columns).rows() {
        let key = format!(
            "{}:{}",
            row.required("area_code"),
            row.required("figure_key")
        );
        row.required("value");
        let figure = PublishedFigure {
            id: reading.shared_id("published_figure", &key),
            area_code: row.text("area_code").to_owned(),
            figure_key: row.text("figure_key").to_owned(),
            value: row.number("value").unwrap_or_default(),
            bound: row.code("bound", "FIGURE_BOUND_", FigureBound::from_str_name),
            period: row.code("period", "FIGURE_PERIOD_", FigurePeriod::from_str_name),
            as_of_date: row.date("as_of_date"),
            ..PublishedFigure::default()
        };
        push(records, FILE, row.line, Record::PublishedFigure(figure));
    }
}
