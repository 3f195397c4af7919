//! Checks that no library does: that code keeps to its layers, that queries and
//! migrations let two releases work on one database, that generated files are up to
//! date, and under which licences we take what from others. It knows the services by
//! their folders only, so that it builds when their queries don't.

mod dependencies;
mod layers;
mod migrations;
mod prepare;
mod queries;
mod sources;
mod sql;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(about)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check that code keeps to its layers, that queries name their columns, and
    /// that migrations can run while the release before serves.
    Check,
    /// Check licences and versions of what is taken from others against deny.toml.
    Dependencies,
    /// Write what the query macros need to build without a database.
    Sqlx {
        /// Write nothing; fail if something is not up to date.
        #[arg(long)]
        check: bool,
    },
    /// Write the descriptors of the contracts, for tools that read them.
    Descriptors {
        /// The file to write.
        file: PathBuf,
    },
}

fn main() -> Result<ExitCode> {
    let root = root()?;
    match Cli::parse().task {
        Task::Check => layers::check(&root),
        Task::Dependencies => dependencies::check(&root),
        Task::Sqlx { check } => prepare::run(&root, check),
        Task::Descriptors { file } => {
            std::fs::write(&file, wangge_api::FILE_DESCRIPTOR_SET)
                .with_context(|| file.display().to_string())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The repository: two folders above this crate.
fn root() -> Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .map(PathBuf::from)
        .context("the crate lies in shared/xtask")
}

/// Tells a person what was found.
fn say(text: impl std::fmt::Display) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}
