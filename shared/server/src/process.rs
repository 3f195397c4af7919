//! A process that runs one service: settings, startup and shutdown. The services'
//! binaries and `wangge` share it.

use std::{
    error::Error, future::Future, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc,
    time::Duration,
};

use clap::{Args, Parser};
use sqlx::migrate::Migrator;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use wangge_auth::{
    Verifier,
    issuer::{AUDIENCE, ISSUER},
    keys::{KeyError, Keys},
};
use wangge_client::TokenSource;
use wangge_pg::{Database, pool::Access};
use wangge_telemetry::{Telemetry, TelemetryArgs};

use crate::{
    args::ServerArgs,
    environment::{self, Environment},
    healthcheck,
    serve::Service,
    serve::{live, serve},
    service_token::ServiceToken,
    settings::{self, Mistakes, address, readable_file},
};

/// Any error during startup.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Settings of a process that runs one service.
#[derive(Debug, Clone, Args)]
pub struct ProcessArgs {
    /// Address to listen on; default: the service's own port on all interfaces.
    #[arg(long, env = "WANGGE_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// Deployment environment. Production, the default, rejects settings meant for
    /// development only.
    #[arg(
        long,
        env = "WANGGE_ENVIRONMENT",
        value_enum,
        default_value = "production"
    )]
    pub environment: Environment,
    /// URL of the service's database. Example: postgres://tickets@db:5432/tickets.
    #[arg(long, env = "WANGGE_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    pub database_url: String,
    /// File with the password of the database role, instead of a password in the URL.
    #[arg(long, env = "WANGGE_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    pub database_password_file: Option<PathBuf>,
    /// Migrate the database before serving. If replicas share a database, run `wangge
    /// migrate` once beforehand instead.
    #[arg(long, env = "WANGGE_MIGRATE", default_value_t = false)]
    pub migrate: bool,
    /// Maximum number of database connections for calls.
    #[arg(long, env = "WANGGE_MAX_CONNECTIONS", default_value_t = 16)]
    pub max_connections: u32,
    /// File with the JSON Web Key Set that verifies tokens; reloaded when it changes.
    #[arg(long, env = "WANGGE_JWKS_FILE", value_parser = readable_file)]
    pub jwks_file: PathBuf,
    /// Accepted token issuer; may be repeated.
    #[arg(long = "issuer", env = "WANGGE_ISSUER", default_value = ISSUER, value_delimiter = ',')]
    pub issuers: Vec<String>,
    /// Required audience of tokens.
    #[arg(long, env = "WANGGE_AUDIENCE", default_value = AUDIENCE)]
    pub audience: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArgs,
}

/// Addresses of the feeds of other services, and the token for reading them.
#[derive(Debug, Clone, Args)]
pub struct FeedArgs {
    /// Address of organization, whose feed the other services read. If the name resolves
    /// to several addresses, all are used.
    #[arg(
        long,
        env = "WANGGE_ORGANIZATION_URL",
        default_value = "http://organization:7401",
        value_parser = address
    )]
    pub organization_url: String,
    /// Address of tickets, whose feed reporting reads.
    #[arg(
        long,
        env = "WANGGE_TICKETS_URL",
        default_value = "http://tickets:7402",
        value_parser = address
    )]
    pub tickets_url: String,
    /// Address of volunteers, whose feed reporting reads.
    #[arg(
        long,
        env = "WANGGE_VOLUNTEERS_URL",
        default_value = "http://volunteers:7403",
        value_parser = address
    )]
    pub volunteers_url: String,
    /// File with the token of role `service` for reading feeds; reloaded for each
    /// connection.
    #[arg(long, env = "WANGGE_SERVICE_TOKEN_FILE", value_parser = readable_file)]
    pub service_token_file: Option<PathBuf>,
}

impl FeedArgs {
    /// Returns the source of the token for reading feeds.
    ///
    /// # Errors
    /// Returns an error if the token isn't allowed in `environment`.
    pub fn token(&self, environment: Environment) -> Result<TokenSource, Mistakes> {
        let Some(path) = self.service_token_file.clone() else {
            return Ok(TokenSource::none());
        };
        let token = ServiceToken::new(path);
        match token.mistake(environment) {
            Some(mistake) => Err(Mistakes(vec![mistake])),
            None => Ok(token.measured()),
        }
    }
}

/// A service with its background tasks.
#[derive(Debug)]
pub struct Running {
    /// Routes, names and readiness of the service.
    pub service: Service,
    /// Background tasks; they stop at the same token.
    pub background: JoinSet<()>,
    /// The service's connection pools, closed after the background tasks.
    pub database: Database,
}

/// The `main` of a service's binary. With `healthcheck` as its first argument, it checks
/// the health of a running process; otherwise it reads its settings and runs.
pub fn entry<C, F>(
    name: &'static str,
    port: u16,
    telemetry: fn(&C) -> &TelemetryArgs,
    work: fn(C) -> F,
) -> ExitCode
where
    C: Parser,
    F: Future<Output = Result<(), Failure>>,
{
    if std::env::args().nth(1).as_deref() == Some("healthcheck") {
        return healthcheck::run(std::env::args().skip(2), port);
    }
    let settings = match settings::read::<C>(std::env::args_os()) {
        Ok(settings) => settings,
        Err(mistakes) => return fail(&mistakes.into()),
    };
    let telemetry = telemetry(&settings).clone();
    match main(&telemetry, name, work(settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Runs a whole process: starts telemetry, runs `work`, then flushes telemetry.
///
/// # Errors
/// Returns the error of telemetry's setup or of `work`.
pub fn main<F: Future<Output = Result<(), Failure>>>(
    telemetry: &TelemetryArgs,
    name: &'static str,
    work: F,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let telemetry = Telemetry::start(telemetry, name)?;
        let result = work.await;
        // Blocks until the exporters, which run on this runtime, have sent.
        tokio::task::spawn_blocking(|| telemetry.shut_down()).await?;
        result
    })
}

/// Prints the error to stderr and returns a failure exit code.
pub fn fail(error: &Failure) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}

/// Runs one service until the process receives a stop signal: waits until the database is
/// migrated, then serves what `start` returns.
///
/// # Errors
/// Returns invalid settings, all at once, or the error that startup failed with.
pub async fn run(
    args: &ProcessArgs,
    port: u16,
    migrator: &'static Migrator,
    start: impl FnOnce(Database, CancellationToken) -> Running,
) -> Result<(), Failure> {
    let mut mistakes = environment::mistakes(args);
    // Collected rather than returned: the operator sees every invalid setting in one run.
    let verifier = match verifier(args) {
        Ok(verifier) => Some(verifier),
        Err(error) => {
            mistakes.push(format!(
                "WANGGE_JWKS_FILE: {}: {error}",
                args.jwks_file.display()
            ));
            None
        }
    };
    let Some(verifier) = verifier.filter(|_| mistakes.is_empty()) else {
        return Err(Mistakes(mistakes).into());
    };
    let access = Access::of(&args.database_url, args.database_password_file.as_deref())?
        .with_deadline(args.server.deadline());
    let database = Database::at(&access, args.max_connections);
    wangge_pg::measures::measure(&database);
    let address = args
        .listen
        .unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], port)));
    // Bound before the database is ready, so that liveness can be checked during
    // migrations.
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("listening on {address}: {error}"))?;
    let stop = stop_on_signal()?;
    let Some(listener) = prepared(args, &database, migrator, listener, &stop).await? else {
        return Ok(());
    };
    tracing::info!(%address, "serving");
    let running = start(database, stop.clone());
    run_service(running, listener, &args.server, Arc::new(verifier), stop).await
}

/// Migrates the database if configured; otherwise waits until it is migrated, serving
/// liveness but not readiness. Returns the listener, or none if `stop` was cancelled.
async fn prepared(
    args: &ProcessArgs,
    database: &Database,
    migrator: &'static Migrator,
    listener: TcpListener,
    stop: &CancellationToken,
) -> Result<Option<TcpListener>, Failure> {
    if args.migrate {
        tokio::select! {
            migrated = wangge_pg::migrate::migrate(&database.background, migrator) => migrated?,
            () = stop.cancelled() => return Ok(None),
        }
        return Ok(Some(listener));
    }
    // A second handle to the same socket: connections that arrive while `live` shuts down
    // stay in its queue for the real server.
    let listener = listener.into_std()?;
    let meanwhile = TcpListener::from_std(listener.try_clone()?)?;
    let over = stop.child_token();
    let waiting = async {
        tokio::select! {
            () = wangge_pg::migrate::wait_until_migrated(&database.background, migrator) => {}
            () = stop.cancelled() => {}
        }
        over.cancel();
        // An open `Health/Watch` stream would keep the graceful shutdown from ever
        // completing.
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        lived = live(meanwhile, &args.server, over.clone().cancelled_owned()) => lived?,
        () = waiting => {}
    }
    if stop.is_cancelled() {
        return Ok(None);
    }
    Ok(Some(TcpListener::from_std(listener)?))
}

fn verifier(args: &ProcessArgs) -> Result<Verifier, KeyError> {
    let (issuers, audience) = (args.issuers.clone(), args.audience.clone());
    let keys = match args.environment {
        Environment::Development => Keys::Any,
        Environment::Production => Keys::NotForDevelopment,
    };
    Verifier::from_file(args.jwks_file.clone(), keys, issuers, audience)
}

/// Serves until `stop`, then stops the background tasks and closes the pools.
///
/// # Errors
/// Returns an error if the transport can't be set up.
pub async fn run_service(
    running: Running,
    listener: TcpListener,
    args: &ServerArgs,
    verifier: Arc<Verifier>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let Running {
        service,
        mut background,
        database,
    } = running;
    let served = serve(service, listener, args, verifier, stop.clone()).await;
    stop.cancel();
    // Also when the server failed by itself: background tasks watch this token.
    background.shutdown().await;
    // Connections that are still busy are left to end with the process.
    let _ = tokio::time::timeout(Duration::from_secs(1), database.close()).await;
    served
}

/// Returns a token that is cancelled on SIGTERM or SIGINT.
///
/// # Errors
/// Returns an error if the signal handlers can't be installed.
pub fn stop_on_signal() -> Result<CancellationToken, std::io::Error> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        told.cancel();
    });
    Ok(stop)
}
