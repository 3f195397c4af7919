//! A process that runs one service: its settings, its start and its end. The
//! services' binaries and `wangge` share it.

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

/// Any error of a start.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Settings of a process that runs one service.
#[derive(Debug, Clone, Args)]
pub struct ProcessArgs {
    /// Address to listen on; the service's own port of all interfaces by
    /// default.
    #[arg(long, env = "WANGGE_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// What the process is run for: in production, which it is unless told
    /// otherwise, what is for development only is refused.
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
    /// File with the password of the database's role, which then need not stand
    /// in the URL.
    #[arg(long, env = "WANGGE_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    pub database_password_file: Option<PathBuf>,
    /// Bring the database up to date first. Where several replicas share one, it
    /// is done once and before: see `wangge migrate`.
    #[arg(long, env = "WANGGE_MIGRATE", default_value_t = false)]
    pub migrate: bool,
    /// Connections that calls may use.
    #[arg(long, env = "WANGGE_MAX_CONNECTIONS", default_value_t = 16)]
    pub max_connections: u32,
    /// File of the JSON Web Key Set that tokens are checked against; read
    /// again when it changes.
    #[arg(long, env = "WANGGE_JWKS_FILE", value_parser = readable_file)]
    pub jwks_file: PathBuf,
    /// Issuer whose tokens are accepted; may be given several times.
    #[arg(long = "issuer", env = "WANGGE_ISSUER", default_value = ISSUER, value_delimiter = ',')]
    pub issuers: Vec<String>,
    /// Audience that tokens must name.
    #[arg(long, env = "WANGGE_AUDIENCE", default_value = AUDIENCE)]
    pub audience: String,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArgs,
}

/// Where the feeds of other services are, and the token to read them with.
#[derive(Debug, Clone, Args)]
pub struct FeedArgs {
    /// Address of organization, whose feed the other services read. Every address
    /// of the name is used.
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
    /// File of the token of role `service` with which feeds are read; read
    /// again for each connection.
    #[arg(long, env = "WANGGE_SERVICE_TOKEN_FILE", value_parser = readable_file)]
    pub service_token_file: Option<PathBuf>,
}

impl FeedArgs {
    /// The token with which feeds are read.
    ///
    /// # Errors
    /// When it may not be used in this environment.
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

/// A service with its work in the background.
#[derive(Debug)]
pub struct Running {
    /// What is served.
    pub service: Service,
    /// What goes on besides; it ends at the same token.
    pub background: JoinSet<()>,
    /// The service's pools.
    pub database: Database,
}

/// Everything that a service's binary does: asks a running one whether it is
/// well, if its first argument is `healthcheck`; otherwise reads its settings
/// and runs.
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

/// Runs a whole process: telemetry, `work`, and the last spans.
///
/// # Errors
/// What telemetry or `work` say.
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
        tokio::task::spawn_blocking(|| telemetry.shut_down()).await?;
        result
    })
}

/// Tells the operator why the process ends.
pub fn fail(error: &Failure) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}

/// Runs one service until the process is told to stop: waits until the database
/// is up to date, then serves what `start` makes.
///
/// # Errors
/// What is wrong with the settings, or with the start.
pub async fn run(
    args: &ProcessArgs,
    port: u16,
    migrator: &'static Migrator,
    start: impl FnOnce(Database, CancellationToken) -> Running,
) -> Result<(), Failure> {
    let mut mistakes = environment::mistakes(args);
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

/// Sees to it that the database is up to date, or waits for it, alive and not
/// ready; answers the listener, or nothing if the process was told to stop.
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
    let listener = listener.into_std()?;
    let meanwhile = TcpListener::from_std(listener.try_clone()?)?;
    let over = stop.child_token();
    let waiting = async {
        tokio::select! {
            () = wangge_pg::migrate::wait_until_migrated(&database.background, migrator) => {}
            () = stop.cancelled() => {}
        }
        over.cancel();
        // Whoever watches the health of a process would hold it for good.
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        lived = live(meanwhile, over.clone().cancelled_owned()) => lived?,
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

/// Serves until `stop`, then ends what goes on in the background.
///
/// # Errors
/// When the transport can't be set up.
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
    background.shutdown().await;
    // Connections that are still busy are left to end with the process.
    let _ = tokio::time::timeout(Duration::from_secs(1), database.close()).await;
    served
}

/// Cancelled when the process is told to stop.
///
/// # Errors
/// When signals can't be listened to.
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
