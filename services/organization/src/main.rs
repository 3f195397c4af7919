//! Binary of the organization service: parses the settings and runs the service.

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use wangge_kernel::clock::Clock;
use wangge_organization::{App, MIGRATOR, NAME, PORT};
use wangge_pg::Database;
use wangge_server::process::{self, Failure, ProcessArgs, Running};
use wangge_telemetry::TelemetryArgs;

/// Areas and grids, units, people and appointments.
#[derive(Debug, Parser)]
#[command(name = "wangge-organization", version, about)]
struct Cli {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

fn main() -> ExitCode {
    process::entry(NAME, PORT, |cli: &Cli| &cli.telemetry, run)
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let start = |database: Database, stop: CancellationToken| {
        let app = App::new(database.clone(), Clock::System);
        Running {
            service: app.service(stop.clone()),
            background: app.background(stop),
            database,
        }
    };
    process::run(&cli.process, PORT, &MIGRATOR, start).await
}
