//! The databases of the services: given as URLs, or on the private PostgreSQL.

use anyhow::{Context as _, Result};
use clap::Args;
use sqlx::{Connection as _, Executor as _, PgConnection};
use wangge_pg::Database;
use wangge_private_postgres::PrivatePostgres;

use crate::services::ServiceName;

/// Where the databases are.
#[derive(Debug, Clone, Args)]
pub(crate) struct DatabaseArgs {
    /// Database of organization.
    #[arg(long, env = "WANGGE_ORGANIZATION_DATABASE_URL", hide_env_values = true)]
    organization_database_url: Option<String>,
    /// Database of tickets.
    #[arg(long, env = "WANGGE_TICKETS_DATABASE_URL", hide_env_values = true)]
    tickets_database_url: Option<String>,
    /// Database of volunteers.
    #[arg(long, env = "WANGGE_VOLUNTEERS_DATABASE_URL", hide_env_values = true)]
    volunteers_database_url: Option<String>,
    /// Database of reporting.
    #[arg(long, env = "WANGGE_REPORTING_DATABASE_URL", hide_env_values = true)]
    reporting_database_url: Option<String>,
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

    /// Opens and migrates a database.
    pub(crate) async fn open(&self, url: &str, service: ServiceName) -> Result<Database> {
        let database = Database::open(url, self.max_connections)
            .with_context(|| format!("database URL of {}", service.name()))?;
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
