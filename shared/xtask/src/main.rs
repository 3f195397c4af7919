//! Checks that no library provides: layering and words of the code, compatibility of queries and
//! migrations with the previous release, freshness of generated files, licences of dependencies,
//! and the design of the contracts. It knows the services only by their folders, so that it builds even when
//! their queries don't.

mod contracts;
mod dependencies;
mod layers;
mod migrations;
mod prepare;
mod queries;
mod sources;
mod sql;
mod words;

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

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
    /// Check that code respects its layers and words, that queries name their columns, that
    /// migrations can run while the previous release serves, and the contracts.
    Check {
        /// Check only this.
        #[command(subcommand)]
        part: Option<Part>,
    },
    /// Check licences and versions of dependencies against deny.toml.
    Dependencies,
    /// Write the metadata that the query macros need to build without a database.
    Sqlx {
        /// Write nothing; fail if anything is out of date.
        #[arg(long)]
        check: bool,
    },
    /// Write the contracts' file descriptor set, for tools that read it.
    Descriptors {
        /// The file to write.
        file: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Check the contracts against the rules that proto/README.md lists.
    Contracts {
        /// Write the rules to proto/README.md.
        #[arg(long)]
        write: bool,
    },
}

fn main() -> Result<ExitCode> {
    let root = root()?;
    match Cli::parse().task {
        Task::Check { part: None } => {
            let code = layers::check(&root)?;
            let contracts = contracts::check(&root, false)?;
            Ok(if code == ExitCode::SUCCESS {
                contracts
            } else {
                code
            })
        }
        Task::Check {
            part: Some(Part::Contracts { write }),
        } => contracts::check(&root, write),
        Task::Dependencies => dependencies::check(&root),
        Task::Sqlx { check } => prepare::run(&root, check),
        Task::Descriptors { file } => {
            std::fs::write(&file, wangge_api::FILE_DESCRIPTOR_SET)
                .with_context(|| file.display().to_string())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Returns the repository's root, two folders above this crate.
fn root() -> Result<PathBuf> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .map(PathBuf::from)
        .context("the crate is in shared/xtask")
}

/// Returns a call of cargo in the repository's root.
fn cargo(root: &Path) -> Command {
    // Not the cargo that this program was built by: outside of `cargo run`, nothing sets the
    // toolchain of its rustc, and a dependency's own rust-toolchain.toml would.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Prints a finding to stderr.
fn say(text: impl std::fmt::Display) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}
