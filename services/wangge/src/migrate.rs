//! `wangge migrate`: migrates databases, once, before an upgrade. With the
//! credentials of an administrator, it first creates the roles and databases that
//! are missing.

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
    /// Service to migrate; by default, every service that has a database URL.
    service: Option<ServiceName>,
    #[command(flatten)]
    databases: DatabaseArgs,
    /// URL of a database on the same server, with a role that may create roles and
    /// databases: missing ones are created, and passwords set from their files.
    /// Example: postgres://postgres@db:5432/postgres.
    #[arg(long, env = "WANGGE_ADMIN_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    admin_database_url: Option<String>,
    /// File with the password of the role in the admin database URL.
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
    // Nothing to migrate is a mistake of the caller: this call fails and names the
    // setting.
    if services.is_empty() {
        args.databases.needed_url(ServiceName::Organization)?;
    }
    for service in services {
        let url = args.databases.needed_url(service)?;
        if let Some(admin) = &args.admin_database_url {
            // The services' own roles can create neither databases nor roles, and no
            // service needs the administrator's password at run time.
            let password_file = args.admin_database_password_file.as_deref();
            let admin = Access::of(admin, password_file).context("the admin database")?;
            let access = args.databases.access(url, service)?;
            make_with_role(&admin, &access)
                .await
                .with_context(|| format!("creating the database of {}", service.name()))?;
        }
        args.databases.open(url, service).await?.close().await;
        output::note(format!("{} is up to date", service.name()));
    }
    Ok(ExitCode::SUCCESS)
}
