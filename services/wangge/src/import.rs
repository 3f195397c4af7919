//! `wangge import`: imports a community's files through the public contracts.
//! All rows are validated first by a dry run, and nothing is imported while any row is
//! invalid. An interrupted import is retried as a whole: ids are derived from the
//! rows' keys, so rows that are already imported are recognised and left unchanged.

mod areas;
mod cells;
mod claims;
mod columns;
mod consequences;
mod dataset;
mod elsewhere;
#[cfg(test)]
mod faults;
mod files;
pub(crate) mod folder;
mod format;
mod lines;
pub(crate) mod load;
mod notation;
pub(crate) mod records;
mod rows;
mod table;
mod text;
mod tickets;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::json;
use wangge_api::policy::Role;
use wangge_server::process::stop_on_signal;

use crate::{
    connect::ConnectArgs,
    output::{self, Output, line, note},
};
use folder::Folder;
use records::Problem;

/// Arguments of `wangge import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Folder with the community's files; their format is described in
    /// tests/data/fuqiang/README.md.
    folder: PathBuf,
    /// Validate all files and records, and import nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

pub(crate) async fn run(args: ImportArgs, output: Output) -> Result<ExitCode> {
    let folder = Folder::read(&args.folder)?;
    for said in folder.notes() {
        note(said);
    }
    let records = match folder.records() {
        Ok(records) => records,
        Err(problems) => return report(&problems, output),
    };
    // Only now, so that problems in the files are reported without a running system.
    let channels = args.connect.channels(Role::Importer)?;
    let problems = load::check(&channels, &records).await?;
    if !problems.is_empty() {
        return report(&problems, output);
    }
    if args.dry_run {
        note(format!(
            "{} rows are valid; nothing was imported",
            records.len()
        ));
        return Ok(ExitCode::SUCCESS);
    }
    // Installed after the dry run: until here nothing has been written, and a signal may
    // simply kill the process. From now on it reports what has been imported.
    let stop = stop_on_signal()?;
    let progress = load::Progress::default();
    let loaded = tokio::select! {
        loaded = load::load_counted(&channels, &records, &progress) => loaded,
        () = stop.cancelled() => {
            note(format!("stopped: {progress}; run it again to import the rest"));
            return Ok(ExitCode::FAILURE);
        }
    };
    let loaded = loaded.inspect_err(|_| {
        note(format!(
            "failed: {progress}; run it again to import the rest"
        ));
    })?;
    // Possible despite the dry run: records may have changed since.
    if !loaded.problems.is_empty() {
        return report(&loaded.problems, output);
    }
    match output {
        Output::Text => line(format!(
            "{} records imported, {} unchanged",
            loaded.imported, loaded.unchanged
        )),
        Output::Json => {
            output::json(&json!({"imported": loaded.imported, "unchanged": loaded.unchanged}))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints each problem with file, line, column and reason; returns the failure code.
fn report(problems: &[Problem], output: Output) -> Result<ExitCode> {
    for problem in problems {
        match output {
            Output::Text => line(problem),
            Output::Json => output::json(problem)?,
        }
    }
    note(format!("{} problems", problems.len()));
    Ok(ExitCode::FAILURE)
}

/// Combines problems into one error, which lists the first 20 of them.
pub(crate) fn refuse(problems: &[Problem]) -> anyhow::Error {
    let first: Vec<String> = problems.iter().take(20).map(Problem::to_string).collect();
    anyhow!(
        "{} problems in the data set:\n{}",
        problems.len(),
        first.join("\n")
    )
}
