//! Generates the `.sqlx` metadata that the query macros need to build without a database:
//! each service's queries, described by a PostgreSQL with the service's schema.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::SystemTime,
};

use anyhow::{Context as _, Result, ensure};
use sqlx::{Connection as _, Executor as _, PgConnection, migrate::Migrator};
use wangge_private_postgres::{Lifetime, Options, PrivatePostgres};

use crate::{cargo, say, sources::SERVICES};

/// Describes every service's queries, and writes or compares the metadata.
pub(crate) fn run(root: &Path, check: bool) -> Result<ExitCode> {
    let scratch =
        std::env::temp_dir().join(format!("wangge-sqlx-{}", uuid::Uuid::now_v7().simple()));
    fs::create_dir_all(&scratch)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let result = runtime.block_on(describe(root, &scratch, check));
    fs::remove_dir_all(&scratch)?;
    result
}

async fn describe(root: &Path, scratch: &Path, check: bool) -> Result<ExitCode> {
    let postgres = PrivatePostgres::start(Options {
        data_dir: scratch.join("postgres"),
        durable: false,
        lifetime: Lifetime::DiesWithParent,
        max_connections: 50,
        remove_on_exit: true,
    })
    .await?;
    let mut fresh = true;
    for service in SERVICES {
        let url = database(&postgres, root, service).await?;
        let described = scratch.join(service);
        fs::create_dir_all(&described)?;
        expand(root, service, &url, &described)?;
        let kept = root.join("services").join(service).join(".sqlx");
        if check {
            fresh &= compare(service, &described, &kept)?;
        } else {
            replace(service, &described, &kept)?;
        }
    }
    postgres.stop().await?;
    Ok(if fresh {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Creates a service's database and migrates it.
async fn database(postgres: &PrivatePostgres, root: &Path, service: &str) -> Result<String> {
    let mut connection = PgConnection::connect(&postgres.url("postgres")).await?;
    // No injection: the name is one of four constants.
    connection
        .execute(sqlx::AssertSqlSafe(format!("create database {service}")))
        .await?;
    connection.close().await?;
    let url = postgres.url(service);
    let migrations = root.join("services").join(service).join("migrations");
    let migrator = Migrator::new(migrations).await?;
    let pool = wangge_pg::open(&url, 1)?;
    wangge_pg::migrate::migrate(&pool, &migrator).await?;
    pool.close().await;
    Ok(url)
}

/// Makes the compiler expand a service's macros against its database; they write the
/// metadata to `described`.
fn expand(root: &Path, service: &str, url: &str, described: &Path) -> Result<()> {
    // Cargo only rebuilds a crate whose sources are newer than its last build.
    let lib = root.join("services").join(service).join("src/lib.rs");
    fs::File::options()
        .append(true)
        .open(&lib)?
        .set_modified(SystemTime::now())?;
    let status = cargo(root)
        .args([
            "check",
            "--quiet",
            "--locked",
            "--package",
            &format!("wangge-{service}"),
        ])
        .env(format!("{}_DATABASE_URL", service.to_uppercase()), url)
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", described)
        .status()
        .context("cargo")?;
    ensure!(status.success(), "{service} does not build");
    Ok(())
}

fn read(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().map(PathBuf::from).unwrap_or_default();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(files)
}

fn compare(service: &str, described: &Path, kept: &Path) -> Result<bool> {
    let fresh = read(described)? == read(kept)?;
    if !fresh {
        say(format!(
            "{service}: .sqlx is not up to date: run `cargo xtask sqlx`"
        ));
    }
    Ok(fresh)
}

fn replace(service: &str, described: &Path, kept: &Path) -> Result<()> {
    let files = read(described)?;
    // Removed first, so that queries that no longer exist leave no metadata behind.
    if kept.exists() {
        fs::remove_dir_all(kept)?;
    }
    fs::create_dir_all(kept)?;
    for (name, bytes) in &files {
        fs::write(kept.join(name), bytes)?;
    }
    say(format!("{service}: {} queries", files.len()));
    Ok(())
}
