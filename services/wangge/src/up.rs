//! `wangge up`: runs all four services in one process, each on its own port, on a
//! private PostgreSQL server unless database URLs are specified.

mod applied;
mod demo;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use wangge_api::policy::Role;
use wangge_auth::{
    Verifier,
    issuer::{AUDIENCE, ISSUER, Issuer},
};
use wangge_pg::Database;
use wangge_private_postgres::{Lifetime, Options, PrivatePostgres};
use wangge_reporting::Shown;
use wangge_server::{
    ServerArgs,
    process::{run_service, stop_on_signal},
};

use crate::{
    connect::Channels,
    data_dir::{DataDirArgs, make},
    databases::{self, DatabaseArgs},
    output::{Output, note},
    serve::{Feeds, start},
    services::ServiceName,
    token,
};

/// Arguments of `wangge up`.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// Import a data set and print its case table; by default, the golden data set.
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, default_missing_value = "tests/data/fuqiang")]
    demo: Option<PathBuf>,
    /// Import the data set into a temporary database, compare the case table with the
    /// published figures, and exit. Fails if a figure differs.
    #[arg(long, requires = "demo")]
    check: bool,
    /// First of five consecutive ports: those of the four services, then the wall's;
    /// 0 selects any free ports.
    #[arg(long, env = "WANGGE_FIRST_PORT", default_value_t = wangge_organization::PORT)]
    first_port: u16,
    #[command(flatten)]
    data_dir: DataDirArgs,
    #[command(flatten)]
    databases: DatabaseArgs,
    #[command(flatten)]
    server: ServerArgs,
}

/// The four running services.
struct Up {
    folder: PathBuf,
    /// Base URL of each service, in the order of [`ServiceName::ALL`].
    urls: Vec<String>,
    /// Base URL of the wall's pages; empty if they are not served.
    wall_url: String,
    issuer: Arc<Issuer>,
    postgres: Option<PrivatePostgres>,
    tasks: JoinSet<Result<()>>,
    stop: CancellationToken,
}

pub(crate) async fn run(mut args: UpArgs, output: Output) -> Result<ExitCode> {
    let begun = Instant::now();
    // Locally, clients such as grpcurl may list the contracts without their protos.
    args.server.reflection = true;
    let stop = stop_on_signal()?;
    let mut up = Up::start(&args, stop).await?;
    let result = up.work(&args, output, begun).await;
    let folder = up.folder.clone();
    // Also after an error of `work`: PostgreSQL must be stopped, and its folder can
    // be removed only then.
    up.end().await?;
    if args.check {
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    result
}

impl Up {
    async fn start(args: &UpArgs, stop: CancellationToken) -> Result<Self> {
        let folder = folder(args)?;
        let issuer = Arc::new(Issuer::load_or_generate(&folder).context("the development key")?);
        // A check always uses a temporary server, never databases whose URLs happen to be
        // set in the environment.
        let given = !args.check && args.databases.all_given()?;
        let postgres = if given {
            None
        } else {
            Some(private_postgres(&folder, args.check).await?)
        };
        let mut up = Self {
            folder,
            urls: Vec::new(),
            wall_url: String::new(),
            issuer,
            postgres,
            tasks: JoinSet::new(),
            stop,
        };
        // Some services may be running when another one fails to start.
        if let Err(error) = up.serve(args).await {
            up.end().await?;
            return Err(error);
        }
        Ok(up)
    }

    async fn serve(&mut self, args: &UpArgs) -> Result<()> {
        let opened = ServiceName::ALL.map(|service| self.open(args, service));
        let databases = futures::future::try_join_all(opened).await?;
        let listeners = self.bind(args).await?;
        let verifier = Arc::new(Verifier::from_jwks(
            self.issuer.jwks(),
            vec![ISSUER.to_owned()],
            AUDIENCE.to_owned(),
        )?);
        let mut wall = self.bind_wall(args)?;
        // Channels connect on first use, so the services may start in any order even
        // though they read each other's feeds.
        let channels = self.channels(Role::Service)?;
        let feeds = Feeds {
            organization: channels.organization,
            tickets: channels.tickets,
            volunteers: channels.volunteers,
        };
        for ((service, database), listener) in
            ServiceName::ALL.into_iter().zip(databases).zip(listeners)
        {
            let wall = match service {
                ServiceName::Reporting => wall.take(),
                _ => None,
            };
            let running = start(service, database, feeds.clone(), wall, self.stop.clone());
            let (server, verifier, stop) =
                (args.server.clone(), verifier.clone(), self.stop.clone());
            self.tasks.spawn(async move {
                run_service(running, listener, &server, verifier, stop)
                    .await
                    .map_err(|error| anyhow::anyhow!("serving: {error}"))
            });
        }
        Ok(())
    }

    /// Binds the ports of all services before one starts: a port in use is reported at once,
    /// and the channels need the address of every service.
    async fn bind(&mut self, args: &UpArgs) -> Result<Vec<TcpListener>> {
        let mut listeners = Vec::new();
        for (service, place) in ServiceName::ALL.into_iter().zip(0..) {
            let port = match (args.check, args.first_port) {
                (true, _) | (_, 0) => 0,
                (false, first) => first + place,
            };
            let listener = TcpListener::bind(("127.0.0.1", port))
                .await
                .with_context(|| {
                    format!(
                        "port {port} for {}: is `wangge up` already running?",
                        service.name()
                    )
                })?;
            self.urls.push(format!("http://{}", listener.local_addr()?));
            listeners.push(listener);
        }
        Ok(listeners)
    }

    /// Binds the port of the wall, which is not served in a check.
    fn bind_wall(&mut self, args: &UpArgs) -> Result<Option<(std::net::TcpListener, Shown)>> {
        if args.check {
            return Ok(None);
        }
        let port = match args.first_port {
            0 => 0,
            first => first + 4,
        };
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))
            .with_context(|| format!("port {port} for the wall"))?;
        self.wall_url = format!("http://{}/wall/", listener.local_addr()?);
        Ok(Some((listener, Shown::Every)))
    }

    async fn open(&self, args: &UpArgs, service: ServiceName) -> Result<Database> {
        let url = match &self.postgres {
            Some(postgres) => databases::make(postgres, service).await?,
            None => args.databases.needed_url(service)?.to_owned(),
        };
        args.databases.open(&url, service).await
    }

    /// Returns channels to the services with the rights of a role on the whole platform.
    fn channels(&self, role: Role) -> Result<Channels> {
        let token = token::issued_by(self.issuer.clone(), role);
        Channels::to(|service| self.url(service), &token)
    }

    fn url(&self, service: ServiceName) -> String {
        let mut places = ServiceName::ALL.into_iter().zip(&self.urls);
        places
            .find(|(name, _)| *name == service)
            .map(|(_, url)| url.clone())
            .unwrap_or_default()
    }

    async fn work(&mut self, args: &UpArgs, output: Output, begun: Instant) -> Result<ExitCode> {
        for (service, url) in ServiceName::ALL.iter().zip(&self.urls) {
            note(format!("{:<13} {url}", service.name()));
        }
        if !self.wall_url.is_empty() {
            note(format!("{:<13} {}<area code>", "wall", self.wall_url));
        }
        note(format!(
            "ready after {:.1} s; data in {}",
            begun.elapsed().as_secs_f64(),
            self.folder.display()
        ));
        if let Some(folder) = &args.demo {
            // A stop signal aborts the import instead of waiting for its end; the next run
            // imports the rest.
            let stop = self.stop.clone();
            let code = tokio::select! {
                code = demo::run(self, folder, args.check, output) => code?,
                () = stop.cancelled() => return Ok(ExitCode::SUCCESS),
            };
            if args.check {
                return Ok(code);
            }
        }
        note("Ctrl-C stops everything.");
        let postgres = async {
            match &mut self.postgres {
                Some(postgres) => postgres.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Polled in order: after a stop signal the services end as well, and this
            // must not be reported as a failure.
            biased;
            () = self.stop.cancelled() => Ok(ExitCode::SUCCESS),
            Some(ended) = self.tasks.join_next() => {
                ended??;
                anyhow::bail!("a service has stopped")
            }
            () = postgres => anyhow::bail!(
                "the private PostgreSQL in {} has exited: its log is next to its data; restart \
                 this command",
                self.folder.display()
            ),
        }
    }

    /// Stops the services, then PostgreSQL, so that the services can finish their open
    /// calls and transactions.
    async fn end(mut self) -> Result<()> {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await?;
        }
        Ok(())
    }
}

/// Returns the data folder, created if needed; for a check, a new temporary folder that
/// is removed at the end.
fn folder(args: &UpArgs) -> Result<PathBuf> {
    if args.check {
        make(std::env::temp_dir().join(format!("wangge-check-{}", uuid::Uuid::now_v7().simple())))
    } else {
        args.data_dir.made()
    }
}

async fn private_postgres(folder: &Path, check: bool) -> Result<PrivatePostgres> {
    let options = Options {
        data_dir: folder.join("postgres"),
        // A check's data is discarded, so it needn't survive a crash.
        durable: !check,
        // If `wangge up` is killed, its next run adopts the server that still runs; a
        // check has no next run on its folder.
        lifetime: if check {
            Lifetime::DiesWithParent
        } else {
            Lifetime::Adoptable
        },
        // Shared by the pools of all four services.
        max_connections: 200,
        remove_on_exit: check,
    };
    Ok(PrivatePostgres::start(options).await?)
}
