//! Conversion of one row: read as a draft, returned as a result.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_api::{
    codec::check, organization::v1::import_records_request::Record, refusal::Refusal,
    types::v1::RowResult,
};
use wangge_record_import::rows;
use wangge_server::import;

use crate::{
    api::{addresses, appointments, areas, figures, people, units, wire},
    commands::import_records::{Draft, Outcome, Plain, Row},
    domain::{
        building::Building, estate::Estate, household::Household, membership::Membership,
        need_tag::NeedTag, resident::Resident, resident_role::ResidentRole, seat::Seat,
    },
};

/// What identifies a row in its result.
#[derive(Debug)]
pub(super) struct Label {
    number: i64,
    /// Prefix of the record's fields in requests that have only this record.
    prefix: &'static str,
}

/// Reads a row. A row that violates the contract is returned as a refusal, so that it
/// is reported in the order of the stream.
pub(super) fn read(row: import::Row<Record>, now: DateTime<Utc>) -> (Label, Row) {
    let prefix = match &row.record {
        Record::Area(_) => "area.",
        Record::Address(_) => "address.",
        Record::Unit(_) => "unit.",
        Record::Person(_) => "person.",
        Record::Appointment(_) => "appointment.",
        Record::PublishedFigure(_) => "published_figure.",
        Record::Estate(_) => "estate.",
        Record::Building(_) => "building.",
        Record::Household(_) => "household.",
        Record::Resident(_) => "resident.",
        Record::NeedTag(_) => "need_tag.",
        Record::ResidentRole(_) => "resident_role.",
        Record::Membership(_) => "membership.",
        Record::Seat(_) => "seat.",
    };
    (
        Label {
            number: row.number,
            prefix,
        },
        draft(row.record, now),
    )
}

fn draft(record: Record, now: DateTime<Utc>) -> Row {
    Ok(match record {
        // The codec validates whole requests, not the rows within a stream, so each row
        // is checked here.
        Record::Area(area) => {
            check(&area)?;
            let id = id(&area.id)?;
            let row = rows::digest(&area);
            Draft::Area(areas::draft(area, id.into())?, row)
        }
        Record::Address(address) => {
            check(&address)?;
            let id = id(&address.id)?;
            Draft::Address(addresses::draft(address, id.into()))
        }
        Record::Unit(unit) => {
            check(&unit)?;
            let id = id(&unit.id)?;
            let row = rows::digest(&unit);
            Draft::Unit(units::draft(unit, id.into())?, row)
        }
        Record::Person(person) => {
            check(&person)?;
            let id = id(&person.id)?;
            Draft::Person(people::draft(person, id.into()))
        }
        Record::Appointment(appointment) => {
            check(&appointment)?;
            let id = id(&appointment.id)?;
            let row = rows::digest(&appointment);
            Draft::Appointment(appointments::draft(appointment, id.into())?, row)
        }
        Record::PublishedFigure(figure) => {
            check(&figure)?;
            let id = id(&figure.id)?;
            Draft::Figure(figures::draft(figure, id.into())?)
        }
        Record::Estate(message) => plain(rows::draft::<Estate>(message, now)?),
        Record::Building(message) => plain(rows::draft::<Building>(message, now)?),
        Record::Household(message) => plain(rows::draft::<Household>(message, now)?),
        Record::Resident(message) => plain(rows::draft::<Resident>(message, now)?),
        Record::NeedTag(message) => plain(rows::draft::<NeedTag>(message, now)?),
        Record::ResidentRole(message) => plain(rows::draft::<ResidentRole>(message, now)?),
        Record::Membership(message) => plain(rows::draft::<Membership>(message, now)?),
        Record::Seat(message) => plain(rows::draft::<Seat>(message, now)?),
    })
}

fn plain(record: impl Into<Plain>) -> Draft {
    Draft::Plain(record.into())
}

fn id(text: &str) -> Result<Uuid, Refusal> {
    wire::id(text, "id")
}

/// Converts the outcome of a row to its result.
pub(super) fn result(label: &Label, outcome: Outcome) -> RowResult {
    match outcome {
        Outcome::Imported(id, revision) => import::imported(label.number, id, revision),
        Outcome::Unchanged(id, revision) => import::unchanged(label.number, id, revision),
        Outcome::Valid => import::valid(label.number),
        Outcome::Refused(refusal) => import::refused(label.number, &refusal, label.prefix),
    }
}
