//! Imports a data set into the running services and prints the resulting case table.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wangge_api::{organization::v1::FigurePeriod, policy::Role, types::v1::RecordVersion};

use super::{Up, applied};
use crate::{
    import::{self, folder::Folder, load},
    output::{Output, line, note},
    report::case::{self, CaseQuery},
};

/// Imports the data set of a folder, unless exactly this one was imported before, and
/// prints its case table. With `check`, returns a failure code if a figure differs.
pub(super) async fn run(up: &Up, path: &Path, check: bool, output: Output) -> Result<ExitCode> {
    let folder = Folder::read(path)?;
    for said in folder.notes() {
        note(said);
    }
    let digest = format!("{:x?}", Sha256::digest(folder.bytes()));
    let marker = up.folder.join("loaded");
    // The marker skips only repeated imports of unchanged files; importing them again
    // would be idempotent, but takes longer.
    let known = read_marker(&marker).filter(|known| known.digest == digest);
    // Valid only for the private PostgreSQL in the same folder: the marker can't
    // describe databases whose URLs were specified.
    let loaded = match known.filter(|_| up.postgres.is_some()) {
        Some(known) => known,
        None => {
            let versions = load_folder(up, &folder).await?;
            let loaded = Marker::new(digest, &versions);
            let text = serde_json::to_string(&loaded)?;
            std::fs::write(&marker, text).context("marking the data set as imported")?;
            loaded
        }
    };
    // Also required if the data set was imported before: reporting may be rebuilding
    // its tables.
    let at_least = loaded.versions();
    let channels = up.channels(Role::Leader)?;
    let query = CaseQuery {
        area_code: folder.area_code().to_owned(),
        as_of: None,
        period: FigurePeriod::Unspecified,
        at_least,
    };
    let table = applied::table(channels.reporting, &query).await?;
    case::print(&table, output)?;
    if !case::agrees(&table) {
        note("the case table differs from the published figures");
        return Ok(if check {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        });
    }
    // JSON output is for programs, which the hints would break.
    if !check && output == Output::Text {
        try_next(folder.area_code());
    }
    Ok(ExitCode::SUCCESS)
}

/// The record of the last import: a digest of its files, and the last version that
/// each service wrote.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    digest: String,
    last_versions: Vec<(String, i64)>,
}

impl Marker {
    fn new(digest: String, versions: &[RecordVersion]) -> Self {
        let pairs = versions
            .iter()
            .map(|version| (version.record_id.clone(), version.revision));
        Self {
            digest,
            last_versions: pairs.collect(),
        }
    }

    fn versions(self) -> Vec<RecordVersion> {
        let versions = self.last_versions.into_iter();
        versions
            .map(|(record_id, revision)| RecordVersion {
                record_id,
                revision,
            })
            .collect()
    }
}

/// Returns the marker of the last import; `None` if there was none or if an older
/// release wrote it in another format.
fn read_marker(path: &Path) -> Option<Marker> {
    serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()
}

/// Imports a folder and returns the last version that each service wrote.
async fn load_folder(up: &Up, folder: &Folder) -> Result<Vec<RecordVersion>> {
    let records = folder
        .records()
        .map_err(|problems| import::refuse(&problems))?;
    let channels = up.channels(Role::Importer)?;
    let problems = load::check(&channels, &records).await?;
    if !problems.is_empty() {
        return Err(import::refuse(&problems));
    }
    let loaded = load::load(&channels, &records).await?;
    if !loaded.problems.is_empty() {
        return Err(import::refuse(&loaded.problems));
    }
    note(format!(
        "{} records imported, {} unchanged",
        loaded.imported, loaded.unchanged
    ));
    Ok(loaded.last_versions)
}

fn try_next(area_code: &str) {
    let called = std::env::args()
        .next()
        .unwrap_or_else(|| "wangge".to_owned());
    line("");
    line("Three things to try next, in another terminal:");
    line(format!(
        "  {called} report case --area {area_code} --records responses_started"
    ));
    line(format!("  {called} watch tickets --follow"));
    line(format!(
        "  {called} token --role dispatcher --area {area_code}"
    ));
}
