//! The databases of the services: given as URLs, or on the private PostgreSQL.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use sqlx::{Connection as _, Executor as _, PgConnection};
use wangge_pg::{Access, Database};
use wangge_private_postgres::PrivatePostgres;
use wangge_server::settings::readable_file;

use crate::services::ServiceName;

/// Addresses of the databases.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArgs {
    /// URL of the organization database.
    #[arg(long, env = "WANGGE_ORGANIZATION_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    organization_database_url: Option<String>,
    /// File with the password of the organization database.
    #[arg(long, env = "WANGGE_ORGANIZATION_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    organization_database_password_file: Option<PathBuf>,
    /// URL of the tickets database.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    tickets_database_url: Option<String>,
    /// File with the password of the tickets database.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    tickets_database_password_file: Option<PathBuf>,
    /// URL of the volunteers database.
    #[arg(long, env = "WANGGE_VOLUNTEERS_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    volunteers_database_url: Option<String>,
    /// File with the password of the volunteers database.
    #[arg(long, env = "WANGGE_VOLUNTEERS_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    volunteers_database_password_file: Option<PathBuf>,
    /// URL of the reporting database.
    #[arg(long, env = "WANGGE_REPORTING_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    reporting_database_url: Option<String>,
    /// File with the password of the reporting database.
    #[arg(long, env = "WANGGE_REPORTING_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    reporting_database_password_file: Option<PathBuf>,
    /// Maximum number of database connections for the calls of one service.
    #[arg(long, env = "WANGGE_MAX_CONNECTIONS", default_value_t = 16)]
    max_connections: u32,
}

impl DatabaseArgs {
    /// Returns the URL that was given for a service.
    pub(crate) fn url(&self, service: ServiceName) -> Option<&str> {
        match service {
            ServiceName::Organization => self.organization_database_url.as_deref(),
            ServiceName::Tickets => self.tickets_database_url.as_deref(),
            ServiceName::Volunteers => self.volunteers_database_url.as_deref(),
            ServiceName::Reporting => self.reporting_database_url.as_deref(),
        }
    }

    /// Returns the URL that was given for a service, or an error that names its setting.
    pub(crate) fn needed_url(&self, service: ServiceName) -> Result<&str> {
        self.url(service).with_context(|| {
            let name = service.name();
            format!(
                "give --{name}-database-url or WANGGE_{}_DATABASE_URL",
                name.to_uppercase()
            )
        })
    }

    /// Returns true if every service has a URL, false if none has; otherwise an error.
    pub(crate) fn all_given(&self) -> Result<bool> {
        let given = ServiceName::ALL
            .iter()
            .filter(|service| self.url(**service).is_some())
            .count();
        match given {
            0 => Ok(false),
            4 => Ok(true),
            _ => anyhow::bail!("give a database URL for each of the four services, or for none"),
        }
    }

    /// Returns the password file that was given for a service.
    pub(crate) fn password_file(&self, service: ServiceName) -> Option<&Path> {
        match service {
            ServiceName::Organization => self.organization_database_password_file.as_deref(),
            ServiceName::Tickets => self.tickets_database_password_file.as_deref(),
            ServiceName::Volunteers => self.volunteers_database_password_file.as_deref(),
            ServiceName::Reporting => self.reporting_database_password_file.as_deref(),
        }
    }

    /// Returns the access data of a service's database.
    pub(crate) fn access(&self, url: &str, service: ServiceName) -> Result<Access> {
        Access::of(url, self.password_file(service))
            .with_context(|| format!("database of {}", service.name()))
    }

    /// Opens and migrates a database.
    pub(crate) async fn open(&self, url: &str, service: ServiceName) -> Result<Database> {
        let database = Database::at(&self.access(url, service)?, self.max_connections);
        wangge_pg::migrate::migrate(&database.background, service.migrator())
            .await
            .with_context(|| format!("migrations of {}", service.name()))?;
        Ok(database)
    }
}

/// Creates a service's database on the private PostgreSQL unless it exists; returns its URL.
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
        // Safe: the name is one of our four constants.
        connection
            .execute(sqlx::AssertSqlSafe(format!("create database {name}")))
            .await?;
    }
    connection.close().await?;
    Ok(postgres.url(name))
}

/// Creates the role and the database of a service unless they exist, and sets the role's
/// password. Revokes the public right to connect to the database.
pub(crate) async fn make_with_role(admin: &Access, service: &Access) -> Result<()> {
    let mut connection = wangge_pg::migrate::connect(admin).await?;
    let options = service.options();
    let role = options.get_username();
    let database = options.get_database().unwrap_or(role);
    // Quoted by PostgreSQL's `format`: these statements accept no bind parameters.
    let statements: Vec<String> = sqlx::query_scalar(
        // Executed one by one, in this order: `create database` can't run in a transaction, and its
        // owner must exist.
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
    for statement in statements {
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    connection.close().await?;
    Ok(())
}
