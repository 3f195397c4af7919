//! The baseline: a scratch database with the schema of tickets on the same server, where
//! pgbench executes the same statements without our services.

use std::{
    path::PathBuf,
    process::Stdio,
    str::FromStr as _,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{io::AsyncWriteExt as _, process::Command, time::Instant};
use uuid::Uuid;

use super::{address::ServerAddress, operation::Operation, script, setting::Setting};
use crate::output::note;

/// Timeout for background work after the last response.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Poll interval for background work.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Number of consecutive idle polls after which the system counts as quiet. More than
/// one, since background tasks pause between batches.
const IDLE_POLLS: u32 = 10;

/// A scratch database and the pgbench program that drives it.
#[derive(Debug)]
pub(crate) struct Bare {
    pgbench: PathBuf,
    address: ServerAddress,
    /// Connection options for the server, with a database that isn't dropped.
    server: PgConnectOptions,
    name: String,
    variables: Vec<(&'static str, String)>,
    /// Index of the next ticket to dispatch; earlier ones may be dispatched.
    dispatched: AtomicU64,
}

impl Bare {
    /// Creates the scratch database on the server at `url`, and fills it.
    pub(crate) async fn make(url: &str, setting: &Setting) -> Result<Self> {
        let bare = Self {
            pgbench: pgbench()?,
            address: ServerAddress::of(url),
            server: server(url)?,
            name: format!("wangge_bench_{}", Uuid::now_v7().simple()),
            variables: script::variables(setting),
            dispatched: AtomicU64::new(0),
        };
        bare.on_server(format!("create database {}", bare.name))
            .await
            .context(
                "can't create the bare database: start `wangge up`, or specify the server with \
                 --bare-database-url",
            )?;
        // `Bare` isn't returned in this case, so that nobody else would drop the database.
        if let Err(error) = bare.fill().await {
            bare.remove().await?;
            return Err(error.context("filling the bare database"));
        }
        Ok(bare)
    }

    /// Drops the scratch database, even if pgbench is still connected.
    pub(crate) async fn remove(&self) -> Result<()> {
        let name = &self.name;
        self.on_server(format!("drop database if exists {name} with (force)"))
            .await
            .with_context(|| format!("can't drop database {name}: drop it manually"))
    }

    async fn on_server(&self, statement: String) -> Result<()> {
        let mut connection = PgConnection::connect_with(&self.server).await?;
        // Safe to interpolate: the name is generated above. DDL accepts no parameters.
        connection.execute(AssertSqlSafe(statement)).await?;
        connection.close().await?;
        Ok(())
    }

    async fn fill(&self) -> Result<()> {
        let options = self.server.clone().database(&self.name);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_with(options)
            .await?;
        wangge_pg::migrate::migrate(&pool, &wangge_tickets::MIGRATOR).await?;
        // Closed even after an error: the caller drops the database.
        let filled = self.fill_tables(&pool).await;
        pool.close().await;
        filled
    }

    async fn fill_tables(&self, pool: &PgPool) -> Result<()> {
        let [function, tickets, history, vacuum] = script::FILL;
        pool.execute(function).await?;
        let names = [
            "category",
            "title",
            "description",
            "address",
            "area",
            "unit",
            "reported_clocks",
            "filed_clocks",
        ];
        names
            .iter()
            .fold(sqlx::query(tickets), |query, name| {
                query.bind(self.variable(name))
            })
            .bind(script::REPORTED)
            .bind(script::FILED)
            .execute(pool)
            .await?;
        pool.execute(history).await?;
        pool.execute(vacuum).await?;
        Ok(())
    }

    fn variable(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Returns how many of the `wanted` clients the server has free connections for. A
    /// tenth of the free connections stays reserved for other users.
    pub(crate) async fn clients(&self, wanted: usize) -> Result<usize> {
        let mut connection = PgConnection::connect_with(&self.server).await?;
        // The limit is per server, so connections to all databases count.
        let free: i64 = sqlx::query_scalar(
            "select current_setting('max_connections')::bigint \
                 - current_setting('superuser_reserved_connections')::bigint \
                 - (select count(*) from pg_stat_activity where backend_type = 'client backend')",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        let free = usize::try_from(free).unwrap_or_default() * 9 / 10;
        Ok(wanted.min(free).max(1))
    }

    /// Executes the statements of an operation for some seconds. Returns the number of
    /// transactions per second.
    pub(crate) async fn run(
        &self,
        operation: Operation,
        clients: usize,
        seconds: u64,
    ) -> Result<f64> {
        let mut child = self
            .command(clients, seconds)
            .spawn()
            .context("starting pgbench")?;
        if let Some(mut input) = child.stdin.take() {
            input
                .write_all(script::script(operation).as_bytes())
                .await?;
        }
        let output = child.wait_with_output().await?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!(
                "pgbench: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        if operation == Operation::Dispatch {
            // A margin: clients take every n-th ticket, and fast ones are ahead of the
            // average. The next run must not dispatch the same tickets again.
            let done = number_behind(&said, "actually processed: ").unwrap_or_default();
            self.dispatched.fetch_add((done * 1.25) as u64, Relaxed);
        }
        number_behind(&said, "tps = ")
            .with_context(|| format!("unexpected output of pgbench:\n{said}"))
    }

    fn command(&self, clients: usize, seconds: u64) -> Command {
        let mut command = Command::new(&self.pgbench);
        // `-n`: pgbench would otherwise vacuum its own tables, which don't exist here.
        command.args(["-n", "-M", "prepared", "-f", "-", "-j", "2"]);
        command.args(["-c", &clients.to_string(), "-T", &seconds.to_string()]);
        for (name, value) in &self.variables {
            command.args(["-D", &format!("{name}={value}")]);
        }
        command.args(["-D", &format!("clients={clients}")]);
        command.args(["-D", &format!("first={}", self.dispatched.load(Relaxed))]);
        command.arg(self.address.of_database(&self.name));
        if let Some(password) = &self.address.password {
            command.env("PGPASSWORD", password);
        }
        command
            .env("PGCLIENTENCODING", "UTF8")
            // The output is parsed, so it must not be localised.
            .env("LC_ALL", "C")
            .kill_on_drop(true);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Waits until the system has finished the background work of its calls, such as
    /// sequencing events and counting figures.
    pub(crate) async fn wait_until_quiet(&self) -> Result<()> {
        let mut connection = PgConnection::connect_with(&self.server).await?;
        let until = Instant::now() + IDLE_TIMEOUT;
        let mut idle = 0;
        while idle < IDLE_POLLS && Instant::now() < until {
            // Connections of the services have this name; other clients don't count.
            let busy: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity \
                 where application_name like 'wangge%' and state <> 'idle'",
            )
            .fetch_one(&mut connection)
            .await?;
            idle = if busy == 0 { idle + 1 } else { 0 };
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        if idle < IDLE_POLLS {
            note("the system is still busy in the background, which slows down the bare database");
        }
        connection.close().await?;
        Ok(())
    }
}

fn server(url: &str) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url).context("URL of the bare database")?;
    // The statements that fill the database are expected to be slow.
    Ok(options.log_slow_statements(log::LevelFilter::Off, Duration::ZERO))
}

fn pgbench() -> Result<PathBuf> {
    // The program next to the server first: it has the server's version.
    let beside = wangge_private_postgres::find_binaries().map(|folder| folder.join("pgbench"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("pgbench"));
    beside
        .into_iter()
        .chain(on_path)
        .find(|program| program.is_file())
        .context(
            "pgbench was not found. It comes with PostgreSQL:\n  \
         Debian, Ubuntu: apt-get install postgresql\n  \
         Fedora:         dnf install postgresql-contrib\n  \
         macOS:          brew install postgresql@17",
        )
}

/// Returns the number after the first occurrence of `words`.
fn number_behind(text: &str, words: &str) -> Option<f64> {
    let (_, rest) = text.split_once(words)?;
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        let said = "number of transactions actually processed: 4711\ntps = 1234.567890 (without initial connection time)\n";
        assert_eq!(number_behind(said, "tps = "), Some(1234.56789));
        assert_eq!(number_behind(said, "actually processed: "), Some(4711.0));
        assert_eq!(number_behind("", "tps = "), None);
    }
}
