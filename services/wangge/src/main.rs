//! `wangge`, the operator's command-line tool: runs services, imports a
//! community's files, reads reports, watches feeds and runs benchmarks. It reads
//! and writes records through the public contracts only.

mod bench;
mod cli;
mod connect;
mod contracts;
mod data_dir;
mod databases;
mod doctor;
mod drill;
mod import;
mod migrate;
mod output;
mod report;
mod secrets;
mod serve;
mod services;
mod settings;
mod token;
mod up;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli: cli::Cli = match wangge_server::settings::read(std::env::args_os()) {
        Ok(cli) => cli,
        // All mistakes at once, so that an operator needn't fix them one run at a
        // time.
        Err(mistakes) => {
            output::error(&mistakes.into());
            return ExitCode::FAILURE;
        }
    };
    match cli.run() {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}
