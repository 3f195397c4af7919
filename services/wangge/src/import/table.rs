//! CSV files as tables with named columns. Problems are collected instead of returned,
//! so that one run reports all of them.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    sync::Arc,
};

use wangge_api::{date, types::v1::Date};

use super::{
    columns::Columns,
    files::nearest,
    lines, notation,
    records::{Origin, Problem},
};

/// The problems found so far. Interior mutability lets tables and rows share it while
/// they are read.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(crate) fn add(&self, file: &str, line: u64, field: &str, reason: &str, description: &str) {
        self.0.borrow_mut().push(Problem {
            file: file.to_owned(),
            line,
            field: field.to_owned(),
            reason: reason.to_owned(),
            guard: "",
            description: description.to_owned(),
        });
    }

    /// Returns all problems without duplicates. If any file can't be read as a table, only
    /// problems of files are returned: those of rows may be consequences, e.g. references
    /// to rows of that file.
    pub(crate) fn into_inner(self) -> Vec<Problem> {
        let of_files = ["FILE_", "COLUMN_"];
        let is_of_file =
            |problem: &Problem| of_files.iter().any(|of| problem.reason.starts_with(of));
        let mut problems = self.0.into_inner();
        if problems.iter().any(is_of_file) {
            problems.retain(is_of_file);
        }
        let mut told = HashSet::new();
        problems.retain(|problem| told.insert(problem.to_string()));
        problems
    }
}

/// The ids of a file's rows, by key.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    file: &'static str,
    ids: HashMap<String, String>,
    /// True if any row has no key: then an unknown key may refer to that row, and is not
    /// reported.
    lacks: Cell<bool>,
}

impl Keys {
    /// Creates an empty set of keys for a file.
    pub(crate) fn of(file: &'static str) -> Self {
        Self {
            file,
            ..Self::default()
        }
    }

    /// Adds the keys of a file in advance; its rows are read later.
    pub(crate) fn take(&mut self, text: &str, column: &str, id: impl Fn(&str) -> String) {
        // Errors are reported when the rows are read; here they would be duplicates.
        let rows = lines::read(text).unwrap_or_default();
        let Some(((_, header), rows)) = rows.split_first() else {
            return;
        };
        let Some(place) = header.iter().position(|name| name == column) else {
            return;
        };
        for (_, row) in rows {
            match row.get(place) {
                Some(key) if !key.is_empty() => {
                    self.ids.insert(key.clone(), id(key));
                }
                _ => self.lacks.set(true),
            }
        }
    }

    /// Returns the id of the row with a key.
    pub(crate) fn id(&self, key: &str) -> Option<&str> {
        self.ids.get(key).map(String::as_str)
    }
}

/// A CSV file with its columns and rows.
#[derive(Debug)]
pub(crate) struct Table<'p> {
    file: &'static str,
    columns: Arc<Columns>,
    places: HashMap<String, usize>,
    rows: Vec<lines::Line>,
    is_whole: bool,
    problems: &'p Problems,
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'t> {
    table: &'t Table<'t>,
    pub(crate) line: u64,
    fields: &'t [String],
}

impl<'p> Table<'p> {
    /// Creates an empty table, for a missing file.
    pub(crate) fn empty(
        file: &'static str,
        columns: &Arc<Columns>,
        problems: &'p Problems,
    ) -> Self {
        Self {
            file,
            columns: columns.clone(),
            places: HashMap::new(),
            rows: Vec::new(),
            is_whole: true,
            problems,
        }
    }

    /// Parses a file, which must have exactly these columns, in any order.
    pub(crate) fn read(
        file: &'static str,
        text: &str,
        columns: &Arc<Columns>,
        problems: &'p Problems,
    ) -> Self {
        let mut table = Self::empty(file, columns, problems);
        let rows = match lines::read(text) {
            Ok(rows) => rows,
            Err(unquoted) => {
                table.spoil(unquoted.line, "", "FILE_INVALID", unquoted.why);
                return table;
            }
        };
        let mut rows = rows.into_iter();
        let Some((line, header)) = rows.next() else {
            table.spoil(0, "", "FILE_INVALID", "is empty: the header is missing");
            return table;
        };
        table.take_header(line, &header);
        for (line, fields) in rows {
            if fields.len() == header.len() {
                table.rows.push((line, fields));
            } else {
                let (has, wants) = (fields.len(), header.len());
                let why = format!("has {has} fields, but the header has {wants} columns");
                table.spoil(line, "", "FILE_INVALID", &why);
            }
        }
        // No rows of a damaged file are checked: their columns may be shifted, so the
        // problems would be misleading.
        if !table.is_whole {
            table.rows.clear();
        }
        table.refuse_nul();
        table
    }

    /// Returns true if the file could be read as a table.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_whole
    }

    fn spoil(&mut self, line: u64, column: &str, reason: &str, why: &str) {
        self.is_whole = false;
        self.problems.add(self.file, line, column, reason, why);
    }

    fn take_header(&mut self, line: u64, header: &[String]) {
        let columns = self.columns.clone();
        let names = columns.names();
        let missing: Vec<&str> = names
            .iter()
            .filter(|name| !header.contains(name))
            .map(String::as_str)
            .collect();
        // If the number of columns is right, each wrong column stands for a missing one:
        // that is one mistake and is reported once.
        let is_told = header.len() == names.len();
        let lacking = if is_told && !missing.is_empty() {
            format!("; missing: {}", missing.join(", "))
        } else {
            String::new()
        };
        for (place, name) in header.iter().enumerate() {
            if name.is_empty() {
                let why = format!("column {} has no name{lacking}", place + 1);
                self.spoil(line, "", "COLUMN_UNKNOWN", &why);
            } else if !names.contains(name) {
                let hint = match nearest(name, missing.iter().copied()) {
                    Some(near) => format!(": did you mean {near}?"),
                    None => lacking.clone(),
                };
                let why = format!("there is no such column in the format{hint}");
                self.spoil(line, name, "COLUMN_UNKNOWN", &why);
            } else if self.places.insert(name.clone(), place).is_some() {
                let why = format!("the column appears twice{lacking}");
                self.spoil(line, name, "COLUMN_TWICE", &why);
            }
        }
        for name in missing.iter().filter(|_| !is_told) {
            self.spoil(line, name, "COLUMN_MISSING", "the column is missing");
        }
    }

    /// Refuses NUL characters, which PostgreSQL can't store in a text.
    fn refuse_nul(&self) {
        for row in self.rows() {
            for (name, place) in &self.places {
                if row
                    .fields
                    .get(*place)
                    .is_some_and(|text| text.contains('\0'))
                {
                    row.problem(name, "must not contain the character NUL");
                }
            }
        }
    }

    /// Returns the rows in file order; none if the file couldn't be read as a table.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, fields)| Row {
            table: self,
            line: *line,
            fields,
        })
    }
}

impl<'t> Row<'t> {
    /// Returns the origin of the record in this row.
    pub(crate) fn origin(&self) -> Origin {
        Origin::new(self.table.file, self.line, &self.table.columns)
    }

    /// Returns the text of a column; empty if it isn't set.
    pub(crate) fn text(&self, column: &str) -> &'t str {
        let place = self.table.places.get(column);
        place
            .and_then(|place| self.fields.get(*place))
            .map_or("", String::as_str)
    }

    /// Returns the text of a column and reports a problem if it is empty.
    pub(crate) fn required(&self, column: &str) -> &'t str {
        let text = self.text(column);
        if text.is_empty() {
            self.problem(column, "is required");
        }
        text
    }

    /// Reports a problem for each of the columns that is empty.
    pub(crate) fn require(&self, columns: &[String]) {
        for column in columns {
            self.required(column);
        }
    }

    /// Reports a problem if a column is not empty.
    pub(crate) fn left_out(&self, column: &str, why: &str) {
        if !self.text(column).is_empty() {
            self.problem(column, why);
        }
    }

    /// Parses a date; `None` if the column is empty or invalid.
    pub(crate) fn date(&self, column: &str) -> Option<Date> {
        self.read(column, notation::DAY, notation::day)
            .map(date::to_wire)
    }

    /// Parses a time; `None` if the column is empty or invalid.
    pub(crate) fn time(&self, column: &str) -> Option<prost_types::Timestamp> {
        self.read(column, notation::TIME, notation::time)
            .map(|time| date::timestamp(time.to_utc()))
    }

    /// Parses a number; `None` if the column is empty or invalid.
    pub(crate) fn number<N: std::str::FromStr>(&self, column: &str) -> Option<N> {
        self.read(column, notation::NUMBER, notation::number)
    }

    fn read<V>(&self, column: &str, why: &str, read: fn(&str) -> Option<V>) -> Option<V> {
        let text = self.text(column);
        if text.is_empty() {
            return None;
        }
        let value = read(text);
        if value.is_none() {
            self.problem(column, why);
        }
        value
    }

    /// Parses an enum value and returns its number; 0 if the column is empty or invalid.
    /// `from_name` looks up a value by its full name in the contract.
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
        // Values have one notation, in lower case; and 0, `…_UNSPECIFIED`, is written as an
        // empty cell only.
        let is_lower = !text.contains(|letter: char| letter.is_ascii_uppercase());
        let value = from_name(&format!("{prefix}{}", text.to_uppercase())).map(E::into);
        match value.filter(|value| is_lower && *value != 0) {
            Some(value) => value,
            None => {
                self.problem(column, "is not a value of the format");
                0
            }
        }
    }

    /// Returns the id of the record whose key is in a column; empty if the column is empty
    /// or the key is unknown.
    pub(crate) fn reference(&self, column: &str, known: &Keys) -> String {
        let key = self.text(column);
        if key.is_empty() {
            return String::new();
        }
        self.named(column, key, known).unwrap_or_default()
    }

    /// Returns the id of the record with a key, and reports an unknown key.
    pub(crate) fn named(&self, column: &str, key: &str, known: &Keys) -> Option<String> {
        let id = known.id(key);
        if id.is_none() && !known.lacks.get() {
            let what = format!("{} has no row {key}", known.file);
            self.refuse(column, "REFERENCE_UNKNOWN", &what);
        }
        id.map(str::to_owned)
    }

    /// Reports an invalid value in a column, with the reason `FIELD_INVALID`.
    pub(crate) fn problem(&self, column: &str, description: &str) {
        self.refuse(column, "FIELD_INVALID", description);
    }

    /// Reports a problem of a column with a reason.
    pub(crate) fn refuse(&self, column: &str, reason: &str, description: &str) {
        let (file, line) = (self.table.file, self.line);
        self.table
            .problems
            .add(file, line, column, reason, description);
    }

    /// Records the key of this row, which must be unique in the file.
    pub(crate) fn once(&self, column: &str, key: &str, id: &str, keys: &mut Keys) {
        if key.is_empty() {
            keys.lacks.set(true);
        } else if keys.ids.insert(key.to_owned(), id.to_owned()).is_some() {
            self.refuse(
                column,
                "RECORD_EXISTS",
                "another row already has this value",
            );
        }
    }
}
