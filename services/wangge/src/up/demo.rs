//! Loads a data set into the running services and shows what comes of it.

use std::{path::Path, process::ExitCode};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use wangge_api::{policy::Role, types::v1::RecordVersion};

use super::Up;
use crate::{
    import::{self, folder::Folder, load},
    output::{Output, line, note},
    report::case::{self, CaseQuery},
};

/// Loads the data set of a folder, unless this very one was loaded before, and
/// prints its case table. Fails, when checking, if a figure differs.
pub(super) async fn run(up: &Up, path: &Path, check: bool, output: Output) -> Result<ExitCode> {
    let folder = Folder::read(path)?;
    let digest = format!("{:x?}", Sha256::digest(folder.bytes()));
    let marker = up.folder.join("loaded");
    let known = std::fs::read_to_string(&marker).unwrap_or_default();
    let at_least = if known == digest && up.postgres.is_some() {
        Vec::new()
    } else {
        let versions = load_folder(up, &folder).await?;
        std::fs::write(&marker, digest).context("marking the data set as loaded")?;
        versions
    };
    let channels = up.channels(Role::Leader)?;
    let query = CaseQuery {
        area_code: folder.area_code().to_owned(),
        as_of: None,
        at_least,
    };
    let table = case::get(channels.reporting, &query).await?;
    case::print(&table, output)?;
    if !case::agrees(&table) {
        note("the case table differs from what was published");
        return Ok(if check {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        });
    }
    if !check && output == Output::Text {
        try_next(folder.area_code());
    }
    Ok(ExitCode::SUCCESS)
}

/// Loads a folder; answers the last version that each service wrote.
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
        "{} records loaded, {} were there already",
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
