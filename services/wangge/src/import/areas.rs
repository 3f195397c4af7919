//! Reads areas.csv with boundaries.geojson: an area's boundary is in the feature with its
//! code. The areas are those of one community, and those around it.

use std::collections::BTreeMap;

use wangge_api::organization::v1::{Area, AreaKind, import_records_request::Record};

use super::{
    columns::Columns,
    dataset,
    files::BOUNDARIES,
    folder::Reading,
    format::File,
    notation,
    records::{Named, Origin, Sourced},
    table::{Keys, Row},
};

/// A boundary: the line of its area's code, and the geometry.
type Boundary = (u64, String);

/// Reads the areas.
pub(super) fn read(reading: &Reading<'_>, file: &'static File) -> Vec<Sourced<Record>> {
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
    let mut keys = Keys::of(file.name());
    let mut areas = Vec::new();
    for row in reading.table(file.name(), &columns).rows() {
        let code = row.required("code");
        row.require(file.required_columns());
        let id = reading.id(file, code);
        check_code(row, code, reading.folder.area_code());
        row.once("code", code, &id, &mut keys);
        let boundary = boundaries.remove(code);
        let mut origin = row.origin().named(&[&id, code]);
        if let Some((line, _)) = &boundary {
            // A violation of the boundary is reported in the GeoJSON file, not in areas.csv.
            let geometry = Columns::of(&["geometry"], &[]);
            let part = Origin::new(BOUNDARIES, *line, &geometry);
            origin.parts.push(("boundary_geojson".to_owned(), part));
        }
        let record = Record::Area(area(reading, row, id, boundary));
        areas.push(Sourced { origin, record });
    }
    // What is left belongs to no area of the folder and would be lost silently.
    for (code, (line, _)) in boundaries {
        let what = format!("{} has no row {code}", file.name());
        let problems = &reading.problems;
        problems.add(BOUNDARIES, line, "area_code", "REFERENCE_UNKNOWN", &what);
    }
    require_community(reading, file);
    areas
}

fn check_code(row: Row<'_>, code: &str, community: &str) {
    if !code.is_empty() && !notation::is_area_code(code) {
        row.problem("code", "must be 6 to 32 digits");
    } else if !code.starts_with(community) && !community.starts_with(code) {
        let why = format!(
            "is neither inside {community} nor one of its ancestors: a folder contains one \
             community"
        );
        row.problem("code", &why);
    }
}

fn area(reading: &Reading<'_>, row: Row<'_>, id: String, boundary: Option<Boundary>) -> Area {
    let kind = row.code("kind", "AREA_KIND_", AreaKind::from_str_name);
    let code = row.text("code");
    if code == reading.folder.area_code() && kind != i32::from(AreaKind::Community) {
        row.problem(
            "kind",
            "must be community: dataset.csv names this area as the community",
        );
    }
    Area {
        id,
        code: code.to_owned(),
        kind,
        name: row.text("name").to_owned(),
        parent_code: row.text("parent_code").to_owned(),
        boundary_geojson: boundary.map(|(_, text)| text).unwrap_or_default(),
        start_date: row.date("start_date"),
        end_date: row.date("end_date"),
        ..Area::default()
    }
}

/// Records the data set's community if the folder doesn't define it: then it must exist on
/// the platform, which is checked later.
fn require_community(reading: &Reading<'_>, file: &File) {
    let dataset = reading.dataset();
    if reading.keys(file.kind()).id(&dataset.area_code).is_none() {
        let columns = Columns::of(&["value"], &[]);
        reading.look_up(Named {
            kind: "area",
            origin: Origin::new(dataset::FILE, dataset.area_line, &columns),
            column: "value",
            code: dataset.area_code.clone(),
        });
    }
}

/// Reads the boundaries by area code, each with the line of the code.
fn boundaries(reading: &Reading<'_>) -> BTreeMap<String, Boundary> {
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
