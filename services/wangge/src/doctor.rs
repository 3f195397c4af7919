//! `wangge doctor`: checks the installation, and reports what is missing or
//! misconfigured and how to fix it.

use std::{
    net::TcpListener,
    path::Path,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use serde::Serialize;
use tonic::{Code, Status, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use wangge_api::{
    organization::v1::{ListUnitsRequest, unit_service_client::UnitServiceClient},
    reporting::v1::{ListFeedPositionsRequest, report_service_client::ReportServiceClient},
    tickets::v1::{ListCategoriesRequest, category_service_client::CategoryServiceClient},
    volunteers::v1::{ListRegistrationsRequest, official_service_client::OfficialServiceClient},
};
use wangge_auth::claims::Claims;
use wangge_client::TokenSource;
use wangge_pg::Access;

use crate::{
    connect::{Channels, ConnectArgs, refused},
    data_dir::DataDirArgs,
    databases::DatabaseArgs,
    output::{self, Output, line},
    services::ServiceName,
};

/// PostgreSQL's SQLSTATE for a table that does not exist.
const UNDEFINED_TABLE: &str = "42P01";

/// Connect timeout. Short, since an operator runs this command when a service seems to
/// hang.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout of each call, short for the same reason.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// The finding about a service that is ready for calls.
const READY: &str = "ready";

/// Arguments of `wangge doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    connect: ConnectArgs,
    #[command(flatten)]
    databases: DatabaseArgs,
}

/// The result of one check.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    good: bool,
    found: String,
    /// How to fix it; empty if the check passed.
    mend: String,
}

impl Finding {
    fn good(what: &str, found: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            good: true,
            found: found.into(),
            mend: String::new(),
        }
    }

    fn bad(what: &str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what: what.to_owned(),
            good: false,
            found: found.into(),
            mend: mend.into(),
        }
    }
}

pub(crate) async fn run(args: DoctorArgs, output: Output) -> Result<ExitCode> {
    let mut findings = Vec::new();
    let is_elsewhere = args.connect.is_elsewhere();
    // Only services that run on this machine need PostgreSQL and the data directory.
    if !is_elsewhere {
        findings.extend([postgres(), data_dir(args.connect.data_dir())]);
    }
    let token = args.connect.given_token();
    if let Some((path, read)) = &token {
        findings.push(token_file(path, read.as_deref()));
    }
    for service in ServiceName::ALL {
        if let Some(url) = args.databases.url(service) {
            findings.push(database(service, args.databases.access(url, service)?).await);
        }
        let url = args.connect.url(service);
        let found = running(service, &url, is_elsewhere).await;
        // A service that doesn't run is a good finding too, but can't check a token.
        let ready = found.good && found.found == READY;
        findings.push(found);
        if let (true, Some((_, Ok(token)))) = (ready, &token) {
            findings.push(accepted(service, &url, token).await);
        }
    }
    let well = findings.iter().all(|finding| finding.good);
    for finding in &findings {
        match output {
            Output::Json => output::json(finding)?,
            Output::Text => {
                let mark = if finding.good { "ok  " } else { "FAIL" };
                line(format!("{mark} {}: {}", finding.what, finding.found));
                if !finding.mend.is_empty() {
                    line(format!("     {}", finding.mend));
                }
            }
        }
    }
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn postgres() -> Finding {
    match wangge_private_postgres::find_binaries() {
        Ok(folder) => Finding::good("PostgreSQL's server", folder.display().to_string()),
        Err(error) => Finding::bad(
            "PostgreSQL's server",
            "is not installed",
            format!("{error}; or specify the services' database URLs"),
        ),
    }
}

fn data_dir(args: &DataDirArgs) -> Finding {
    let path = args.path();
    // Probed by writing: permission bits alone don't reveal a read-only mount.
    let probe = path.join(".writable");
    let shown = path.display().to_string();
    match std::fs::create_dir_all(&path).and_then(|()| std::fs::write(&probe, "")) {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            Finding::good("data directory", shown)
        }
        Err(error) => Finding::bad(
            "data directory",
            format!("{shown}: {error}"),
            "choose another with --data-dir or WANGGE_DATA_DIR",
        ),
    }
}

async fn database(service: ServiceName, access: Access) -> Finding {
    let what = format!("database of {}", service.name());
    let pool = wangge_pg::pool::pool(&access, 1);
    // A plain query rather than the migrator, which would create its table.
    let missing: Result<Vec<i64>, sqlx::Error> =
        sqlx::query_scalar("select version from _sqlx_migrations where success")
            .fetch_all(&pool)
            .await;
    match missing {
        Ok(done) => {
            let open = service
                .migrator()
                .iter()
                .filter(|migration| !done.contains(&migration.version))
                .count();
            if open == 0 {
                Finding::good(&what, "is up to date")
            } else {
                let mend = format!("run `wangge migrate {}`", service.name());
                Finding::bad(&what, format!("{open} migrations have not been run"), mend)
            }
        }
        // Only a missing table means that nothing was migrated; a wrong password or an
        // unknown database is an error of the server, too.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(UNDEFINED_TABLE) => {
            let mend = format!("run `wangge migrate {}`", service.name());
            Finding::bad(&what, "has no schema yet", mend)
        }
        Err(error) => {
            let mend = "start it, and check host, port, name and password in the URL";
            Finding::bad(&what, format!("can't be reached: {error}"), mend)
        }
    }
}

/// Checks that a service that runs is ready, or, if it doesn't run and is expected on
/// this machine, that its port is free.
async fn running(service: ServiceName, url: &str, is_elsewhere: bool) -> Finding {
    let what = format!("service {} at {url}", service.name());
    let connected = match Endpoint::from_shared(url.to_owned()) {
        Ok(endpoint) => {
            endpoint
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(CALL_TIMEOUT)
                .connect()
                .await
        }
        Err(error) => return Finding::bad(&what, error.to_string(), "specify an address http://…"),
    };
    match connected {
        Err(_) if is_elsewhere => {
            let mend = "start it, or specify its address; its log shows why it does not run";
            Finding::bad(&what, "can't be reached", mend)
        }
        Err(_) => port(service, &what),
        Ok(channel) => {
            let mut health = HealthClient::new(channel);
            let asked = HealthCheckRequest::default();
            match health.check(asked).await {
                // 1 is `SERVING`.
                Ok(answer) if answer.get_ref().status == 1 => {
                    // All services implement the health check; only the expected one
                    // knows this service name.
                    let service = service.contract().to_owned();
                    match health.check(HealthCheckRequest { service }).await {
                        Ok(_) => Finding::good(&what, READY),
                        Err(status) if status.code() != Code::NotFound => {
                            Finding::bad(&what, refused(status).to_string(), "see its log")
                        }
                        Err(_) => Finding::bad(
                            &what,
                            "another service listens at this address",
                            "specify each service's own address",
                        ),
                    }
                }
                Ok(_) => {
                    let mend = "its database can't be reached: see its log";
                    Finding::bad(&what, "runs, but is not ready", mend)
                }
                // tonic reports the endpoint's timeout as `Cancelled`.
                Err(status) if status.code() == Code::Cancelled => {
                    let mend = "it hangs: restart it";
                    Finding::bad(&what, "accepts calls but does not respond", mend)
                }
                Err(_) => Finding::bad(
                    &what,
                    "another program listens at this address",
                    "stop it, or use --first-port",
                ),
            }
        }
    }
}

/// Checks that a token file contains a token that hasn't expired.
fn token_file(path: &Path, read: Result<&str, &String>) -> Finding {
    let what = format!("token file {}", path.display());
    let mend = "create one with `wangge token`, or get one from your identity provider";
    match read {
        Err(error) => Finding::bad(&what, error, mend),
        Ok("") => Finding::bad(&what, "is empty", mend),
        Ok(token) => match claims(token) {
            None => Finding::bad(&what, "contains no JSON Web Token", mend),
            Some(claims) if claims.exp <= now() => Finding::bad(&what, "has expired", mend),
            Some(claims) => {
                let roles = claims.roles.join(", ");
                Finding::good(&what, format!("a token of {} ({roles})", claims.iss))
            }
        },
    }
}

/// Decodes the claims of a token without verifying its signature; the services verify it
/// when they are called.
fn claims(token: &str) -> Option<Claims> {
    let body = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&body).ok()
}

/// Checks that a running service accepts the token.
async fn accepted(service: ServiceName, url: &str, token: &str) -> Finding {
    let what = format!("token at {}", service.name());
    let told = match Channels::to(|_| url.to_owned(), &TokenSource::fixed(token)) {
        Ok(channels) => ask(service, channels).await,
        Err(error) => return Finding::bad(&what, error.to_string(), "specify an address http://…"),
    };
    match told {
        // `PermissionDenied` means that the token was authenticated; whether its role
        // permits the call isn't checked here.
        Ok(()) => Finding::good(&what, "accepted"),
        Err(status) if status.code() == Code::PermissionDenied => Finding::good(&what, "accepted"),
        Err(status) => Finding::bad(
            &what,
            refused(status).to_string(),
            "its issuer, audience and key must be among those that the service accepts",
        ),
    }
}

/// Makes the cheapest call that requires a token.
async fn ask(service: ServiceName, channels: Channels) -> Result<(), Status> {
    let asked = async {
        match service {
            ServiceName::Organization => UnitServiceClient::new(channels.organization)
                .list_units(ListUnitsRequest::default())
                .await
                .map(|_| ()),
            ServiceName::Tickets => CategoryServiceClient::new(channels.tickets)
                .list_categories(ListCategoriesRequest::default())
                .await
                .map(|_| ()),
            ServiceName::Volunteers => OfficialServiceClient::new(channels.volunteers)
                .list_registrations(ListRegistrationsRequest::default())
                .await
                .map(|_| ()),
            ServiceName::Reporting => ReportServiceClient::new(channels.reporting)
                .list_feed_positions(ListFeedPositionsRequest::default())
                .await
                .map(|_| ()),
        }
    };
    // These channels are for streams and have no timeout of their own.
    match tokio::time::timeout(CALL_TIMEOUT, asked).await {
        Ok(told) => told,
        Err(_) => Err(Status::deadline_exceeded("does not respond")),
    }
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .unwrap_or_default()
}

fn port(service: ServiceName, what: &str) -> Finding {
    let port = service.port();
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Finding::good(what, format!("does not run; port {port} is free")),
        Err(error) => {
            let mend = "stop what uses it, or use --first-port";
            Finding::bad(what, format!("port {port}: {error}"), mend)
        }
    }
}
