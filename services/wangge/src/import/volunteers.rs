//! Files of volunteers' records: officials' registrations and visits.

use std::collections::HashMap;

use wangge_api::volunteers::v1::{
    CheckInVisitRecord, Registration, import_records_request::Record,
};

use super::{
    folder::Reading,
    records::{Records, Sourced},
};

/// Reads registrations, then visits.
pub(super) fn read(reading: &Reading<'_>, records: &mut Records) {
    let registrations = registrations(reading, records);
    visits(reading, records, &registrations);
}

fn registrations(reading: &Reading<'_>, records: &mut Records) -> HashMap<String, String> {
    const FILE: &str = "registrations.csv";
    let columns = [
        "key",
        "person_key",
        "home_unit_code",
        "area_code",
        "start_date",
        "end_date",
    ];
    let mut ids = HashMap::new();
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.own_id("registration", row.text("key"));
        row.required("person_key");
        row.required("home_unit_code");
        let registration = Registration {
            id: id.clone(),
            person_id: row.reference("person_key", &reading.people),
            home_unit_id: row.reference("home_unit_code", &reading.units),
            area_code: row.required("area_code").to_owned(),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Registration::default()
        };
        row.keep("key", &id, &mut ids);
        push(records, FILE, row.line, Record::Registration(registration));
    }
    ids
}

fn visits(reading: &Reading<'_>, records: &mut Records, registrations: &HashMap<String, String>) {
    const FILE: &str = "check_in_visits.csv";
    let columns = [
        "key",
        "registration_key",
        "visit_time",
        "handled",
        "voided_time",
        "void_reason",
    ];
    let mut keys = HashMap::new();
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.own_id("check_in_visit", row.text("key"));
        row.required("registration_key");
        row.required("visit_time");
        let visit = CheckInVisitRecord {
            id: id.clone(),
            registration_id: row.reference("registration_key", registrations),
            visit_time: row.time("visit_time"),
            handled: row.required("handled").to_owned(),
            voided_time: row.time("voided_time"),
            void_reason: row.text("void_reason").to_owned(),
        };
        row.keep("key", &id, &mut keys);
        push(records, FILE, row.line, Record::CheckInVisit(visit));
    }
}

fn push(records: &mut Records, file: &'static str, line: u64, record: Record) {
    records.volunteers.push(Sourced {
        file,
        line,
        history: Vec::new(),
        record,
    });
}
