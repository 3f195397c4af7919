//! `wangge`, the operator's tool: runs services, imports a community's files, prints reports,
//! watches feeds, runs benchmarks. It changes records only through the public contracts.

mod bench;
mod cli;
mod connect;
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
