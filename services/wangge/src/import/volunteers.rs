//! Files of volunteers' records: registrations, check-in visits, plain records.

use anyhow::Result;
use wangge_api::volunteers::v1::{
    CheckInVisitRecord, ImportRecordsRequest, Registration, import_records_request::Record,
};

use super::{
    columns::Columns,
    folder::Reading,
    plain::{self, File},
    records::{Origin, Records, Sourced},
    table::Keys,
};

/// Files of plain records, ordered so that each only names rows of files before it.
pub(super) const PLAIN: &[File] = &[
    File {
        name: "volunteers.csv",
        kind: "volunteer",
    },
    File {
        name: "teams.csv",
        kind: "team",
    },
    File {
        name: "team_members.csv",
        kind: "team_member",
    },
    File {
        name: "service_posts.csv",
        kind: "service_post",
    },
    File {
        name: "post_holders.csv",
        kind: "post_holder",
    },
    File {
        name: "stations.csv",
        kind: "station",
    },
    File {
        name: "functional_areas.csv",
        kind: "functional_area",
    },
    File {
        name: "catalogue_items.csv",
        kind: "catalogue_item",
    },
    File {
        name: "provider_contracts.csv",
        kind: "provider_contract",
    },
    File {
        name: "subsidy_entries.csv",
        kind: "subsidy_entry",
    },
    File {
        name: "service_events.csv",
        kind: "service_event",
    },
    File {
        name: "shifts.csv",
        kind: "shift",
    },
    File {
        name: "trainings.csv",
        kind: "training",
    },
    File {
        name: "needs.csv",
        kind: "need",
    },
    File {
        name: "resources.csv",
        kind: "resource",
    },
    File {
        name: "need_matches.csv",
        kind: "need_match",
    },
    File {
        name: "projects.csv",
        kind: "project",
    },
    File {
        name: "project_claims.csv",
        kind: "project_claim",
    },
    File {
        name: "beneficiaries.csv",
        kind: "beneficiary",
    },
    File {
        name: "wishes.csv",
        kind: "wish",
    },
    File {
        name: "recurring_sessions.csv",
        kind: "recurring_session",
    },
    File {
        name: "closed_days.csv",
        kind: "closed_day",
    },
    File {
        name: "bookings.csv",
        kind: "booking",
    },
    File {
        name: "deliveries.csv",
        kind: "delivery",
    },
    File {
        name: "service_records.csv",
        kind: "service_record",
    },
    File {
        name: "station_visits.csv",
        kind: "station_visit",
    },
    File {
        name: "agency_cases.csv",
        kind: "agency_case",
    },
    File {
        name: "station_duties.csv",
        kind: "station_duty",
    },
    File {
        name: "venue_routes.csv",
        kind: "venue_route",
    },
    File {
        name: "route_venues.csv",
        kind: "route_venue",
    },
];
/// Name of the import stream's message.
const STREAM: &str = "wangge.volunteers.v1.ImportRecordsRequest";

/// Reads registrations, then check-in visits, then plain records.
pub(super) fn read(reading: &Reading<'_>, records: &mut Records) -> Result<()> {
    let registrations = registrations(reading, records);
    visits(reading, records, &registrations);
    for (origin, row) in plain::read::<ImportRecordsRequest>(reading, STREAM, PLAIN)? {
        if let Some(record) = row.record {
            push(records, origin, record);
        }
    }
    Ok(())
}

fn registrations(reading: &Reading<'_>, records: &mut Records) -> Keys {
    const FILE: &str = "registrations.csv";
    let columns = Columns::of(
        &[
            "key",
            "person_key",
            "home_unit_code",
            "area_code",
            "start_date",
            "end_date",
        ],
        &[
            ("id", "key"),
            ("person_id", "person_key"),
            ("home_unit_id", "home_unit_code"),
        ],
    );
    let mut keys = Keys::of(FILE);
    for row in reading.table(FILE, &columns).rows() {
        let id = reading.own_id("registration", row.text("key"));
        for column in ["person_key", "home_unit_code", "area_code"] {
            row.required(column);
        }
        let registration = Registration {
            id: id.clone(),
            person_id: row.reference("person_key", reading.keys("person")),
            home_unit_id: row.reference("home_unit_code", reading.keys("unit")),
            area_code: reading.area_code(row, "area_code"),
            start_date: row.date("start_date"),
            end_date: row.date("end_date"),
            ..Registration::default()
        };
        row.keep("key", &id, &mut keys);
        let origin = row.origin().named(&[&id]);
        push(records, origin, Record::Registration(registration));
    }
    keys
}

fn visits(reading: &Reading<'_>, records: &mut Records, registrations: &Keys) {
    const FILE: &str = "check_in_visits.csv";
    let columns = Columns::of(
        &[
            "key",
            "registration_key",
            "visit_time",
            "handled",
            "voided_time",
            "void_reason",
        ],
        &[("id", "key"), ("registration_id", "registration_key")],
    );
    let mut keys = Keys::of(FILE);
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
        let origin = row.origin().named(&[&id]);
        push(records, origin, Record::CheckInVisit(visit));
    }
}

fn push(records: &mut Records, origin: Origin, record: Record) {
    records.volunteers.push(Sourced { origin, record });
}
