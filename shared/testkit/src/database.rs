//! A database for each test, created from a migrated template on a PostgreSQL that stops
//! with the test process.

use std::{
    collections::HashMap,
    sync::{OnceLock, mpsc},
    time::Duration,
};

use sqlx::{Connection as _, Executor as _, PgConnection, migrate::Migrator};
use tokio::sync::Mutex;
use uuid::Uuid;
use wangge_pg::Database;
use wangge_private_postgres::{Lifetime, Options, PrivatePostgres};

/// Names of template databases, keyed by the migrator's address.
static TEMPLATES: Mutex<Option<HashMap<usize, String>>> = Mutex::const_new(None);

/// Creates a database with a service's schema, and returns pools for it.
///
/// # Panics
/// Panics if PostgreSQL is missing; the message names the packages to install.
pub async fn database(migrator: &'static Migrator) -> Database {
    // Held while the template is created: concurrent tests must not create it twice, and
    // PostgreSQL can't copy a template that has connections.
    let mut templates = TEMPLATES.lock().await;
    let templates = templates.get_or_insert_default();
    let key = std::ptr::from_ref(migrator) as usize;
    // Not `entry`: creating the template awaits.
    #[allow(clippy::map_entry)]
    if !templates.contains_key(&key) {
        let name = create("template1").await;
        let pool = wangge_pg::open(&postgres_url(&name), 2).expect("a URL of ours");
        wangge_pg::migrate::migrate(&pool, migrator)
            .await
            .expect("the migrations run");
        pool.close().await;
        templates.insert(key, name);
    }
    let name = create(&templates[&key]).await;
    Database::open(&postgres_url(&name), 10).expect("a URL of ours")
}

/// Creates a database without a schema and returns its name.
pub async fn empty_database() -> String {
    create("template1").await
}

async fn create(template: &str) -> String {
    let name = format!("test_{}", Uuid::now_v7().simple());
    let mut connection = PgConnection::connect(&postgres_url("postgres"))
        .await
        .expect("the private PostgreSQL accepts connections");
    let statement = format!("create database {name} template {template}");
    // No injection: our own names consist of letters, digits and underscores.
    connection
        .execute(sqlx::AssertSqlSafe(statement))
        .await
        .expect("a database can be made");
    name
}

/// Returns the URL of a database on the test process's PostgreSQL, which is started on
/// first use.
pub fn postgres_url(database: &str) -> String {
    static POSTGRES: OnceLock<mpsc::Sender<()>> = OnceLock::new();
    static URL: OnceLock<String> = OnceLock::new();
    let base = URL.get_or_init(|| {
        let (url, keep) = start();
        let _ = POSTGRES.set(keep);
        url
    });
    base.replace("/postgres?", &format!("/{database}?"))
}

/// Starts PostgreSQL on a thread of its own: each test has its own runtime, which ends
/// with the test, but all tests share the server.
fn start() -> (String, mpsc::Sender<()>) {
    let (sender, receiver) = mpsc::channel();
    let (keep, kept) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async move {
            let options = Options {
                data_dir: std::env::temp_dir()
                    .join(format!("wangge-test-{}", Uuid::now_v7().simple())),
                durable: false,
                lifetime: Lifetime::DiesWithParent,
                max_connections: 400,
                remove_on_exit: true,
            };
            let server = PrivatePostgres::start(options).await;
            let server = match server {
                Ok(server) => server,
                Err(error) => panic!("no PostgreSQL for the tests: {error}"),
            };
            sender.send(server.url("postgres")).expect("the test waits");
            // Until the process exits; the watchdog then stops the server.
            while kept.recv_timeout(Duration::from_secs(3600)).is_err() {}
            drop(server);
        });
    });
    (receiver.recv().expect("PostgreSQL starts"), keep)
}
