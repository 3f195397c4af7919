//! A community's folder of files: reads all of them and converts them to records.
//! Problems are collected over all files, so that one run reports all of them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use wangge_api::{
    organization::v1 as organization, tickets::v1 as tickets_api, volunteers::v1 as volunteers,
};

use super::{
    areas,
    columns::Columns,
    dataset::{self, Dataset},
    files,
    format::{self, File},
    records::{Named, Problem, Records},
    rows,
    table::{Keys, Problems, Row, Table},
    text, tickets,
};

/// Timestamp in derived ids, 2000-01-01. Constant, so that a correction of a record's
/// own times doesn't change its id.
const ID_SECONDS: i64 = 946_684_800;

/// The decoded files of a data set.
#[derive(Debug)]
pub(crate) struct Folder {
    texts: BTreeMap<&'static str, String>,
    dataset: Dataset,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// State shared while the files are read: ids by kind and key, regardless of the service
/// that stores the records.
#[derive(Debug)]
pub(crate) struct Reading<'f> {
    pub(super) folder: &'f Folder,
    pub(super) problems: Problems,
    keys: HashMap<&'static str, Keys>,
    nothing: Keys,
    elsewhere: RefCell<Vec<Named>>,
}

impl Folder {
    /// Reads all files of a folder. A missing file has no records.
    ///
    /// # Errors
    /// Returns an error if the folder itself can't be read.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        format::check()?;
        let mut found = BTreeMap::new();
        let entries = std::fs::read_dir(path).with_context(|| path.display().to_string())?;
        for entry in entries {
            let entry = entry.with_context(|| path.display().to_string())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if files::known(&name).is_none() && entry.path().is_dir() {
                continue;
            }
            // Unknown files are judged by name only, so they needn't be readable. A file
            // of the format that can't be read is a problem, not an abort.
            let bytes = match files::known(&name) {
                Some(_) => std::fs::read(entry.path()).map_err(|error| error.to_string()),
                None => Ok(Vec::new()),
            };
            found.insert(name, bytes);
        }
        Ok(Self::of(found))
    }

    /// Creates a folder from files by name, each with its bytes or the error of reading
    /// it.
    pub(super) fn of(found: BTreeMap<String, Result<Vec<u8>, String>>) -> Self {
        let problems = Problems::default();
        let mut files: BTreeMap<&'static str, Vec<u8>> = BTreeMap::new();
        for (name, bytes) in found {
            match (files::known(&name), bytes) {
                (Some(file), Ok(bytes)) => {
                    files.insert(file, bytes);
                }
                (_, Err(why)) => problems.add(&name, 0, "", "FILE_INVALID", &why),
                (None, Ok(_)) => {
                    if let Some(why) = files::misnamed(&name) {
                        problems.add(&name, 0, "", "FILE_UNKNOWN", &why);
                    }
                }
            }
        }
        // dataset.csv names the encoding of all files, its own included, so it is decoded
        // twice: here by detection, and below like the others, which reports its problems.
        let encoding = files.get(dataset::FILE).and_then(|bytes| {
            let text = text::read(bytes, None).ok()?.text;
            Dataset::read(&text, &Problems::default()).encoding
        });
        let (mut texts, mut notes) = (BTreeMap::new(), Vec::new());
        for (file, bytes) in files {
            match text::read(&bytes, encoding) {
                Ok(read) => {
                    if read.guessed {
                        notes.push(format!("{file} isn't UTF-8 and is read as GB 18030"));
                    }
                    texts.insert(file, read.text);
                }
                Err(no) => problems.add(file, no.line, "", "FILE_INVALID", no.why),
            }
        }
        let dataset = match texts.get(dataset::FILE) {
            Some(text) => Dataset::read(text, &problems),
            None => {
                let why = "is missing: without it the folder is not a data set";
                problems.add(dataset::FILE, 0, "", "FILE_MISSING", why);
                Dataset::default()
            }
        };
        Self {
            texts,
            dataset,
            problems: problems.into_inner(),
            notes,
        }
    }

    /// Returns the area code of the community.
    pub(crate) fn area_code(&self) -> &str {
        &self.dataset.area_code
    }

    /// Returns remarks for a person on how the files were read, e.g. a guessed encoding.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the names and texts of all files, for a digest.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.texts
            .iter()
            .flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()].concat())
            .collect()
    }

    /// Converts the files to records.
    ///
    /// # Errors
    /// Returns all problems, in the order of files.
    pub(crate) fn records(&self) -> Result<Records, Vec<Problem>> {
        // If a file couldn't be decoded, every reference to its rows would be reported as
        // well.
        if !self.problems.is_empty() {
            return Err(self.problems.clone());
        }
        let mut reading = Reading {
            folder: self,
            problems: Problems::default(),
            keys: HashMap::new(),
            nothing: Keys::default(),
            elsewhere: RefCell::default(),
        };
        // Before any rows: tickets reference people, units reference units.
        reading.collect_keys();
        let records = reading.records().unwrap_or_else(|error| {
            let why = error.to_string();
            reading.problems.add("", 0, "", "CONTRACT_UNREADABLE", &why);
            Records::default()
        });
        let problems = reading.problems.into_inner();
        if problems.is_empty() {
            Ok(records)
        } else {
            Err(problems)
        }
    }
}

impl<'f> Reading<'f> {
    /// Collects the keys of every file, since files of one service reference rows of
    /// another's.
    fn collect_keys(&mut self) {
        for file in format::files() {
            let mut keys = Keys::of(file.name());
            // Rows with a key of several columns aren't referenced.
            if let [column] = file.key_columns() {
                keys.take(self.text(file.name()), column, |key| self.id(file, key));
            }
            self.keys.insert(file.kind(), keys);
        }
    }

    /// Reads the records of all services, in the order in which they can be imported.
    fn records(&self) -> Result<Records> {
        Ok(Records {
            area_code: self.folder.area_code().to_owned(),
            organization: rows::read(
                self,
                "organization",
                |message: organization::ImportRecordsRequest| message.record,
                |file| (file.kind() == "area").then(|| areas::read(self, file)),
            )?,
            tickets: rows::read(
                self,
                "tickets",
                |message: tickets_api::ImportRecordsRequest| message.record,
                |file| (file.kind() == "ticket").then(|| tickets::read(self, file)),
            )?,
            volunteers: rows::read(
                self,
                "volunteers",
                |message: volunteers::ImportRecordsRequest| message.record,
                |_| None,
            )?,
            // Last: reading the rows finds them.
            elsewhere: self.elsewhere.take(),
        })
    }

    /// Returns the keys of the records of a kind.
    pub(super) fn keys(&self, kind: &str) -> &Keys {
        self.keys.get(kind).unwrap_or(&self.nothing)
    }

    /// Reads a CSV file as a table; a missing file is an empty table.
    pub(super) fn table(&self, file: &'static str, columns: &Arc<Columns>) -> Table<'_> {
        match self.folder.texts.get(file) {
            Some(text) => Table::read(file, text, columns, &self.problems),
            None => Table::empty(file, columns, &self.problems),
        }
    }

    /// Returns the text of a file; empty if the file is missing.
    pub(super) fn text(&self, file: &str) -> &'f str {
        self.folder.texts.get(file).map_or("", String::as_str)
    }

    /// Returns the contents of dataset.csv.
    pub(super) fn dataset(&self) -> &Dataset {
        &self.folder.dataset
    }

    /// Returns the code of a record in a column. A code that the folder doesn't define is
    /// recorded, to be looked up on the platform.
    pub(super) fn code(&self, row: Row<'_>, column: &'static str, kind: &'static str) -> String {
        let code = row.text(column);
        if !code.is_empty() && self.keys(kind).id(code).is_none() {
            self.look_up(Named {
                kind,
                origin: row.origin(),
                column,
                code: code.to_owned(),
            });
        }
        code.to_owned()
    }

    /// Records a reference that must exist on the platform.
    pub(super) fn look_up(&self, named: Named) {
        self.elsewhere.borrow_mut().push(named);
    }

    /// Derives the id of a row's record from its key. Folders of different communities
    /// derive the same id for a shared record, so it is imported once.
    pub(super) fn id(&self, file: &File, key: &str) -> String {
        if file.is_shared() {
            derived(&format!("{}:{key}", file.kind()))
        } else {
            self.own_id(file.kind(), key)
        }
    }

    /// Derives the id of a record of this data set only. Keys are unique within a
    /// folder, so the community's area code is part of the name.
    pub(super) fn own_id(&self, kind: &str, key: &str) -> String {
        derived(&format!("{kind}:{}:{key}", self.folder.area_code()))
    }
}

fn derived(key: &str) -> String {
    let time = DateTime::<Utc>::from_timestamp(ID_SECONDS, 0).unwrap_or_default();
    wangge_kernel::id::derived(time, key).to_string()
}
