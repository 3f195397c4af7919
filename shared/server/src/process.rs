//! A process that runs one service: its settings, its start and its end. The
//! services' binaries and `wangge` share it.

use std::{
    error::Error, future::Future, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc,
    time::Duration,
};

use clap::Args;
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
};
use wangge_client::TokenSource;
use wangge_pg::Database;
use wangge_telemetry::{Telemetry, TelemetryArgs};

use crate::{args::ServerArgs, serve::Service, serve::serve};

/// Any error of a start.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Settings of a process that runs one service.
#[derive(Debug, Clone, Args)]
pub struct ProcessArgs {
    /// Address to listen on; the service's own port of all interfaces by
    /// default.
    #[arg(long, env = "WANGGE_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// URL of the service's database.
    #[arg(long, env = "WANGGE_DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Connections that calls may use.
    #[arg(long, env = "WANGGE_MAX_CONNECTIONS", default_value_t = 16)]
    pub max_connections: u32,
    /// File of the JSON Web Key Set that tokens are checked against; read
    /// again when it changes.
    #[arg(long, env = "WANGGE_JWKS_FILE")]
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
    /// Address of organization, whose feed the other services read.
    #[arg(
        long,
        env = "WANGGE_ORGANIZATION_URL",
        default_value = "http://organization:7401"
    )]
    pub organization_url: String,
    /// Address of tickets, whose feed reporting reads.
    #[arg(
        long,
        env = "WANGGE_TICKETS_URL",
        default_value = "http://tickets:7402"
    )]
    pub tickets_url: String,
    /// Address of volunteers, whose feed reporting reads.
    #[arg(
        long,
        env = "WANGGE_VOLUNTEERS_URL",
        default_value = "http://volunteers:7403"
    )]
    pub volunteers_url: String,
    /// File of the token of role `service` with which feeds are read; read
    /// again for each connection.
    #[arg(long, env = "WANGGE_SERVICE_TOKEN_FILE")]
    pub service_token_file: Option<PathBuf>,
}

impl FeedArgs {
    /// The token with which feeds are read.
    pub fn token(&self) -> TokenSource {
        match self.service_token_file.clone() {
            Some(path) => TokenSource::from_fn(move || {
                std::fs::read_to_string(&path)
                    .ok()
                    .map(|token| token.trim().to_owned())
            }),
            None => TokenSource::none(),
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

/// Runs one service until the process is told to stop: migrates the database,
/// then serves what `start` makes.
///
/// # Errors
/// What is wrong with the settings, or with the start.
pub async fn run(
    args: &ProcessArgs,
    port: u16,
    migrator: &'static Migrator,
    start: impl FnOnce(Database, CancellationToken) -> Running,
) -> Result<(), Failure> {
    let (issuers, audience) = (args.issuers.clone(), args.audience.clone());
    let verifier = Verifier::from_file(args.jwks_file.clone(), issuers, audience)
        .map_err(|error| format!("key set {}: {error}", args.jwks_file.display()))?;
    let database = Database::open(&args.database_url, args.max_connections)?;
    wangge_pg::migrate::migrate(&database.background, migrator).await?;
    let address = args
        .listen
        .unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], port)));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("listening on {address}: {error}"))?;
    let stop = stop_on_signal()?;
    tracing::info!(%address, "serving");
    let running = start(database, stop.clone());
    run_service(running, listener, &args.server, Arc::new(verifier), stop).await
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
