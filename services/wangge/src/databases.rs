//! The databases of the services: given as URLs, or on the private PostgreSQL.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use sqlx::{Connection as _, Executor as _, PgConnection};
use wangge_pg::{Access, Database};
use wangge_private_postgres::PrivatePostgres;
use wangge_server::settings::readable_file;

use crate::services::ServiceName;

/// Where the databases are.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArgs {
    /// Database of organization.
    #[arg(long, env = "WANGGE_ORGANIZATION_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    organization_database_url: Option<String>,
    /// File with the password of the database of organization.
    #[arg(long, env = "WANGGE_ORGANIZATION_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    organization_database_password_file: Option<PathBuf>,
    /// Database of tickets.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    tickets_database_url: Option<String>,
    /// File with the password of the database of tickets.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    tickets_database_password_file: Option<PathBuf>,
    /// Database of volunteers.
    #[arg(long, env = "WANGGE_VOLUNTEERS_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    volunteers_database_url: Option<String>,
    /// File with the password of the database of volunteers.
    #[arg(long, env = "WANGGE_VOLUNTEERS_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    volunteers_database_password_file: Option<PathBuf>,
    /// Database of reporting.
    #[arg(long, env = "WANGGE_REPORTING_DATABASE_URL", hide_env_values = true, value_parser = wangge_pg::pool::url)]
    reporting_database_url: Option<String>,
    /// File with the password of the database of reporting.
    #[arg(long, env = "WANGGE_REPORTING_DATABASE_PASSWORD_FILE", value_parser = readable_file)]
    reporting_database_password_file: Option<PathBuf>,
    /// Connections that calls of one service may use.
    #[arg(long, env = "WANGGE_MAX_CONNECTIONS", default_value_t = 16)]
    max_connections: u32,
}

impl DatabaseArgs {
    /// The URL given for a service.
    pub(crate) fn url(&self, service: ServiceName) -> Option<&str> {
        match service {
            ServiceName::Organization => self.organization_database_url.as_deref(),
            ServiceName::Tickets => self.tickets_database_url.as_deref(),
            ServiceName::Volunteers => self.volunteers_database_url.as_deref(),
            ServiceName::Reporting => self.reporting_database_url.as_deref(),
        }
    }

    /// The URL given for a service, which needs one.
    pub(crate) fn needed_url(&self, service: ServiceName) -> Result<&str> {
        self.url(service).with_context(|| {
            let name = service.name();
            format!(
                "give --{name}-database-url or WANGGE_{}_DATABASE_URL",
                name.to_uppercase()
            )
        })
    }

    /// Whether every service has a URL; some is a mistake.
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

    /// The file given for a service's password.
    pub(crate) fn password_file(&self, service: ServiceName) -> Option<&Path> {
        match service {
            ServiceName::Organization => self.organization_database_password_file.as_deref(),
            ServiceName::Tickets => self.tickets_database_password_file.as_deref(),
            ServiceName::Volunteers => self.volunteers_database_password_file.as_deref(),
            ServiceName::Reporting => self.reporting_database_password_file.as_deref(),
        }
    }

    /// How a service's database is reached.
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

/// Makes a service's database on the private PostgreSQL unless it is there;
/// answers its URL.
pub(crate) async fn make(postgres: &PrivatePostgres, service: ServiceName) -> Result<String> {
    let mut connection = PgConnection::connect(&postgres.url("postgres")).await?;
    let name = service.name();
    let there: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
    if !there {
        // The name is one of four of our own.
        connection
            .execute(sqlx::AssertSqlSafe(format!("create database {name}")))
            .await?;
    }
    connection.close().await?;
    Ok(postgres.url(name))
}

/// Makes the role and the database by which a service's database is reached,
/// unless they are there, and gives the role its password. Others may not connect
/// to the database.
pub(crate) async fn make_with_role(admin: &Access, service: &Access) -> Result<()> {
    let mut connection = wangge_pg::migrate::connect(admin).await?;
    let options = service.options();
    let role = options.get_username();
    let database = options.get_database().unwrap_or(role);
    // Names and passwords are quoted by the database itself.
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
    for statement in statements {
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    connection.close().await?;
    Ok(())
}
