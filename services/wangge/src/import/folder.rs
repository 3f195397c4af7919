//! A folder of files, read as a whole.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};

use super::{
    organization,
    plain::{File, Keys},
    records::{Problem, Records},
    table::{Problems, Table},
    tickets, volunteers,
};

/// The files of the format.
const FILES: [&str; 13] = [
    "dataset.csv",
    "areas.csv",
    "boundaries.geojson",
    "addresses.csv",
    "units.csv",
    "people.csv",
    "appointments.csv",
    "published_figures.csv",
    "categories.csv",
    "duty_list.csv",
    "tickets.csv",
    "ticket_actions.csv",
    "registrations.csv",
];
/// The last of them, apart to keep the list's lines short.
const VISITS: &str = "check_in_visits.csv";
/// Tickets are no plain records, and named by some.
const TICKETS: File = File {
    name: "tickets.csv",
    kind: "ticket",
};
/// The format that this tool reads.
const FORMAT: &str = "1";
/// The time of ids made of keys: a correction of a record's own times must not
/// make another record of it. 2000-01-01.
const ID_SECONDS: i64 = 946_684_800;

/// Files of plain records, of every service.
fn plain_files() -> impl Iterator<Item = File> {
    let files = organization::PLAIN
        .iter()
        .chain(tickets::PLAIN)
        .chain(volunteers::PLAIN);
    files.copied()
}

/// A data set's files.
#[derive(Debug)]
pub(crate) struct Folder {
    files: BTreeMap<&'static str, Vec<u8>>,
    keys: HashMap<String, String>,
}

/// What the files share while they are read: ids by key.
#[derive(Debug)]
pub(crate) struct Reading<'f> {
    pub(super) folder: &'f Folder,
    pub(super) problems: Problems,
    pub(super) units: HashMap<String, String>,
    pub(super) people: HashMap<String, String>,
    pub(super) keys: Keys,
}

impl Folder {
    /// Reads all files of a folder. A file that is missing holds no records.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let plain = plain_files().map(|file| file.name);
        for file in FILES.into_iter().chain([VISITS]).chain(plain) {
            match std::fs::read(path.join(file)) {
                Ok(bytes) => {
                    files.insert(file, bytes);
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(error).with_context(|| path.join(file).display().to_string());
                }
            }
        }
        let dataset = files
            .get("dataset.csv")
            .with_context(|| format!("{} has no dataset.csv: it is no data set", path.display()))?;
        let keys: HashMap<String, String> = csv::Reader::from_reader(dataset.as_slice())
            .deserialize()
            .collect::<Result<_, _>>()?;
        if keys.get("format").map(String::as_str) != Some(FORMAT) {
            bail!("dataset.csv: this tool reads format {FORMAT}");
        }
        if keys.get("area_code").is_none_or(String::is_empty) {
            bail!("dataset.csv: area_code is required");
        }
        Ok(Self { files, keys })
    }

    /// Code of the community.
    pub(crate) fn area_code(&self) -> &str {
        self.keys.get("area_code").map_or("", String::as_str)
    }

    /// Everything in the files, for a digest.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.files
            .iter()
            .flat_map(|(name, bytes)| [name.as_bytes(), bytes].concat())
            .collect()
    }

    /// The records, or everything that is wrong with the files.
    pub(crate) fn records(&self) -> Result<Records, Vec<Problem>> {
        let mut reading = Reading {
            folder: self,
            problems: Problems::default(),
            units: HashMap::new(),
            people: HashMap::new(),
            keys: Keys::default(),
        };
        reading.collect_keys();
        let mut records = Records::default();
        let read = organization::read(&mut reading, &mut records).and_then(|()| {
            tickets::read(&reading, &mut records)?;
            volunteers::read(&reading, &mut records)
        });
        if let Err(error) = read {
            let why = error.to_string();
            reading.problems.add("", 0, "", "CONTRACT_UNREADABLE", &why);
        }
        let problems = reading.problems.into_inner();
        if problems.is_empty() {
            Ok(records)
        } else {
            Err(problems)
        }
    }
}

impl Reading<'_> {
    /// Collects the keys of every file, since files of one service name what
    /// stands in those of another.
    fn collect_keys(&mut self) {
        let mut keys = Keys::default();
        for file in plain_files().chain([TICKETS]) {
            let id = |kind: &str, key: &str| self.own_id(kind, key);
            keys.add(file, self.bytes(file.name), id);
        }
        self.keys = keys;
    }

    /// A CSV file.
    pub(super) fn table(&self, file: &'static str, columns: &[&str]) -> Table<'_> {
        self.columns(file, columns.iter().map(ToString::to_string).collect())
    }

    /// A CSV file with columns that are made at run time.
    pub(super) fn columns(&self, file: &'static str, columns: Vec<String>) -> Table<'_> {
        match self.folder.files.get(file) {
            Some(bytes) => Table::read(file, bytes, &columns, &self.problems),
            None => Table::read(file, columns.join(",").as_bytes(), &columns, &self.problems),
        }
    }

    /// The bytes of another file; empty if it is missing.
    pub(super) fn bytes(&self, file: &str) -> &[u8] {
        self.folder.files.get(file).map_or(&[], Vec::as_slice)
    }

    /// Id of a record that is known outside this data set by its code.
    pub(super) fn shared_id(&self, kind: &str, code: &str) -> String {
        derived(&format!("{kind}:{code}"))
    }

    /// Id of a record of this data set alone.
    pub(super) fn own_id(&self, kind: &str, key: &str) -> String {
        derived(&format!("{kind}:{}:{key}", self.folder.area_code()))
    }
}

fn derived(key: &str) -> String {
    let time = DateTime::<Utc>::from_timestamp(ID_SECONDS, 0).unwrap_or_default();
    wangge_kernel::id::derived(time, key).to_string()
}
