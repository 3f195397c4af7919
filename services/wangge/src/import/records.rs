//! Records with their origin: file, line and columns. Maps violations that services
//! report for fields to problems at the place that the author of the files knows.

use std::{fmt, sync::Arc};

use serde::Serialize;
use wangge_api::{
    organization::v1 as organization, refusal::Guard, tickets::v1 as tickets,
    types::v1::RowViolation, volunteers::v1 as volunteers,
};

use super::columns::Columns;

/// A problem in a file, at a line and column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// Name of the file.
    pub file: String,
    /// Line number, from 1; 0 for the file as a whole.
    pub line: u64,
    /// Name of the column; several are separated by `, `. Empty for the line or the
    /// file as a whole.
    pub field: String,
    /// Reason code, e.g. `FIELD_INVALID`.
    pub reason: String,
    /// Name of the guard that failed; empty if none did.
    pub guard: &'static str,
    /// Description of the problem for a person.
    pub description: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.field.is_empty() {
            write!(f, ": {}", self.field)?;
        }
        write!(f, ": {} ({}", self.description, self.reason)?;
        if !self.guard.is_empty() {
            write!(f, ": {}", self.guard)?;
        }
        f.write_str(")")
    }
}

/// The place that a record was read from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Name of the file.
    pub file: &'static str,
    /// Line on which the row starts.
    pub line: u64,
    /// Columns of the file.
    pub columns: Arc<Columns>,
    /// Parts of the record that were read from other rows, each with the path of its
    /// field, e.g. `history[1]`.
    pub parts: Vec<(String, Origin)>,
    /// The names that other records reference this one by: its id, and its code if it
    /// has one.
    pub names: Vec<String>,
}

impl Origin {
    /// Creates the origin of a row.
    pub(crate) fn new(file: &'static str, line: u64, columns: &Arc<Columns>) -> Self {
        Self {
            file,
            line,
            columns: columns.clone(),
            parts: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Sets the names that other records reference it by.
    pub(crate) fn named(self, names: &[&str]) -> Self {
        let names = names.iter().map(ToString::to_string).collect();
        Self { names, ..self }
    }

    /// Converts a violation of a field to a problem in terms of the files: the row and
    /// column that the field was read from.
    pub(crate) fn problem(&self, field: &str, reason: &str, description: &str) -> Problem {
        self.problem_of(field, None, reason, description)
    }

    /// Converts a violation of a row, which for a guard is told at the columns that it
    /// depends on.
    pub(crate) fn violation(&self, violation: &RowViolation) -> Problem {
        let guard = Guard::from_code(violation.guard);
        let (reason, description) = (&violation.reason, &violation.description);
        self.problem_of(&violation.field, guard, reason, description)
    }

    fn problem_of(
        &self,
        field: &str,
        guard: Option<Guard>,
        reason: &str,
        description: &str,
    ) -> Problem {
        // If several paths match, they are nested, and the longest is the innermost part.
        let part = self
            .parts
            .iter()
            .filter_map(|(path, part)| Some((path, part, rest(field, path)?)))
            .max_by_key(|(path, ..)| path.len());
        if let Some((_, part, rest)) = part {
            return part.problem_of(rest, guard, reason, description);
        }
        Problem {
            file: self.file.to_owned(),
            line: self.line,
            field: self.columns.name(field, guard),
            reason: reason.to_owned(),
            guard: guard.map(Guard::name).unwrap_or_default(),
            description: self.columns.reword(description),
        }
    }
}

/// Returns the rest of a field's path below `path`; `None` if it isn't below it.
fn rest<'f>(field: &'f str, path: &str) -> Option<&'f str> {
    let rest = field.strip_prefix(path)?;
    match rest.chars().next() {
        None => Some(rest),
        Some('.') => Some(&rest[1..]),
        Some('[') => Some(rest),
        // A longer name that only begins alike: `order_id` isn't part of `order`.
        Some(_) => None,
    }
}

/// A record and its origin.
#[derive(Debug, Clone)]
pub(crate) struct Sourced<R> {
    pub origin: Origin,
    pub record: R,
}

/// A reference to a code that the folder doesn't define.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// Kind of the referenced record.
    pub kind: &'static str,
    pub origin: Origin,
    pub column: &'static str,
    pub code: String,
}

/// All records of a folder, in the order in which they can be imported.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Area code of the community.
    pub area_code: String,
    pub organization: Vec<Sourced<organization::import_records_request::Record>>,
    pub tickets: Vec<Sourced<tickets::import_records_request::Record>>,
    pub volunteers: Vec<Sourced<volunteers::import_records_request::Record>>,
    /// References to records that must exist on the platform.
    pub elsewhere: Vec<Named>,
}

impl Records {
    /// Returns the total number of records of all services.
    pub(crate) fn len(&self) -> usize {
        self.organization.len() + self.tickets.len() + self.volunteers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(file: &'static str, line: u64, names: &[&str], fields: &[(&str, &str)]) -> Origin {
        Origin::new(file, line, &Columns::of(names, fields))
    }

    #[test]
    fn a_fault_is_told_where_the_author_finds_it() {
        let order = origin(
            "ticket_actions.csv",
            4,
            &["time", "unit_code"],
            &[("unit_id", "unit_code")],
        );
        let act = Origin {
            parts: vec![("orders[1]".to_owned(), order)],
            ..origin(
                "ticket_actions.csv",
                3,
                &["time", "action"],
                &[("action_time", "time")],
            )
        };
        let ticket = Origin {
            parts: vec![("history[1]".to_owned(), act)],
            ..origin("tickets.csv", 2, &["key", "title"], &[("id", "key")])
        };
        let told = |field: &str| {
            ticket
                .problem(field, "FIELD_INVALID", "is wrong")
                .to_string()
        };
        assert_eq!(
            told("title"),
            "tickets.csv:2: title: is wrong (FIELD_INVALID)"
        );
        assert_eq!(told("id"), "tickets.csv:2: key: is wrong (FIELD_INVALID)");
        assert_eq!(
            told("history[1].action_time"),
            "ticket_actions.csv:3: time: is wrong (FIELD_INVALID)"
        );
        assert_eq!(
            told("history[1].orders[1].unit_id"),
            "ticket_actions.csv:4: unit_code: is wrong (FIELD_INVALID)"
        );
        assert_eq!(
            told("history[11].action"),
            "tickets.csv:2: key: is wrong (FIELD_INVALID)"
        );
    }
}
