//! Binary of the reporting service: parses the settings and runs the service.

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use wangge_client::connect_streams;
use wangge_kernel::clock::Clock;
use wangge_pg::Database;
use wangge_reporting::{App, MIGRATOR, NAME, PORT, Sources, WallArgs};
use wangge_server::process::{self, Failure, FeedArgs, ProcessArgs, Running};
use wangge_telemetry::TelemetryArgs;

/// Figures, each with the records behind it.
#[derive(Debug, Parser)]
#[command(name = "wangge-reporting", version, about)]
struct Cli {
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    feeds: FeedArgs,
    #[command(flatten)]
    wall: WallArgs,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

fn main() -> ExitCode {
    process::entry(NAME, PORT, |cli: &Cli| &cli.telemetry, run)
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let token = cli.feeds.token(cli.process.environment)?;
    let sources = Sources {
        organization: connect_streams(&cli.feeds.organization_url, token.clone())?,
        tickets: connect_streams(&cli.feeds.tickets_url, token.clone())?,
        volunteers: connect_streams(&cli.feeds.volunteers_url, token)?,
    };
    // Bound before the service starts, so that a port in use is reported at once.
    let wall = cli.wall.open()?;
    let start = |database: Database, stop: CancellationToken| {
        let app = App::new(database.clone(), Clock::System, sources);
        let mut background = app.background(stop.clone());
        if let Some((listener, shown)) = wall {
            background.spawn(app.clone().serve_pages(listener, shown, stop.clone()));
        }
        Running {
            service: app.service(stop),
            background,
            database,
        }
    };
    process::run(&cli.process, PORT, &MIGRATOR, start).await
}
