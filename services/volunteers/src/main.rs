//! The binary of the volunteers service: parses the settings and runs the service.

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use wangge_client::connect_streams;
use wangge_kernel::clock::Clock;
use wangge_pg::Database;
use wangge_server::process::{self, Failure, FeedArgs, ProcessArgs, Running};
use wangge_telemetry::TelemetryArgs;
use wangge_volunteers::{App, MIGRATOR, NAME, PORT};

/// Serves officials' registrations, volunteers, projects and stations.
#[derive(Debug, Parser)]
#[command(name = "wangge-volunteers", version, about)]
struct Cli {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    feeds: FeedArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

fn main() -> ExitCode {
    process::entry(NAME, PORT, |cli: &Cli| &cli.telemetry, run)
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let token = cli.feeds.token(cli.process.environment)?;
    // A channel for streams, without a timeout per call: the feed never ends by itself.
    let organization = connect_streams(&cli.feeds.organization_url, token)?;
    let start = |database: Database, stop: CancellationToken| {
        let app = App::new(database.clone(), Clock::System, organization);
        Running {
            service: app.service(stop.clone()),
            background: app.background(stop),
            database,
        }
    };
    process::run(&cli.process, PORT, &MIGRATOR, start).await
}
