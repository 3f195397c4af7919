//! Records with the file, line and columns that they come from, and the problems found in them.

use std::{fmt, sync::Arc};

use serde::Serialize;
use wangge_api::{
    organization::v1 as organization, tickets::v1 as tickets, volunteers::v1 as volunteers,
};

use super::columns::Columns;

/// A problem in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// Name of the file.
    pub file: String,
    /// Number of the line; 0 for the file as a whole.
    pub line: u64,
    /// Column of the file, or several separated by `, `. Empty for the line or the file as a
    /// whole.
    pub field: String,
    /// Reason code of the contracts.
    pub reason: String,
    /// Description of the problem, for a person.
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
        write!(f, ": {} ({})", self.description, self.reason)
    }
}

/// The origin of a record.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// Name of the file.
    pub file: &'static str,
    /// First line of its row.
    pub line: u64,
    /// Columns of the file.
    pub columns: Arc<Columns>,
    /// Parts of the record that come from other rows, each with the path of its field.
    pub parts: Vec<(String, Origin)>,
    /// Names that other records use for this one: its id, and its code if it has one.
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

    /// Sets the names that other records use for it.
    pub(crate) fn named(self, names: &[&str]) -> Self {
        let names = names.iter().map(ToString::to_string).collect();
        Self { names, ..self }
    }

    /// Returns a problem of a field of the record, in terms of the author's files.
    pub(crate) fn problem(&self, field: &str, reason: &str, description: &str) -> Problem {
        // The longest matching path: parts may have parts themselves, and the innermost row is the
        // one to correct.
        let part = self
            .parts
            .iter()
            .filter_map(|(path, part)| Some((path, part, rest(field, path)?)))
            .max_by_key(|(path, ..)| path.len());
        if let Some((_, part, rest)) = part {
            return part.problem(rest, reason, description);
        }
        let (field, description) = self.columns.name(field, description);
        Problem {
            file: self.file.to_owned(),
            line: self.line,
            field,
            reason: reason.to_owned(),
            description,
        }
    }
}

/// Returns the rest of a field's path after `path`, if the field is in it.
fn rest<'f>(field: &'f str, path: &str) -> Option<&'f str> {
    let rest = field.strip_prefix(path)?;
    // `history[1]` must not match `history[11]`.
    match rest.chars().next() {
        None => Some(rest),
        Some('.') => Some(&rest[1..]),
        Some('[') => Some(rest),
        Some(_) => None,
    }
}

/// A record with its origin.
#[derive(Debug, Clone)]
pub(crate) struct Sourced<R> {
    pub origin: Origin,
    pub record: R,
}

/// A code that a record names and the folder doesn't have.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub origin: Origin,
    pub column: &'static str,
    pub code: String,
}

/// All records of a folder, in an order in which they can be imported.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Code of the community.
    pub area_code: String,
    pub organization: Vec<Sourced<organization::import_records_request::Record>>,
    pub tickets: Vec<Sourced<tickets::import_records_request::Record>>,
    pub volunteers: Vec<Sourced<volunteers::import_records_request::Record>>,
    /// Areas that are not in the folder and must exist on the platform.
    pub areas_elsewhere: Vec<Named>,
    /// Categories that are not in the folder and must exist on the platform.
    pub categories_elsewhere: Vec<Named>,
}

impl Records {
    /// Returns the number of records.
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
