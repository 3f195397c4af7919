//! Records with the file, line and columns that each came from, and what is
//! wrong with them.

use std::{fmt, sync::Arc};

use serde::Serialize;
use wangge_api::{
    organization::v1 as organization, tickets::v1 as tickets, volunteers::v1 as volunteers,
};

use super::columns::Columns;

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// Name of the file.
    pub file: String,
    /// Number of the line; 0 for the file as a whole.
    pub line: u64,
    /// Column of the file; several are separated by `, `. Empty for the line or
    /// the file as a whole.
    pub field: String,
    /// Reason, as the contracts name it.
    pub reason: String,
    /// What is wrong, for a person.
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

/// Where a record came from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The file.
    pub file: &'static str,
    /// The line on which its row begins.
    pub line: u64,
    /// The file's columns.
    pub columns: Arc<Columns>,
    /// Parts of the record that came from elsewhere, each with the path of its
    /// field.
    pub parts: Vec<(String, Origin)>,
    /// By what other records name this one: its id, and its code if it has one.
    pub names: Vec<String>,
}

impl Origin {
    /// A row.
    pub(crate) fn new(file: &'static str, line: u64, columns: &Arc<Columns>) -> Self {
        Self {
            file,
            line,
            columns: columns.clone(),
            parts: Vec::new(),
            names: Vec::new(),
        }
    }

    /// By what other records name it.
    pub(crate) fn named(self, names: &[&str]) -> Self {
        let names = names.iter().map(ToString::to_string).collect();
        Self { names, ..self }
    }

    /// What is wrong with a field of the record, as the author of the files knows
    /// it.
    pub(crate) fn problem(&self, field: &str, reason: &str, description: &str) -> Problem {
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

/// What stands behind `path` in the path of a field, if that lies in it.
fn rest<'f>(field: &'f str, path: &str) -> Option<&'f str> {
    let rest = field.strip_prefix(path)?;
    match rest.chars().next() {
        None => Some(rest),
        Some('.') => Some(&rest[1..]),
        Some('[') => Some(rest),
        Some(_) => None,
    }
}

/// A record and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Sourced<R> {
    pub origin: Origin,
    pub record: R,
}

/// A code that a record names, and that is none of the folder's.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub origin: Origin,
    pub column: &'static str,
    pub code: String,
}

/// Everything in a folder, in the order in which it can be loaded.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Code of the community.
    pub area_code: String,
    pub organization: Vec<Sourced<organization::import_records_request::Record>>,
    pub tickets: Vec<Sourced<tickets::import_records_request::Record>>,
    pub volunteers: Vec<Sourced<volunteers::import_records_request::Record>>,
    /// Areas that the folder doesn't hold, so the platform must.
    pub areas_elsewhere: Vec<Named>,
    /// Categories that the folder doesn't hold, so the platform must.
    pub categories_elsewhere: Vec<Named>,
}

impl Records {
    /// How many there are.
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
