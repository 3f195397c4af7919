//! `wangge migrate`: migrates databases, once, before an upgrade. Creates them first, if it
//! is given a role that may do so.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::Args;
use wangge_pg::Access;
use wangge_server::settings::readable_file;

use crate::{
    databases::{DatabaseArgs, make_with_role},
    output,
    services::ServiceName,
};

/// Arguments of `wangge migrate`.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// Service whose database is migrated. Default: every service whose URL is given.
    service: Option<ServiceName>,
    #[command(flatten)]
    databases: DatabaseArgs,
    /// URL of a database on the same server, with a role that may create roles and databases:
    /// creates those that are missing and sets their passwords from the files. Example:
    /// postgres://postgres@db:5432/postgres.
    #[arg(long, env = "WANGGE_ADMIN_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    admin_database_url: Option<String>,
    /// File with the password of that role.
    #[arg(long, env = "WANGGE_ADMIN_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    admin_database_password_file: Option<PathBuf>,
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
        // Without any URL, fails with the message that names the setting.
        args.databases.needed_url(ServiceName::Organization)?;
    }
    for service in services {
        let url = args.databases.needed_url(service)?;
        if let Some(admin) = &args.admin_database_url {
            let password_file = args.admin_database_password_file.as_deref();
            let admin = Access::of(admin, password_file).context("the admin's database")?;
            let access = args.databases.access(url, service)?;
            // Before `open`, which connects with this role.
            make_with_role(&admin, &access)
                .await
                .with_context(|| format!("making the database of {}", service.name()))?;
        }
        args.databases.open(url, service).await?.close().await;
        output::note(format!("{} is up to date", service.name()));
    }
    Ok(ExitCode::SUCCESS)
}
