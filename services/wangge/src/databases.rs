//! The databases of the services: specified by URLs, or on the private PostgreSQL.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use sqlx::{Connection as _, Executor as _, PgConnection};
use wangge_pg::{Access, Database};
use wangge_private_postgres::PrivatePostgres;
use wangge_server::settings::readable_file;

use crate::services::ServiceName;

/// Arguments for the databases of the services.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArgs {
    /// URL of the database of organization.
    #[arg(long, env = "WANGGE_ORGANIZATION_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    organization_database_url: Option<String>,
    /// File with the password of the database of organization.
    #[arg(long, env = "WANGGE_ORGANIZATION_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    organization_database_password_file: Option<PathBuf>,
    /// URL of the database of tickets.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    tickets_database_url: Option<String>,
    /// File with the password of the database of tickets.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    tickets_database_password_file: Option<PathBuf>,
    /// URL of the database of volunteers.
    #[arg(long, env = "WANGGE_VOLUNTEERS_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    volunteers_database_url: Option<String>,
    /// File with the password of the database of volunteers.
    #[arg(long, env = "WANGGE_VOLUNTEERS_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    volunteers_database_password_file: Option<PathBuf>,
    /// URL of the database of reporting.
    #[arg(long, env = "WANGGE_REPORTING_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    reporting_database_url: Option<String>,
    /// File with the password of the database of reporting.
    #[arg(long, env = "WANGGE_REPORTING_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    reporting_database_password_file: Option<PathBuf>,
    /// Maximum number of connections for calls, per service.
    #[arg(long, env = "WANGGE_MAX_CONNECTIONS", default_value_t = 16)]
    max_connections: u32,
}

impl DatabaseArgs {
    /// Returns the database URL of a service, if one is specified.
    pub(crate) fn url(&self, service: ServiceName) -> Option<&str> {
        match service {
            ServiceName::Organization => self.organization_database_url.as_deref(),
            ServiceName::Tickets => self.tickets_database_url.as_deref(),
            ServiceName::Volunteers => self.volunteers_database_url.as_deref(),
            ServiceName::Reporting => self.reporting_database_url.as_deref(),
        }
    }

    /// Returns the database URL of a service, or an error that names the option to set.
    pub(crate) fn needed_url(&self, service: ServiceName) -> Result<&str> {
        self.url(service).with_context(|| {
            let name = service.name();
            format!(
                "specify --{name}-database-url or WANGGE_{}_DATABASE_URL",
                name.to_uppercase()
            )
        })
    }

    /// Returns true if all services have a URL, false if none has; otherwise an error.
    pub(crate) fn all_given(&self) -> Result<bool> {
        let given = ServiceName::ALL
            .iter()
            .filter(|service| self.url(**service).is_some())
            .count();
        match given {
            0 => Ok(false),
            4 => Ok(true),
            // Specified and private databases in one installation are a mistake.
            _ => anyhow::bail!("specify a database URL for each of the four services, or for none"),
        }
    }

    /// Returns the path of the password file of a service, if one is specified.
    pub(crate) fn password_file(&self, service: ServiceName) -> Option<&Path> {
        match service {
            ServiceName::Organization => self.organization_database_password_file.as_deref(),
            ServiceName::Tickets => self.tickets_database_password_file.as_deref(),
            ServiceName::Volunteers => self.volunteers_database_password_file.as_deref(),
            ServiceName::Reporting => self.reporting_database_password_file.as_deref(),
        }
    }

    /// Returns the connection options of a service's database.
    pub(crate) fn access(&self, url: &str, service: ServiceName) -> Result<Access> {
        Access::of(url, self.password_file(service))
            .with_context(|| format!("database of {}", service.name()))
    }

    /// Opens the pools on a database and runs its migrations.
    pub(crate) async fn open(&self, url: &str, service: ServiceName) -> Result<Database> {
        let database = Database::at(&self.access(url, service)?, self.max_connections);
        wangge_pg::migrate::migrate(&database.background, service.migrator())
            .await
            .with_context(|| format!("migrations of {}", service.name()))?;
        Ok(database)
    }
}

/// Creates a service's database on the private PostgreSQL unless it exists, and returns
/// its URL.
pub(crate) async fn make(postgres: &PrivatePostgres, service: ServiceName) -> Result<String> {
    let mut connection = PgConnection::connect(&postgres.url("postgres")).await?;
    let name = service.name();
    // PostgreSQL has no `create database if not exists`.
    let there: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
    if !there {
        // Safe to interpolate: the name is one of our four services. PostgreSQL accepts no
        // parameter here.
        connection
            .execute(sqlx::AssertSqlSafe(format!("create database {name}")))
            .await?;
    }
    connection.close().await?;
    Ok(postgres.url(name))
}

/// Creates a service's role and database unless they exist, and sets the role's
/// password. Other roles are denied access to the database.
pub(crate) async fn make_with_role(admin: &Access, service: &Access) -> Result<()> {
    let mut connection = wangge_pg::migrate::connect(admin).await?;
    let options = service.options();
    let role = options.get_username();
    let database = options.get_database().unwrap_or(role);
    // DDL accepts no parameters, so PostgreSQL's `format` quotes names and passwords.
    // Without the `revoke`, every role of the server could connect to a new database.
    let statements: Vec<String> = sqlx::query_scalar(
        "select format('create role %I login', $1) \
             where not exists (select from pg_roles where rolname = $1) \
         union all select format('alter role %I password %L', $1, $3) where $3 is not null \
         union all select format('create database %I owner %I', $2, $1) \
             where not exists (select from pg_database where datname = $2) \
         union all select format('revoke connect, temporary on database %I from public', $2)",
    )
    .bind(role)
    .bind(database)
    .bind(service.password())
    .fetch_all(&mut connection)
    .await?;
    // One at a time: `create database` can't run in a transaction, which several
    // statements in one message would form.
    for statement in statements {
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    connection.close().await?;
    Ok(())
}
