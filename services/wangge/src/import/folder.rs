//! A community's folder of files: reads all of them and converts them to records.
//! Problems are collected over all files, so that one run reports all of them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};

use super::{
    columns::Columns,
    dataset::{self, Dataset},
    files::{self, plain_files},
    organization,
    records::{Named, Problem, Records},
    table::{Keys, Problems, Row, Table},
    text, tickets, volunteers,
};

/// Other files whose rows are referenced: name, kind of record, key column.
const NAMED: [(&str, &str, &str); 3] = [
    ("units.csv", "unit", "code"),
    ("people.csv", "person", "key"),
    ("tickets.csv", "ticket", "key"),
];
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
/// that stores the records, and the area codes of the folder.
#[derive(Debug)]
pub(crate) struct Reading<'f> {
    pub(super) folder: &'f Folder,
    pub(super) problems: Problems,
    pub(super) keys: HashMap<&'static str, Keys>,
    nothing: Keys,
    areas: HashSet<String>,
    areas_elsewhere: RefCell<Vec<Named>>,
}

impl Folder {
    /// Reads all files of a folder. A missing file has no records.
    ///
    /// # Errors
    /// Returns an error if the folder itself can't be read.
    pub(crate) fn read(path: &Path) -> Result<Self> {
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
            areas: HashSet::new(),
            areas_elsewhere: RefCell::default(),
        };
        // Before any rows: tickets reference people, units reference units.
        reading.collect_keys();
        let mut records = Records {
            area_code: self.area_code().to_owned(),
            ..Records::default()
        };
        let read = organization::read(&mut reading, &mut records).and_then(|()| {
            tickets::read(&reading, &mut records)?;
            volunteers::read(&reading, &mut records)
        });
        if let Err(error) = read {
            let why = error.to_string();
            reading.problems.add("", 0, "", "CONTRACT_UNREADABLE", &why);
        }
        records.areas_elsewhere = reading.areas_elsewhere.into_inner();
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
        let plain = plain_files().map(|file| (file.name, file.kind, "key"));
        let all: Vec<_> = plain.chain(NAMED).collect();
        for (file, kind, column) in all {
            let mut keys = Keys::of(file);
            keys.take(self.text(file), column, |key| match kind {
                "unit" => self.shared_id(kind, key),
                _ => self.own_id(kind, key),
            });
            self.keys.insert(kind, keys);
        }
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

    /// Stores the codes of the folder's areas.
    pub(super) fn take_areas(&mut self, codes: HashSet<String>) {
        self.areas = codes;
    }

    /// Returns the contents of dataset.csv.
    pub(super) fn dataset(&self) -> &Dataset {
        &self.folder.dataset
    }

    /// Returns the area code in a column. A code that the folder doesn't define is
    /// recorded, to be looked up on the platform.
    pub(super) fn area_code(&self, row: Row<'_>, column: &'static str) -> String {
        let code = row.text(column);
        if !code.is_empty() && !self.areas.contains(code) {
            self.areas_elsewhere.borrow_mut().push(Named {
                origin: row.origin(),
                column,
                code: code.to_owned(),
            });
        }
        code.to_owned()
    }

    /// Derives the id of a record that is identified by its code on the whole platform.
    /// Folders of different communities derive the same id, so it is imported once.
    pub(super) fn shared_id(&self, kind: &str, code: &str) -> String {
        derived(&format!("{kind}:{code}"))
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
