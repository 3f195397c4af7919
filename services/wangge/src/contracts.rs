//! `wangge contracts`: the contracts as this version serves them, for programs that
//! generate clients or translate calls. It owns what is handed out, and refuses to
//! generate anything for one language.

mod export;
mod plain;

use std::{
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Result, bail};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum ContractsCommand {
    /// Write the contracts with all that they import.
    ///
    /// The folder `proto` has the contracts with their rules and policies, and the files of
    /// others that they import; `plain` has them without rules and policies, for languages
    /// whose generators can't handle custom options. `descriptors.binpb` is a descriptor set
    /// of everything.
    Export {
        /// A new or empty folder, or a file whose name ends in `.tar.gz`.
        path: PathBuf,
    },
    /// Print the contracts as a protobuf descriptor set, with the types of error details.
    Descriptors,
}

pub(crate) fn run(command: ContractsCommand) -> Result<ExitCode> {
    match command {
        ContractsCommand::Export { path } => export::run(&path),
        ContractsCommand::Descriptors => descriptors(),
    }
}

fn descriptors() -> Result<ExitCode> {
    let mut stdout = std::io::stdout();
    if stdout.is_terminal() {
        bail!(
            "the descriptors are binary: write them to a file with \
             `wangge contracts descriptors > FILE`"
        );
    }
    stdout.write_all(&wangge_server::descriptors()?)?;
    Ok(ExitCode::SUCCESS)
}
