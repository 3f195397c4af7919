//! `wangge migrate`: brings databases up to date, once, before an upgrade.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::{databases::DatabaseArgs, output, services::ServiceName};

/// Arguments of `wangge migrate`.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The service; every service whose database URL is given, if none.
    service: Option<ServiceName>,
    #[command(flatten)]
    databases: DatabaseArgs,
}

pub(crate) async fn run(args: MigrateArgs) -> Result<ExitCode> {
    let services: Vec<ServiceName> = match args.service {
        Some(service) => vec![service],
        None => ServiceName::ALL
            .into_iter()
            .filter(|s| args.databases.url(*s).is_some())
            .collect(),
    };
    if services.is_empty() {
        args.databases.needed_url(ServiceName::Organization)?;
    }
    for service in services {
        let url = args.databases.needed_url(service)?;
        args.databases.open(url, service).await?.close().await;
        output::note(format!("{} is up to date", service.name()));
    }
    Ok(ExitCode::SUCCESS)
}
