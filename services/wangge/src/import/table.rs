//! CSV files, read by column names; what is wrong is collected, not thrown.

use std::{cell::RefCell, collections::HashMap};

use chrono::{DateTime, NaiveDate};
use wangge_api::{date, types::v1::Date};

use super::records::Problem;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(crate) fn add(&self, file: &str, line: u64, field: &str, reason: &str, description: &str) {
        self.0.borrow_mut().push(Problem {
            file: file.to_owned(),
            line,
            field: field.to_owned(),
            reason: reason.to_owned(),
            description: description.to_owned(),
        });
    }

    pub(crate) fn into_inner(self) -> Vec<Problem> {
        self.0.into_inner()
    }
}

/// A file.
#[derive(Debug)]
pub(crate) struct Table<'p> {
    file: &'static str,
    columns: HashMap<String, usize>,
    rows: Vec<(u64, csv::StringRecord)>,
    problems: &'p Problems,
}

/// A row of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'t> {
    table: &'t Table<'t>,
    pub(crate) line: u64,
    record: &'t csv::StringRecord,
}

impl<'p> Table<'p> {
    /// Reads a file that has these columns, in any order, and no others.
    pub(crate) fn read(
        file: &'static str,
        bytes: &[u8],
        columns: &[String],
        problems: &'p Problems,
    ) -> Self {
        let mut table = Self {
            file,
            columns: HashMap::new(),
            rows: Vec::new(),
            problems,
        };
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(bytes);
        match reader.headers() {
            Ok(header) => table.take_header(header, columns),
            Err(error) => problems.add(file, 1, "", "FILE_INVALID", &error.to_string()),
        }
        for record in reader.records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    table.rows.push((line, record));
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    problems.add(file, line, "", "FILE_INVALID", &error.to_string());
                }
            }
        }
        table
    }

    fn take_header(&mut self, header: &csv::StringRecord, columns: &[String]) {
        for column in columns {
            match header.iter().position(|name| name == column) {
                Some(place) => {
                    self.columns.insert(column.clone(), place);
                }
                None => self.problems.add(
                    self.file,
                    1,
                    column,
                    "COLUMN_MISSING",
                    "the column is missing",
                ),
            }
        }
        for name in header
            .iter()
            .filter(|name| !columns.iter().any(|column| column == name))
        {
            self.problems.add(
                self.file,
                1,
                name,
                "COLUMN_UNKNOWN",
                "there is no such column in the format",
            );
        }
    }

    /// The rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, record)| Row {
            table: self,
            line: *line,
            record,
        })
    }
}

impl Row<'_> {
    /// What a column says; empty if it says nothing.
    pub(crate) fn text(&self, column: &str) -> &str {
        let place = self.table.columns.get(column);
        place
            .and_then(|place| self.record.get(*place))
            .unwrap_or_default()
    }

    /// What a column says, which must say something.
    pub(crate) fn required(&self, column: &str) -> &str {
        let text = self.text(column);
        if text.is_empty() {
            self.problem(column, "is required");
        }
        text
    }

    /// A day; none if the column says nothing.
    pub(crate) fn date(&self, column: &str) -> Option<Date> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            Ok(day) => Some(date::to_wire(day)),
            Err(_) => {
                self.problem(column, "is no day: YYYY-MM-DD");
                None
            }
        }
    }

    /// A moment; none if the column says nothing.
    pub(crate) fn time(&self, column: &str) -> Option<prost_types::Timestamp> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        match DateTime::parse_from_rfc3339(text) {
            Ok(time) => Some(date::timestamp(time.to_utc())),
            Err(_) => {
                self.problem(column, "is no time: RFC 3339 with offset");
                None
            }
        }
    }

    /// A number; none if the column says nothing.
    pub(crate) fn number<N: std::str::FromStr>(&self, column: &str) -> Option<N> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        let number = text.parse().ok();
        if number.is_none() {
            self.problem(column, "is no such number");
        }
        number
    }

    /// The number of an enum's value; 0 if the column says nothing. `from_name`
    /// finds a value by the name that the contract gives it.
    pub(crate) fn code<E: Into<i32>>(
        &self,
        column: &str,
        prefix: &str,
        from_name: fn(&str) -> Option<E>,
    ) -> i32 {
        let text = self.text(column);
        if text.is_empty() {
            return 0;
        }
        match from_name(&format!("{prefix}{}", text.to_uppercase())) {
            Some(value) => value.into(),
            None => {
                self.problem(column, "is none of the values of the format");
                0
            }
        }
    }

    /// The id of a record that the column names by its key in another file.
    pub(crate) fn reference(&self, column: &str, known: &HashMap<String, String>) -> String {
        let key = self.text(column);
        if key.is_empty() {
            return String::new();
        }
        known.get(key).cloned().unwrap_or_else(|| {
            let what = "names no row of the other file";
            self.table.problems.add(
                self.table.file,
                self.line,
                column,
                "REFERENCE_UNKNOWN",
                what,
            );
            String::new()
        })
    }

    /// Something is wrong with a column.
    pub(crate) fn problem(&self, column: &str, description: &str) {
        let file = self.table.file;
        self.table
            .problems
            .add(file, self.line, column, "FIELD_INVALID", description);
    }

    /// Keeps a key of this row, which no other row may have.
    pub(crate) fn keep(&self, column: &str, id: &str, keys: &mut HashMap<String, String>) {
        let key = self.required(column);
        if keys.insert(key.to_owned(), id.to_owned()).is_some() {
            let what = "another row has it already";
            self.table
                .problems
                .add(self.table.file, self.line, column, "RECORD_EXISTS", what);
        }
    }
}
