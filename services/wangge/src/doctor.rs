//! `wangge doctor`: says what is missing or wrong in the set-up, and how to
//! mend it.

use std::{net::TcpListener, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use tonic::{Code, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use wangge_pg::Access;

use crate::{
    connect::ConnectArgs,
    data_dir::DataDirArgs,
    databases::DatabaseArgs,
    output::{self, Output, line},
    services::ServiceName,
};

/// How long a service may take to be connected to, and to answer: whoever asks
/// here suspects that it hangs.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(5));

/// Arguments of `wangge doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    connect: ConnectArgs,
    #[command(flatten)]
    databases: DatabaseArgs,
}

/// What was found about one thing.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    good: bool,
    found: String,
    /// How to mend it; empty if nothing is to be mended.
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
    // Only what is run here needs them.
    if !is_elsewhere {
        findings.extend([postgres(), data_dir(args.connect.data_dir())]);
    }
    for service in ServiceName::ALL {
        if let Some(url) = args.databases.url(service) {
            findings.push(database(service, args.databases.access(url, service)?).await);
        }
        let url = args.connect.url(service);
        findings.push(running(service, &url, is_elsewhere).await);
    }
    let well = findings.iter().all(|finding| finding.good);
    for finding in &findings {
        match output {
            Output::Json => output::json(finding)?,
            Output::Text => {
                let mark = if finding.good { "ok  " } else { "BAD " };
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
            format!("{error}; or give the services database URLs"),
        ),
    }
}

fn data_dir(args: &DataDirArgs) -> Finding {
    let path = args.path();
    let probe = path.join(".writable");
    let shown = path.display().to_string();
    match std::fs::create_dir_all(&path).and_then(|()| std::fs::write(&probe, "")) {
        Ok(()) => {
            let _ = std::fs::remove_file(&probe);
            Finding::good("data folder", shown)
        }
        Err(error) => Finding::bad(
            "data folder",
            format!("{shown}: {error}"),
            "give another with --data-dir or WANGGE_DATA_DIR",
        ),
    }
}

async fn database(service: ServiceName, access: Access) -> Finding {
    let what = format!("database of {}", service.name());
    let pool = wangge_pg::pool::pool(&access, 1);
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
        Err(sqlx::Error::Database(_)) => {
            let mend = format!("run `wangge migrate {}`", service.name());
            Finding::bad(&what, "has no schema yet", mend)
        }
        Err(error) => {
            let mend = "start it, and check host, port, name and password in the URL";
            Finding::bad(&what, format!("can't be reached: {error}"), mend)
        }
    }
}

/// A service that runs must be ready; one that does not must find its port free,
/// if it is to be run here.
async fn running(service: ServiceName, url: &str, is_elsewhere: bool) -> Finding {
    let what = format!("service {} at {url}", service.name());
    let connected = match Endpoint::from_shared(url.to_owned()) {
        Ok(endpoint) => {
            endpoint
                .connect_timeout(PATIENCE.0)
                .timeout(PATIENCE.1)
                .connect()
                .await
        }
        Err(error) => return Finding::bad(&what, error.to_string(), "give an address http://…"),
    };
    match connected {
        Err(_) if is_elsewhere => {
            let mend = "start it, or give its address; its log says why it does not run";
            Finding::bad(&what, "can't be reached", mend)
        }
        Err(_) => port(service, &what),
        Ok(channel) => {
            let answer = HealthClient::new(channel)
                .check(HealthCheckRequest::default())
                .await;
            match answer {
                Ok(answer) if answer.get_ref().status == 1 => Finding::good(&what, "ready"),
                Ok(_) => {
                    let mend = "its database can't be reached: see its log";
                    Finding::bad(&what, "runs, but is not ready", mend)
                }
                Err(status) if status.code() == Code::Cancelled => {
                    let mend = "it hangs: restart it";
                    Finding::bad(&what, "takes calls and does not answer", mend)
                }
                Err(_) => Finding::bad(
                    &what,
                    "something else listens there",
                    "stop it, or use --first-port",
                ),
            }
        }
    }
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
