//! The whole lifecycle of real servers, each in a directory of its own.

// Helper functions may panic, like the tests themselves.
#![allow(clippy::unwrap_used)]

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use wangge_private_postgres::{Error, Lifetime, Options, PrivatePostgres, find_binaries};

/// A path for a data directory that doesn't exist yet, and is removed on drop.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wangge-life-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn options(&self, lifetime: Lifetime) -> Options {
        Options {
            data_dir: self.0.join("data"),
            durable: false,
            lifetime,
            max_connections: 20,
            remove_on_exit: false,
        }
    }

    fn pid_file(&self) -> PathBuf {
        self.0.join("data/postmaster.pid")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn query(server: &PrivatePostgres, sql: &str) -> String {
    let output = Command::new(server.binaries().join("psql"))
        .args(["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", sql])
        .arg(server.url("postgres"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{sql}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < Duration::from_secs(300),
            "waited in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn a_new_server_answers_and_knows_chinese() {
    let scratch = Scratch::new("new");
    let server = PrivatePostgres::start(scratch.options(Lifetime::DiesWithParent))
        .await
        .unwrap();
    assert!(!server.adopted());
    assert_eq!(
        query(
            &server,
            r"select '富' ~ '[[:alpha:]]', '富' ~ '^\w$', upper('é')"
        ),
        "t|t|É"
    );
    assert_eq!(query(&server, "show timezone"), "UTC");
    assert_eq!(query(&server, "show max_connections"), "20");
    assert_eq!(query(&server, "show fsync"), "off");
    assert_eq!(query(&server, "show listen_addresses"), "");
    assert!(server.socket_dir().as_os_str().len() < 90);
    server.stop().await.unwrap();
    assert!(!scratch.pid_file().exists());
}

#[tokio::test]
async fn data_is_kept_across_a_restart_which_is_quick() {
    let scratch = Scratch::new("restart");
    let options = Options {
        durable: true,
        ..scratch.options(Lifetime::Adoptable)
    };
    let server = PrivatePostgres::start(options.clone()).await.unwrap();
    assert_eq!(query(&server, "show fsync"), "on");
    query(&server, "create table kept as select 42 as n");
    server.stop().await.unwrap();

    let start = Instant::now();
    let server = PrivatePostgres::start(options).await.unwrap();
    println!("a warm start took {:?}", start.elapsed());
    assert_eq!(query(&server, "select n from kept"), "42");
    assert!(!server.adopted());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_left_running_is_adopted() {
    let scratch = Scratch::new("adopt");
    let options = scratch.options(Lifetime::Adoptable);
    let first = PrivatePostgres::start(options.clone()).await.unwrap();
    query(&first, "create table kept as select 42 as n");
    drop(first);

    let second = PrivatePostgres::start(options).await.unwrap();
    assert!(second.adopted());
    assert_eq!(query(&second, "select n from kept"), "42");
    second.stop().await.unwrap();
    assert!(!scratch.pid_file().exists());
}

#[tokio::test]
async fn a_server_with_other_settings_is_replaced() {
    let scratch = Scratch::new("replace");
    let options = scratch.options(Lifetime::Adoptable);
    drop(PrivatePostgres::start(options.clone()).await.unwrap());

    let second = PrivatePostgres::start(Options {
        max_connections: 30,
        ..options
    })
    .await
    .unwrap();
    assert!(!second.adopted());
    assert_eq!(query(&second, "show max_connections"), "30");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_killed_with_its_holder_starts_again() {
    let scratch = Scratch::new("crash");
    let options = Options {
        durable: true,
        ..scratch.options(Lifetime::Adoptable)
    };
    let first = PrivatePostgres::start(options.clone()).await.unwrap();
    query(&first, "create table kept as select 42 as n");
    let pid = std::fs::read_to_string(scratch.pid_file())
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    drop(first);
    assert!(
        Command::new("sh")
            .args(["-c", &format!("kill -s KILL {pid}")])
            .status()
            .unwrap()
            .success()
    );

    let second = PrivatePostgres::start(options).await.unwrap();
    assert!(!second.adopted());
    assert_eq!(query(&second, "select n from kept"), "42");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_of_the_same_directory_is_refused() {
    let scratch = Scratch::new("second");
    let options = scratch.options(Lifetime::DiesWithParent);
    let first = PrivatePostgres::start(options.clone()).await.unwrap();
    let error = PrivatePostgres::start(options).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("already in use by another process"),
        "{error}"
    );
    first.stop().await.unwrap();
}

#[tokio::test]
async fn the_watchdog_stops_and_removes_what_its_holder_left() {
    let scratch = Scratch::new("watchdog");
    let options = Options {
        remove_on_exit: true,
        ..scratch.options(Lifetime::DiesWithParent)
    };
    let server = PrivatePostgres::start(options.clone()).await.unwrap();
    let socket_dir = server.socket_dir().to_owned();
    // The end of the process closes the same pipe as dropping does.
    drop(server);
    wait_until("everything is removed", || {
        !options.data_dir.exists() && !scratch.0.join("data.lock").exists() && !socket_dir.exists()
    });

    // The same directory can be used again at once.
    let server = PrivatePostgres::start(options.clone()).await.unwrap();
    drop(server);
    let server = PrivatePostgres::start(options).await.unwrap();
    assert!(!server.adopted());
    server.stop().await.unwrap();
}

/// Runs itself a second time, as a process that owns a server and is killed.
#[tokio::test]
async fn a_holder_killed_outright_leaves_nothing_running() {
    const HOLD: &str = "WANGGE_TEST_HOLD";
    if let Some(data_dir) = std::env::var_os(HOLD) {
        let options = Options {
            data_dir: data_dir.into(),
            durable: false,
            lifetime: Lifetime::DiesWithParent,
            max_connections: 20,
            remove_on_exit: false,
        };
        let _server = PrivatePostgres::start(options).await.unwrap();
        return std::future::pending().await;
    }

    let scratch = Scratch::new("killed");
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_holder_killed_outright_leaves_nothing_running"])
        .env(HOLD, scratch.0.join("data"))
        .spawn()
        .unwrap();
    wait_until("the server is ready", || {
        std::fs::read_to_string(scratch.pid_file()).is_ok_and(|text| text.contains("ready"))
    });
    holder.kill().unwrap();
    holder.wait().unwrap();
    wait_until("the server is gone", || !scratch.pid_file().exists());
}

#[tokio::test]
async fn stopping_removes_everything_when_asked_to() {
    let scratch = Scratch::new("remove");
    let options = Options {
        remove_on_exit: true,
        ..scratch.options(Lifetime::DiesWithParent)
    };
    let server = PrivatePostgres::start(options).await.unwrap();
    let socket_dir = server.socket_dir().to_owned();
    server.stop().await.unwrap();
    assert!(!socket_dir.exists());
    assert_eq!(std::fs::read_dir(&scratch.0).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_with_other_files_is_left_alone() {
    let scratch = Scratch::new("foreign");
    let options = scratch.options(Lifetime::DiesWithParent);
    std::fs::create_dir(&options.data_dir).unwrap();
    std::fs::write(options.data_dir.join("letter"), "dear").unwrap();
    let error = PrivatePostgres::start(options.clone()).await.unwrap_err();
    assert!(matches!(error, Error::NotACluster(_)), "{error}");
    assert_eq!(
        std::fs::read_to_string(options.data_dir.join("letter")).unwrap(),
        "dear"
    );
}

#[tokio::test]
async fn a_failed_start_quotes_the_log() {
    let scratch = Scratch::new("fail");
    let options = Options {
        max_connections: 0,
        ..scratch.options(Lifetime::DiesWithParent)
    };
    let error = PrivatePostgres::start(options).await.unwrap_err();
    assert!(matches!(error, Error::StartFailed { .. }), "{error}");
    assert!(error.to_string().contains("max_connections"), "{error}");
}

/// Only root can hit this error: the server runs as another user.
#[tokio::test]
async fn root_is_told_which_parent_is_closed_to_the_server() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let scratch = Scratch::new("closed");
    if std::fs::metadata(&scratch.0).unwrap().uid() != 0 {
        return;
    }
    std::fs::set_permissions(&scratch.0, std::fs::Permissions::from_mode(0o700)).unwrap();
    let error = PrivatePostgres::start(scratch.options(Lifetime::DiesWithParent))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { closed, .. } if *closed == scratch.0),
        "{error}"
    );
}

#[test]
fn the_programs_are_found() {
    assert!(find_binaries().unwrap().join("initdb").is_file());
}
