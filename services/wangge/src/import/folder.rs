//! Reads a folder of files as a whole.

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

/// Files whose records are referenced, with the column of their key.
const NAMED: [(&str, &str, &str); 3] = [
    ("units.csv", "unit", "code"),
    ("people.csv", "person", "key"),
    ("tickets.csv", "ticket", "key"),
];
/// Timestamp of derived ids, 2000-01-01: fixed, so that correcting a record's times doesn't
/// change its id.
const ID_SECONDS: i64 = 946_684_800;

/// The files of a data set.
#[derive(Debug)]
pub(crate) struct Folder {
    texts: BTreeMap<&'static str, String>,
    dataset: Dataset,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// State shared by the files while they are read: ids by key and kind, across services, and
/// the codes that must exist.
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
            // A folder with the name of a data file isn't skipped: reading it fails, which is
            // reported.
            if files::known(&name).is_none() && entry.path().is_dir() {
                continue;
            }
            let bytes = match files::known(&name) {
                Some(_) => std::fs::read(entry.path()).map_err(|error| error.to_string()),
                None => Ok(Vec::new()),
            };
            found.insert(name, bytes);
        }
        Ok(Self::of(found))
    }

    /// Decodes files by name, each given as its bytes or its read error.
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
        // The encoding is stated in a file of that encoding, so dataset.csv is read twice: first to
        // find the encoding, then to report its faults.
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
                let why = "is missing: without it the folder is no data set";
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

    /// Returns the code of the community.
    pub(crate) fn area_code(&self) -> &str {
        &self.dataset.area_code
    }

    /// Returns notes for the operator on how the files were read.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Returns the content of all files, for a digest.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.texts
            .iter()
            .flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()].concat())
            .collect()
    }

    /// Returns the records, or all faults of the files.
    ///
    /// # Errors
    /// Returns the faults, in the order of the files.
    pub(crate) fn records(&self) -> Result<Records, Vec<Problem>> {
        // Faults of the files themselves come first: those of their rows may follow from them.
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
        // Before any file is read: files may name rows of files that are read after them.
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
    /// Collects the keys of every file, since files of one service name rows of files of
    /// another.
    fn collect_keys(&mut self) {
        let plain = plain_files().map(|file| (file.name, file.kind, "key"));
        let all: Vec<_> = plain.chain(NAMED).collect();
        for (file, kind, column) in all {
            let mut keys = Keys::of(file);
            keys.take(self.text(file), column, |key| match kind {
                // Units are known across data sets by their code, so their ids must agree.
                "unit" => self.shared_id(kind, key),
                _ => self.own_id(kind, key),
            });
            self.keys.insert(kind, keys);
        }
    }

    /// Returns the keys of a kind of record.
    pub(super) fn keys(&self, kind: &str) -> &Keys {
        self.keys.get(kind).unwrap_or(&self.nothing)
    }

    /// Reads a CSV file as a table.
    pub(super) fn table(&self, file: &'static str, columns: &Arc<Columns>) -> Table<'_> {
        match self.folder.texts.get(file) {
            Some(text) => Table::read(file, text, columns, &self.problems),
            None => Table::empty(file, columns, &self.problems),
        }
    }

    /// Returns the text of another file; empty if it is missing.
    pub(super) fn text(&self, file: &str) -> &'f str {
        self.folder.texts.get(file).map_or("", String::as_str)
    }

    /// Stores the codes of the folder's areas.
    pub(super) fn take_areas(&mut self, codes: HashSet<String>) {
        self.areas = codes;
    }

    /// Returns the content of dataset.csv.
    pub(super) fn dataset(&self) -> &Dataset {
        &self.folder.dataset
    }

    /// Returns the code of an area, which the folder or the platform must have.
    pub(super) fn area_code(&self, row: Row<'_>, column: &'static str) -> String {
        let code = row.text(column);
        if !code.is_empty() && !self.areas.contains(code) {
            // Not an error yet: the platform may have it, which is checked before the import.
            self.areas_elsewhere.borrow_mut().push(Named {
                origin: row.origin(),
                column,
                code: code.to_owned(),
            });
        }
        code.to_owned()
    }

    /// Returns the id of a record that is known outside this data set by its code.
    pub(super) fn shared_id(&self, kind: &str, code: &str) -> String {
        derived(&format!("{kind}:{code}"))
    }

    /// Returns the id of a record of this data set only.
    pub(super) fn own_id(&self, kind: &str, key: &str) -> String {
        // With the community's code: the same key in two folders is two records.
        derived(&format!("{kind}:{}:{key}", self.folder.area_code()))
    }
}

fn derived(key: &str) -> String {
    let time = DateTime::<Utc>::from_timestamp(ID_SECONDS, 0).unwrap_or_default();
    wangge_kernel::id::derived(time, key).to_string()
}
