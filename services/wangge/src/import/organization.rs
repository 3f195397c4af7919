//! Reads the files of organization's records.

use std::collections::{BTreeMap, HashSet};

use anyhow::Result;
use wangge_api::organization::v1::{
    Address, Appointment, Area, AreaKind, FigureBound, FigurePeriod, ImportRecordsRequest, Person,
    Post, PublishedFigure, Unit, UnitKind, import_records_request::Record,
};

use super::{
    columns::Columns,
    dataset,
    folder::Reading,
    notation,
    plain::{self, File},
    records::{Named, Origin, Records, Sourced},
    table::Keys,
};

/// Files of plain records, ordered so that each references only rows of the files before
/// it.
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
/// Full name of the import stream's message.
const STREAM: &str = "wangge.organization.v1.ImportRecordsRequest";

const BOUNDARIES: &str = "boundaries.geojson";

/// Reads areas with boundaries, addresses, units, people, appointments, published
/// figures and plain records, in the order in which they can be imported.
pub(super) fn read(reading: &mut Reading<'_>, records: &mut Records) -> Result<()> {
    // Before the files whose area codes are checked against them.
    let codes = areas(reading, records);
    reading.take_areas(codes);
    addresses(reading, records);
    units(reading, records);
    people(reading, records);
    appointments(reading, records);
    published_figures(reading, records);
    for (origin, row) in plain::read::<ImportRecordsRequest>(reading, STREAM, PLAIN)? {
        if let Some(record) = row.record {
            push(records, origin, record);
        }
    }
    Ok(())
}

fn push(records: &mut Records, origin: Origin, record: Record) {
    records.organization.push(Sourced { origin, record });
}

/// Reads areas and returns their codes.
fn areas(reading: &Reading<'_>, records: &mut Records) -> HashSet<String> {
    const FILE: &str = "areas.csv";
    let mut boundaries = boundaries(reading);
    let columns = Columns::of(
        &[
            "code",
            "kind",
            "name",
            "parent_code",
            "start_date",
            "end_date",
        ],
        &[("id", "code")],
    );
    let community = reading.dataset().area_code.as_str();
    let table = reading.table(FILE, &columns);
    let mut keys = Keys::of(FILE);
    let mut codes = HashSet::new();
    for row in table.rows() {
        let code = row.required("code");
        let id = reading.shared_id("area", code);
        if !code.is_empty() && !notation::is_area_code(code) {
            row.problem("code", "must be 6 to 32 digits");
        } else if !code.starts_with(community) && !community.starts_with(code) {
            let why = format!(
                "is neither inside {community} nor one of its ancestors: a folder contains one \
                 community"
            );
            row.problem("code", &why);
        }
        row.once("code", code, &id, &mut keys);
        // Even if it is invalid: the mistake is reported here, not again at every row
        // that references the area.
        codes.insert(code.to_owned());
        row.required("kind");
        let kind = row.code("kind", "AREA_KIND_", AreaKind::from_str_name);
        if code == community && kind != i32::from(AreaKind::Community) {
            row.problem(
                "kind",
                "must be community: dataset.csv names this area as the community",
            );
        }
        let mut origin = row.origin().named(&[&id, code]);
        let boundary = boundaries.remove(code);
        if let Some((line, _)) = &boundary {
            // A violation of the boundary is reported in the GeoJSON file, not in areas.csv.
            let geometry = Columns::of(&["geometry"], &[]);
            let part = Origin::new(BOUNDARIES, *line, &geometry);
            origin.parts.push(("boundary_geojson".to_owned(), part));
        }
        let area = Area {
            id,
            code: code.to_owned(),
            kind,
            name: row.required("name").to_owned(),
            parent_code: row.text("parent_code").to_owned(),
            boundary_geojson: boundary.map(|(_, text)| text).unwrap_or_default(),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Area::default()
        };
        push(records, origin, Record::Area(area));
    }
    // What is left belongs to no area of the folder and would be lost silently.
    for (code, (line, _)) in boundaries {
        let what = format!("areas.csv has no row {code}");
        let problems = &reading.problems;
        problems.add(BOUNDARIES, line, "area_code", "REFERENCE_UNKNOWN", &what);
    }
    if !codes.contains(community) {
        // Then it must exist on the platform, which is checked later.
        let columns = Columns::of(&["value"], &[]);
        records.areas_elsewhere.push(Named {
            origin: Origin::new(dataset::FILE, reading.dataset().area_line, &columns),
            column: "value",
            code: community.to_owned(),
        });
    }
    codes
}

/// Reads the boundaries by area code, each with the line of the code.
fn boundaries(reading: &Reading<'_>) -> BTreeMap<String, (u64, String)> {
    let text = reading.text(BOUNDARIES);
    let mut boundaries = BTreeMap::new();
    if text.is_empty() {
        return boundaries;
    }
    let refuse = |line: u64, field: &str, reason: &str, why: &str| {
        reading.problems.add(BOUNDARIES, line, field, reason, why);
    };
    let collection = match serde_json::from_str::<geojson::FeatureCollection>(text) {
        Ok(collection) => collection,
        Err(error) => {
            let line = u64::try_from(error.line()).unwrap_or_default();
            let why = format!("is not a GeoJSON FeatureCollection: {error}");
            refuse(line, "", "FILE_INVALID", &why);
            return boundaries;
        }
    };
    for (number, feature) in collection.features.iter().enumerate() {
        let code = feature.property("area_code").and_then(|code| code.as_str());
        let (Some(code), Some(geometry)) = (code, &feature.geometry) else {
            let what = format!(
                "feature {} must have a string properties.area_code and a geometry",
                number + 1
            );
            refuse(0, "features", "FIELD_INVALID", &what);
            continue;
        };
        // A duplicate is reported at the second occurrence of the code.
        let again = usize::from(boundaries.contains_key(code));
        let line = line_of(text, &format!("\"{code}\""), again);
        if again > 0 {
            let what = format!("{code} already has a boundary");
            refuse(line, "area_code", "RECORD_EXISTS", &what);
        }
        boundaries.insert(code.to_owned(), (line, geometry.to_string()));
    }
    boundaries
}

/// Returns the line of an occurrence of a text, after `skipped` others; 0 if there is
/// none. Needed since the JSON parser doesn't report the positions of values.
fn line_of(text: &str, wanted: &str, skipped: usize) -> u64 {
    let found = text.match_indices(wanted).nth(skipped);
    let before = found.and_then(|(place, _)| text.get(..place));
    before.map_or(0, |before| {
        u64::try_from(before.matches('\n').count() + 1).unwrap_or_default()
    })
}

fn addresses(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "addresses.csv";
    let columns = Columns::of(&["text", "area_code"], &[("id", "text")]);
    let mut keys = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let text = row.required("text");
        let id = reading.own_id("address", text);
        row.once("text", text, &id, &mut keys);
        let address = Address {
            id: id.clone(),
            text: text.to_owned(),
            area_code: row.required("area_code").to_owned(),
            ..Address::default()
        };
        push(
            records,
            row.origin().named(&[&id]),
            Record::Address(address),
        );
    }
}

fn units(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "units.csv";
    let columns = Columns::of(
        &[
            "code",
            "kind",
            "name",
            "parent_code",
            "area_code",
            "start_date",
            "end_date",
        ],
        &[("id", "code"), ("parent_id", "parent_code")],
    );
    // Rows are imported in file order, so a unit's parent must be above it.
    let mut above = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.shared_id("unit", row.text("code"));
        let parent = row.text("parent_code");
        // A parent in no row at all is reported by `reference` below.
        let is_below = above.id(parent).is_none() && reading.keys("unit").id(parent).is_some();
        if is_below {
            row.problem(
                "parent_code",
                "must be in a row above the one that references it",
            );
        }
        row.required("kind");
        let unit = Unit {
            id: id.clone(),
            code: row.text("code").to_owned(),
            kind: row.code("kind", "UNIT_KIND_", UnitKind::from_str_name),
            name: row.required("name").to_owned(),
            parent_id: row.reference("parent_code", reading.keys("unit")),
            area_code: row.required("area_code").to_owned(),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Unit::default()
        };
        row.keep("code", &id, &mut above);
        push(records, row.origin().named(&[&id]), Record::Unit(unit));
    }
}

fn people(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "people.csv";
    let columns = Columns::of(&["key", "name", "area_code"], &[("id", "key")]);
    let mut keys = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.own_id("person", row.text("key"));
        let person = Person {
            id: id.clone(),
            name: row.required("name").to_owned(),
            area_code: row.required("area_code").to_owned(),
            ..Person::default()
        };
        row.keep("key", &id, &mut keys);
        push(records, row.origin().named(&[&id]), Record::Person(person));
    }
}

fn appointments(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "appointments.csv";
    let columns = Columns::of(
        &[
            "key",
            "person_key",
            "post",
            "unit_code",
            "area_code",
            "start_date",
            "end_date",
        ],
        &[
            ("id", "key"),
            ("person_id", "person_key"),
            ("unit_id", "unit_code"),
        ],
    );
    let mut keys = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.own_id("appointment", row.text("key"));
        row.required("person_key");
        row.required("post");
        let appointment = Appointment {
            id: id.clone(),
            person_id: row.reference("person_key", reading.keys("person")),
            post: row.code("post", "POST_", Post::from_str_name),
            unit_id: row.reference("unit_code", reading.keys("unit")),
            area_code: row.text("area_code").to_owned(),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Appointment::default()
        };
        row.keep("key", &id, &mut keys);
        push(
            records,
            row.origin().named(&[&id]),
            Record::Appointment(appointment),
        );
    }
}

fn published_figures(reading: &Reading<'_>, records: &mut Records) {
    const FILE: &str = "published_figures.csv";
    let columns = Columns::of(
        &[
            "figure_key",
            "area_code",
            "value",
            "bound",
            "period",
            "as_of_date",
        ],
        &[("id", "figure_key")],
    );
    let mut keys = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let (area, figure) = (row.required("area_code"), row.required("figure_key"));
        let key = format!("{area}:{figure}");
        let id = reading.shared_id("published_figure", &key);
        row.once("figure_key", &key, &id, &mut keys);
        for column in ["value", "bound", "period"] {
            row.required(column);
        }
        let published = PublishedFigure {
            id: id.clone(),
            area_code: area.to_owned(),
            figure_key: figure.to_owned(),
            value: row.number("value").unwrap_or_default(),
            bound: row.code("bound", "FIGURE_BOUND_", FigureBound::from_str_name),
            period: row.code("period", "FIGURE_PERIOD_", FigurePeriod::from_str_name),
            as_of_date: row.date("as_of_date"),
            ..PublishedFigure::default()
        };
        push(
            records,
            row.origin().named(&[&id]),
            Record::PublishedFigure(published),
        );
    }
}
