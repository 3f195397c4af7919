//! Records with the file and line that each came from.

use std::fmt;

use serde::Serialize;
use wangge_api::{
    organization::v1 as organization, tickets::v1 as tickets, volunteers::v1 as volunteers,
};

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// Name of the file.
    pub file: String,
    /// Number of the line; 0 for the file as a whole.
    pub line: u64,
    /// Column, or field of the record.
    pub field: String,
    /// Reason, as the contracts name it.
    pub reason: String,
    /// What is wrong, for a person.
    pub description: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            field,
            reason,
            description,
        } = self;
        write!(f, "{file}:{line}: {field}: {description} ({reason})")
    }
}

/// A record and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Sourced<R> {
    pub file: &'static str,
    pub line: u64,
    /// Files and lines of the record's history, where it has one.
    pub history: Vec<(&'static str, u64)>,
    pub record: R,
}

impl<R> Sourced<R> {
    /// Where a field of the record came from: a line of its history or its own.
    pub(crate) fn source(&self, field: &str) -> (&'static str, u64) {
        field
            .strip_prefix("history[")
            .and_then(|rest| rest.split(']').next()?.parse::<usize>().ok())
            .and_then(|number| self.history.get(number).copied())
            .unwrap_or((self.file, self.line))
    }
}

/// Everything in a folder, in the order in which it can be loaded.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub organization: Vec<Sourced<organization::import_records_request::Record>>,
    pub tickets: Vec<Sourced<tickets::import_records_request::Record>>,
    pub volunteers: Vec<Sourced<volunteers::import_records_request::Record>>,
}

impl Records {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.organization.len() + self.tickets.len() + self.volunteers.len()
    }
}
