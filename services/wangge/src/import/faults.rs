//! Tests with folders that have one fault each, made from the golden data sets: each
//! fault must be found from the files alone, and reported once, at the right place.

use std::{collections::BTreeMap, path::PathBuf};

use encoding_rs::GB18030;

use super::{folder::Folder, records::Problem};

type Files = BTreeMap<String, Vec<u8>>;

fn golden(name: &str) -> Files {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data")
        .join(name);
    let entries = std::fs::read_dir(folder).expect("a data set");
    let mut files = Files::new();
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            files.insert(name, std::fs::read(path).expect("a file"));
        }
    }
    files
}

fn folder(files: Files) -> Folder {
    Folder::of(
        files
            .into_iter()
            .map(|(name, bytes)| (name, Ok(bytes)))
            .collect(),
    )
}

fn told(files: Files) -> Vec<String> {
    let problems = folder(files).records().err().unwrap_or_default();
    problems.iter().map(Problem::to_string).collect()
}

/// Returns the small data set with one occurrence of a text replaced in one file.
fn changed(file: &str, from: &str, to: &str) -> Files {
    let mut files = golden("linhe");
    let text = String::from_utf8(files[file].clone()).expect("UTF-8");
    assert!(text.contains(from), "{file} has no {from}");
    files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    files
}

#[test]
fn the_golden_data_sets_are_taken() {
    for name in ["linhe", "fuqiang"] {
        assert_eq!(told(golden(name)), [""; 0], "{name}");
    }
}

/// One fault a line: the file, a text in it, what replaces it, and how the report begins.
const FAULTS: &str = "
dataset.csv | 2024-11-30 | 2024-02-30 | dataset.csv:6: value: as_of_date is not a valid date
dataset.csv | Asia/Shanghai | Asia/Urumqi | dataset.csv:5: value: time_zone must be Asia/Shanghai
dataset.csv | source, | sauce, | dataset.csv:7: key: sauce is not a key
people.csv | name | nmae | people.csv:1: nmae: there is no such column in the format: did you mean name?
people.csv | name,area_code | name,name | people.csv:1: name: the column appears twice
people.csv | key, | , | people.csv:1: column 1 has no name
appointments.csv | 2019-01-01 | 2019-1-1 | appointments.csv:2: start_date: is not a valid date
households.csv | 2018-03-01 | 2018-3-1 | households.csv:2: start_date: is not a valid date
meetings.csv | 2023-12-31T23:50:00+08:00 | 2023-12-31 23:50:00 | meetings.csv:2: start_time: is not a valid time
units.csv | department | Department | units.csv:
stations.csv | centre | Centre | stations.csv:2: kind: must be one of centre,
stations.csv | centre | unspecified | stations.csv:2: kind: must be one of centre,
resident_roles.csv | o-01 | o_01 | resident_roles.csv:2: key: must be 1 to 64 characters of
livelihood_items.csv | 身份证;情况说明 | 身份证; 情况说明 | livelihood_items.csv:2: materials: is not a valid list
service_posts.csv | ,3, | ,three, | service_posts.csv:2: planned_count: is not a valid number
resident_roles.csv | o-01 | | resident_roles.csv:2: key: is required
people.csv | 罗甲一 | 罗\0甲一 | people.csv:2: name: must not contain the character NUL
resident_roles.csv | o-02 | o-01 | resident_roles.csv:3: key: another row already has this value
buildings.csv | b-1,e-1 | b-1,e-99 | buildings.csv:2: estate_key: estates.csv has no row e-99
duty_list.csv | LJ-URBAN | LJ-RURAL | duty_list.csv:2: unit_code: units.csv has no row LJ-RURAL
deliberations.csv | r-01;r-03 | r-01;r-99 | deliberations.csv:2: raiser_keys: residents.csv has no row r-99
ticket_actions.csv | file,staff-1 | file,罗甲一 | ticket_actions.csv:2: actor_key: must be a key of people.csv
ticket_actions.csv | file,staff-1 | file,staff-99 | ticket_actions.csv:2: actor_key: people.csv has no row staff-99
ticket_actions.csv | file,staff-1, | file,staff-1,o-1 | ticket_actions.csv:2: order_key: is allowed only for actions on an order
ticket_actions.csv | 2023-06-05T09:10:00 | 2023-06-05T08:10:00 | ticket_actions.csv:2: time: must be later
ticket_actions.csv | t-01, | t-99, | ticket_actions.csv:2: ticket_key: tickets.csv has no row t-99
tickets.csv | 105.203,30.403,wgs84 | ,,wgs84 | tickets.csv:2: coordinate_system: is allowed only with longitude and latitude
tickets.csv | 105.203,30.403,wgs84 | 105.203,,wgs84 | tickets.csv:2: latitude: is required
tickets.csv | 105.203,30.403,wgs84 | 105.203,30.403, | tickets.csv:2: coordinate_system: is required
areas.csv | 990101,district | 990102,district | areas.csv:2: code: is neither inside
areas.csv | 990101001003,community | 990101001003,street | areas.csv:4: kind: must be community
addresses.csv | 临河苑2栋 | 临河苑1栋 | addresses.csv:3: text: another row already has this value
units.csv | 临河社区党总支,HW-WORKING-COMMITTEE | 临河社区党总支,LJ-URBAN | units.csv:3: parent_code: must be in a row above
people.csv | 罗甲一 | | people.csv:2: name: is required
appointments.csv | a-01,secretary-1 | a-01,nobody | appointments.csv:2: person_key: people.csv has no row nobody
published_figures.csv | ,7,exact | ,,exact | published_figures.csv:2: value: is required
published_figures.csv | grid_branches | responses_started | published_figures.csv:3: figure_key: another row already
categories.csv | 0601,路灯不亮 | 0101,路灯不亮 | categories.csv:3: code: another row already has this value
categories.csv | calendar_days,2 | calendar_days,two | categories.csv:3: limit_amount: is not a valid number
duty_list.csv | 0103,990101001 | 0101,990101 | duty_list.csv:3: area_code: another row already has this value
registrations.csv | rg-1,official-1,LJ-URBAN | rg-1,official-1, | registrations.csv:2: home_unit_code: is required
check_in_visits.csv | cv-01,rg-1 | cv-01,rg-9 | check_in_visits.csv:2: registration_key: registrations.csv has no row rg-9
check_in_visits.csv | 2022-04-06T09:00:00+08:00 | | check_in_visits.csv:2: visit_time: is required
boundaries.geojson | \"990101001003001\" | \"990101001003002\" | boundaries.geojson:
";

#[test]
fn one_fault_is_told_once_and_where_it_stands() {
    for fault in FAULTS.trim().lines() {
        let parts: Vec<&str> = fault.split('|').map(str::trim).collect();
        let [file, from, to, wanted] = parts[..] else {
            panic!("{fault} has not four parts")
        };
        let told = told(changed(file, from, to));
        assert_eq!(told.len(), 1, "{fault}: {told:#?}");
        assert!(told[0].starts_with(wanted), "{wanted}: {told:#?}");
    }
}

#[test]
fn a_name_that_is_none_of_the_formats_is_refused() {
    let mut files = golden("linhe");
    let actions = files.remove("ticket_actions.csv").expect("actions");
    files.insert("ticket_action.csv".to_owned(), actions);
    let told = told(files);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("ticket_action.csv: ") && told[0].contains("ticket_actions.csv"));
}

#[test]
fn csv_that_is_none_is_told_with_file_and_line() {
    for (file, from, to, wanted) in [
        (
            "people.csv",
            "罗甲一,",
            "罗甲一,,",
            "people.csv:2: has 4 fields",
        ),
        (
            "people.csv",
            "罗甲一",
            "\"罗甲一",
            "people.csv:2: a quote is opened here",
        ),
        (
            "people.csv",
            "罗甲一",
            "罗\"甲一",
            "people.csv:2: a quote appears",
        ),
        (
            "boundaries.geojson",
            "FeatureCollection",
            "Feature",
            "boundaries.geojson",
        ),
    ] {
        let told = told(changed(file, from, to));
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].starts_with(wanted), "{told:#?}");
    }
    let mut files = golden("linhe");
    files.insert("people.csv".to_owned(), Vec::new());
    assert_eq!(told(files).len(), 1);
}

#[test]
fn marks_ends_of_lines_and_encodings_make_no_difference() {
    let ids = |files: Files| -> Vec<String> {
        let records = folder(files).records().expect("records");
        let names = |names: &[String]| names.join(" ");
        let organization = records
            .organization
            .iter()
            .map(|one| names(&one.origin.names));
        let tickets = records
            .tickets
            .iter()
            .map(|one| format!("{:?}", one.record));
        organization.chain(tickets).collect()
    };
    let saved = |save: fn(&str) -> Vec<u8>| -> Files {
        let data = |name: &str| name.ends_with(".csv") && !name.starts_with("expected");
        let files = golden("linhe").into_iter();
        files
            .map(|(name, bytes)| match std::str::from_utf8(&bytes) {
                Ok(text) if data(&name) => (name, save(text)),
                _ => (name, bytes),
            })
            .collect()
    };
    let plain = ids(golden("linhe"));
    let marked = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes();
    assert_eq!(ids(saved(marked)), plain);
    let gb18030: fn(&str) -> Vec<u8> = |text| GB18030.encode(text).0.into_owned();
    assert_eq!(ids(saved(gb18030)), plain);
    assert!(
        folder(saved(gb18030))
            .notes()
            .iter()
            .any(|said| said.starts_with("people.csv"))
    );

    let mut named = saved(gb18030);
    let dataset = named.get_mut("dataset.csv").expect("a dataset");
    dataset.extend_from_slice(b"encoding,GB18030\n");
    assert_eq!(folder(named.clone()).notes(), [""; 0]);
    assert_eq!(ids(named), plain);

    // A blank line and one of commas, as spreadsheets leave them.
    let blank = changed("people.csv", "secretary-1,", "\n,,\nsecretary-1,");
    assert_eq!(ids(blank), plain);
}

#[test]
fn a_file_may_be_missing_but_not_the_rows_that_others_name() {
    let mut files = golden("linhe");
    files.remove("trainings.csv");
    assert_eq!(told(files.clone()), [""; 0]);
    files.remove("dataset.csv");
    assert_eq!(told(files.clone()).len(), 1);
    let mut files = golden("linhe");
    files.remove("estates.csv");
    assert!(
        told(files)
            .iter()
            .all(|line| line.starts_with("buildings.csv:"))
    );
}

#[test]
fn a_community_that_the_folder_lacks_is_looked_up() {
    let mut files = golden("linhe");
    files.remove("areas.csv");
    files.remove("boundaries.geojson");
    let records = folder(files).records().expect("records");
    let named = records.elsewhere.first().expect("a reference");
    let place = (
        named.kind,
        named.origin.file,
        named.origin.line,
        named.column,
    );
    assert_eq!(place, ("area", "dataset.csv", 4, "value"));
}
