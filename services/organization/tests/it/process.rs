//! The service's binary, as a container runs it: settings, health, metrics and logs.

use std::{net::TcpListener, path::Path, process::Stdio};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};
use tonic::Request;
use wangge_api::organization::v1::{GetAreaRequest, area_service_client::AreaServiceClient};
use wangge_auth::issuer::{INSTALLATION, Issuer};
use wangge_organization::MIGRATOR;
use wangge_testkit::{HANG_TIMEOUT, empty_database, eventually, postgres_url};

/// Personal data that a caller sends, which must not appear in logs or metrics.
const CANARY: &str = "张戊一的电话";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wangge-organization"));
    command.env_clear().kill_on_drop(true).stdin(Stdio::null());
    command
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// A temporary directory, removed on drop.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("wangge-process-{}", uuid::Uuid::now_v7().simple());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the error output of a process that exits with a failure.
async fn refused(command: &mut Command) -> String {
    let ended = command.output().await.expect("it runs");
    assert!(!ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stderr).expect("UTF-8")
}

#[tokio::test]
async fn every_wrong_setting_is_named_at_once_and_no_secret_shown() {
    let told = refused(
        binary()
            .env("WANGGE_LISTEN", "nowhere")
            .env("WANGGE_DATABASE_URL", "mysql://root:hunter2@db/x")
            .env("WANGGE_JWKS_FILE", "/nothing/there")
            .env("WANGGE_ENVIRONMENT", "staging")
            .env("WANGGE_MAX_IN_FLIGHT", "many")
            .env("WANGGE_LAME_DUCK_SECONDS", "60"),
    )
    .await;
    for name in [
        "WANGGE_LISTEN: ",
        "WANGGE_DATABASE_URL: must have the form postgres://",
        "WANGGE_JWKS_FILE: /nothing/there: No such file",
        "WANGGE_ENVIRONMENT: must be one of development, production",
        "WANGGE_MAX_IN_FLIGHT: ",
        "WANGGE_LAME_DUCK_SECONDS: ",
    ] {
        assert!(told.contains(name), "{name} in {told}");
    }
    assert!(told.contains("6 settings are invalid"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");

    let told = refused(&mut binary()).await;
    for name in ["WANGGE_DATABASE_URL", "WANGGE_JWKS_FILE"] {
        assert!(told.contains(&format!("{name} (or --")), "{told}");
    }
}

#[tokio::test]
async fn production_takes_nothing_that_is_for_development() {
    let folder = Folder::new();
    let development = Issuer::generate().expect("a key");
    let key_set = folder.file("jwks.json", development.jwks());
    // Leaving the variable unset doesn't bypass the check.
    for environment in [None, Some("production")] {
        let told = refused(
            binary()
                .envs(environment.map(|name| ("WANGGE_ENVIRONMENT", name)))
                .env("WANGGE_DATABASE_URL", "postgres://a@127.0.0.1:9/a")
                .env("WANGGE_JWKS_FILE", &key_set)
                .env("WANGGE_REFLECTION", "true")
                .env("WANGGE_WEB_ORIGINS", "*"),
        )
        .await;
        for name in [
            "WANGGE_ISSUER: tokens of ",
            "WANGGE_REFLECTION: reflection is not allowed",
            "WANGGE_WEB_ORIGINS: production allows only origins with https://",
            "development keys are not accepted",
        ] {
            assert!(told.contains(name), "{name} in {told}");
        }
    }
}

/// A running service with a database and the key set of an installation.
struct Running {
    child: Child,
    port: u16,
    metrics: u16,
    log: std::path::PathBuf,
    issuer: Issuer,
    _folder: Folder,
}

impl Running {
    fn start(database: &str) -> Self {
        let folder = Folder::new();
        let issuer = Issuer::make(INSTALLATION, &folder.0.join("key")).expect("a key");
        let log = folder.0.join("log");
        let (port, metrics) = (free_port(), free_port());
        let child = binary()
            .env("WANGGE_ENVIRONMENT", "production")
            .env("WANGGE_ISSUER", INSTALLATION)
            .env("WANGGE_JWKS_FILE", folder.file("jwks.json", issuer.jwks()))
            .env("WANGGE_DATABASE_URL", postgres_url(database))
            .env(
                "WANGGE_DATABASE_PASSWORD_FILE",
                folder.file("password", "a-password\n"),
            )
            .env("WANGGE_LISTEN", format!("127.0.0.1:{port}"))
            .env("WANGGE_METRICS_LISTEN", format!("127.0.0.1:{metrics}"))
            .env("WANGGE_LOG_FORMAT", "json")
            .env("WANGGE_LOG", "debug,h2=info,hyper=info,tower=info")
            .stderr(std::fs::File::create(&log).expect("a log"))
            .spawn()
            .expect("it starts");
        Self {
            child,
            port,
            metrics,
            log,
            issuer,
            _folder: folder,
        }
    }

    /// Returns true if the service with a name is healthy according to `healthcheck`.
    async fn is(&self, service: &str) -> bool {
        let mut command = binary();
        command.env("WANGGE_LISTEN", format!("127.0.0.1:{}", self.port));
        let asked = command.args(["healthcheck", service]).output().await;
        asked.expect("it runs").status.success()
    }

    async fn metrics(&self) -> String {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.metrics)).await;
        let mut stream = stream.expect("metrics are served");
        let request = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("an answer");
        text
    }

    fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).expect("the log");
        let lines = text.lines().map(serde_json::from_str);
        lines.map(|line| line.expect("JSON")).collect()
    }
}

#[tokio::test]
async fn a_process_lives_and_waits_until_its_database_is_up_to_date() {
    let name = empty_database().await;
    let running = Running::start(&name);
    eventually(|| async { running.is("liveness").await.then_some(()) }).await;
    assert!(!running.is("").await, "it has no tables");
    let pool = wangge_pg::open(&postgres_url(&name), 2).expect("a URL");
    wangge_pg::migrate::migrate(&pool, &MIGRATOR)
        .await
        .expect("migrated");
    eventually(|| async { running.is("").await.then_some(()) }).await;
    assert!(
        running
            .log()
            .iter()
            .any(|line| line.to_string().contains("wangge migrate")),
        "the log says what to do"
    );
    pool.close().await;
}

#[tokio::test]
async fn it_tells_numbers_and_traces_and_nothing_of_anybody() {
    let name = empty_database().await;
    let pool = wangge_pg::open(&postgres_url(&name), 2).expect("a URL");
    wangge_pg::migrate::migrate(&pool, &MIGRATOR)
        .await
        .expect("migrated");
    pool.close().await;
    let mut running = Running::start(&name);
    eventually(|| async { running.is("").await.then_some(()) }).await;

    let channel =
        tonic::transport::Endpoint::from_shared(format!("http://127.0.0.1:{}", running.port));
    let channel = channel.expect("an address").connect_lazy();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    let token = running.issuer.token(&wangge_auth::claims::Claims {
        iss: INSTALLATION.to_owned(),
        aud: wangge_auth::issuer::AUDIENCE.to_owned(),
        sub: "clerk-1".to_owned(),
        exp: now + 600,
        nbf: now - 5,
        roles: vec!["leader".to_owned()],
        area: Some(String::new()),
        unit: None,
    });
    let mut request = Request::new(GetAreaRequest {
        code: "320402".to_owned(),
    });
    let metadata = request.metadata_mut();
    let bearer = format!("Bearer {}", token.expect("a token"));
    metadata.insert("authorization", bearer.parse().expect("a value"));
    let trace = format!("00-{TRACE}-00f067aa0ba902b7-01");
    metadata.insert("traceparent", trace.parse().expect("a value"));
    let answer = AreaServiceClient::new(channel.clone())
        .get_area(request)
        .await;
    assert_eq!(answer.unwrap_err().code(), tonic::Code::NotFound);
    // A call without a token, and with personal data in the place of a code.
    let request = GetAreaRequest {
        code: CANARY.to_owned(),
    };
    let answer = AreaServiceClient::new(channel).get_area(request).await;
    assert_eq!(answer.unwrap_err().code(), tonic::Code::Unauthenticated);

    let told = running.metrics().await;
    for line in [
        "rpc_server_call_duration_seconds_count",
        "rpc_response_status_code=\"NOT_FOUND\"",
        "rpc_method=\"wangge.organization.v1.AreaService/GetArea\"",
        "wangge_calls_in_flight",
        "wangge_calls_shed_total",
        "wangge_database_ready",
        "db_client_connection_count",
        "db_client_connection_max",
        "db_client_connection_timeouts_total",
        "wangge_sequencer_lag_seconds",
        "wangge_feed_head",
        "wangge_feed_subscribers",
        "wangge_feed_stalled_total",
        "wangge_feed_tokens_refused_total",
        "wangge_feed_went_back_total",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    let log = running.log();
    let traced = log
        .iter()
        .find(|line| line["span"]["trace_id"] == TRACE)
        .expect("a line of the traced call");
    assert_eq!(
        traced["span"]["rpc.method"],
        "wangge.organization.v1.AreaService/GetArea"
    );
    let everything = format!("{log:?}{told}");
    for hidden in [CANARY, "a-password", "eyJ"] {
        assert!(!everything.contains(hidden), "{hidden} is told");
    }

    // It exits when it receives a termination signal.
    let pid = running.child.id().expect("it runs").to_string();
    assert!(Path::new("/proc").join(&pid).exists());
    let kill = Command::new("kill").arg(&pid).status().await;
    assert!(kill.expect("kill").success());
    let ended = tokio::time::timeout(HANG_TIMEOUT, running.child.wait()).await;
    assert!(ended.expect("in time").expect("it ends").success());
}
