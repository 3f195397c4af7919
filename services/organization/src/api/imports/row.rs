//! A row on the wire: read as a draft, answered as a result.

use uuid::Uuid;
use wangge_api::{
    codec::check,
    organization::v1::import_records_request::Record,
    refusal::{FieldViolation, Refusal, reason_name},
    types::v1::{RecordVersion, RowOutcome, RowResult, RowViolation},
};

use crate::{
    api::{addresses, appointments, areas, figures, people, units, wire},
    commands::import_records::{Draft, Outcome, Row},
};

/// By what a row's result is known again.
#[derive(Debug)]
pub(super) struct Label {
    number: i64,
    /// The field of the message that holds the record.
    record: &'static str,
}

/// A row that was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) label: Label,
    pub(super) row: Row,
}

/// Reads a row. One that breaks the contract's rules is a refusal, which is
/// answered in its turn.
pub(super) fn read(number: i64, record: Record) -> Read {
    let name = match &record {
        Record::Area(_) => "area",
        Record::Address(_) => "address",
        Record::Unit(_) => "unit",
        Record::Person(_) => "person",
        Record::Appointment(_) => "appointment",
        Record::PublishedFigure(_) => "published_figure",
    };
    Read {
        label: Label {
            number,
            record: name,
        },
        row: draft(record),
    }
}

fn draft(record: Record) -> Row {
    Ok(match record {
        Record::Area(area) => {
            check(&area)?;
            let id = id(&area.id)?;
            Draft::Area(areas::draft(area, id.into())?)
        }
        Record::Address(address) => {
            check(&address)?;
            let id = id(&address.id)?;
            Draft::Address(addresses::draft(address, id.into()))
        }
        Record::Unit(unit) => {
            check(&unit)?;
            let id = id(&unit.id)?;
            Draft::Unit(units::draft(unit, id.into())?)
        }
        Record::Person(person) => {
            check(&person)?;
            let id = id(&person.id)?;
            Draft::Person(people::draft(person, id.into()))
        }
        Record::Appointment(appointment) => {
            check(&appointment)?;
            let id = id(&appointment.id)?;
            Draft::Appointment(appointments::draft(appointment, id.into())?)
        }
        Record::PublishedFigure(figure) => {
            check(&figure)?;
            let id = id(&figure.id)?;
            Draft::Figure(figures::draft(figure, id.into())?)
        }
    })
}

fn id(text: &str) -> Result<Uuid, Refusal> {
    wire::id(text, "id")
}

/// A row's result.
pub(super) fn result(label: &Label, outcome: Outcome) -> RowResult {
    let (outcome, violations, version) = match outcome {
        Outcome::Imported(id) => (RowOutcome::Imported, Vec::new(), Some((id, 1))),
        Outcome::Unchanged(id, revision) => {
            (RowOutcome::Unchanged, Vec::new(), Some((id, revision)))
        }
        Outcome::Valid => (RowOutcome::Valid, Vec::new(), None),
        Outcome::Refused(refusal) => (RowOutcome::Refused, violations(label, refusal), None),
    };
    RowResult {
        row_number: label.number,
        outcome: outcome.into(),
        violations,
        version: version.map(|(id, revision)| RecordVersion {
            record_id: id.to_string(),
            revision,
        }),
    }
}

/// Why a row was refused, with paths within the row's record.
fn violations(label: &Label, refusal: Refusal) -> Vec<RowViolation> {
    let reason = reason_name(refusal.reason).to_owned();
    let mut fields = refusal.fields;
    if fields.is_empty() {
        let guard = refusal.preconditions.into_iter().next();
        let description =
            guard.map_or(refusal.message, |(guard, _, why)| format!("{guard}: {why}"));
        fields.push(FieldViolation::new("", "", description));
    }
    let prefix = format!("{}.", label.record);
    fields
        .into_iter()
        .map(|violation| RowViolation {
            field: violation
                .field
                .strip_prefix(&prefix)
                .unwrap_or(&violation.field)
                .to_owned(),
            reason: reason.clone(),
            description: violation.description,
        })
        .collect()
}
