//! `wangge serve`: runs one service, as the services' own binaries do. Also provides the parts
//! that `wangge up` uses to run all four.

use std::{net::TcpListener, process::ExitCode};

use anyhow::{Result, anyhow};
use clap::Args;
use tokio_util::sync::CancellationToken;
use wangge_client::{ServiceChannel, connect_streams};
use wangge_kernel::clock::Clock;
use wangge_pg::Database;
use wangge_reporting::{Shown, WallArgs};
use wangge_server::process::{self, FeedArgs, ProcessArgs, Running};

use crate::services::ServiceName;

/// Arguments of `wangge serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Service to run.
    service: ServiceName,
    #[command(flatten)]
    process: ProcessArgs,
    #[command(flatten)]
    feeds: FeedArgs,
    #[command(flatten)]
    wall: WallArgs,
}

/// Listener of the wall's pages, and the areas that they show.
pub(crate) type Wall = (TcpListener, Shown);

/// Channels to the feeds that services consume.
#[derive(Debug, Clone)]
pub(crate) struct Feeds {
    pub(crate) organization: ServiceChannel,
    pub(crate) tickets: ServiceChannel,
    pub(crate) volunteers: ServiceChannel,
}

pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode> {
    let service = args.service;
    let token = args.feeds.token(args.process.environment)?;
    let feeds = Feeds {
        organization: connect_streams(&args.feeds.organization_url, token.clone())?,
        tickets: connect_streams(&args.feeds.tickets_url, token.clone())?,
        volunteers: connect_streams(&args.feeds.volunteers_url, token)?,
    };
    // Other services ignore the wall's settings, so that all of them can share one environment.
    let wall = match service {
        ServiceName::Reporting => args.wall.open()?,
        _ => None,
    };
    let start = |database, stop| start(service, database, feeds, wall, stop);
    process::run(&args.process, service.port(), service.migrator(), start)
        .await
        .map_err(|error| anyhow!(error))?;
    Ok(ExitCode::SUCCESS)
}

/// Starts a service's background tasks and builds its handlers.
pub(crate) fn start(
    service: ServiceName,
    database: Database,
    feeds: Feeds,
    wall: Option<Wall>,
    stop: CancellationToken,
) -> Running {
    let (clock, pools) = (Clock::System, database.clone());
    let (service, background) = match service {
        ServiceName::Organization => {
            let app = wangge_organization::App::new(pools, clock);
            (app.service(stop.clone()), app.background(stop))
        }
        ServiceName::Tickets => {
            let app = wangge_tickets::App::new(
                pools,
                clock,
                wangge_tickets::Feeds {
                    organization: feeds.organization,
                    volunteers: feeds.volunteers,
                },
            );
            (app.service(stop.clone()), app.background(stop))
        }
        ServiceName::Volunteers => {
            let app = wangge_volunteers::App::new(pools, clock, feeds.organization);
            (app.service(stop.clone()), app.background(stop))
        }
        ServiceName::Reporting => {
            let Feeds {
                organization,
                tickets,
                volunteers,
            } = feeds;
            let sources = wangge_reporting::Sources {
                organization,
                tickets,
                volunteers,
            };
            let app = wangge_reporting::App::new(pools, clock, sources);
            let mut background = app.background(stop.clone());
            if let Some((listener, shown)) = wall {
                background.spawn(app.clone().serve_pages(listener, shown, stop.clone()));
            }
            (app.service(stop), background)
        }
    };
    Running {
        service,
        background,
        database,
    }
}
