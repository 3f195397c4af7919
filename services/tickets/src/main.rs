//! Entry point of the tickets service: parses the settings and runs the service.

use std::process::ExitCode;

use clap::Parser;
use tokio_util::sync::CancellationToken;
use wangge_client::connect_streams;
use wangge_kernel::clock::Clock;
use wangge_pg::Database;
use wangge_server::process::{self, Failure, FeedArgs, ProcessArgs, Running};
use wangge_telemetry::TelemetryArgs;
use wangge_tickets::{App, Feeds, MIGRATOR, NAME, PORT};

/// Tickets and dispatch orders, from report to close.
#[derive(Debug, Parser)]
#[command(name = "wangge-tickets", version, about)]
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
    let feeds = Feeds {
        organization: connect_streams(&cli.feeds.organization_url, token.clone())?,
        volunteers: connect_streams(&cli.feeds.volunteers_url, token)?,
    };
    let start = |database: Database, stop: CancellationToken| {
        let app = App::new(database.clone(), Clock::System, feeds);
        Running {
            service: app.service(stop.clone()),
            background: app.background(stop),
            database,
        }
    };
    process::run(&cli.process, PORT, &MIGRATOR, start).await
}
