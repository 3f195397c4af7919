//! The operator's tool: secrets, which are generated once, the settings reference,
//! `doctor`, and interrupted commands.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Output, Stdio},
};

use prost_types::FieldMask;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
    process::Command,
    task::JoinSet,
};
use wangge_api::{
    organization::v1::{Area, UnitKind, UpdateAreaRequest, area_service_client::AreaServiceClient},
    policy::Role,
};
use wangge_auth::{Verifier, issuer::INSTALLATION, keys::Keys};
use wangge_tests::{
    DataDir, Service, Wangge,
    city::{COMMUNITY, DISTRICT, make_ground, make_unit, request_id},
    feed,
    process::{binary, repository},
    until,
};

async fn wangge(arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(repository());
    command.output().await.expect("it runs")
}

/// Returns the names of the files in a folder, with their contents and modes.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, u32)> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.expect("a file");
        let mode = entry.metadata().expect("its mode").permissions().mode() & 0o777;
        let content = std::fs::read(entry.path()).expect("its content");
        let name = entry.file_name().into_string().expect("a name");
        (name, (content, mode))
    };
    entries.map(file).collect()
}

#[tokio::test]
async fn the_reference_of_settings_is_that_of_the_code() {
    let told = wangge(&["settings"]).await;
    assert!(told.status.success());
    let kept = std::fs::read_to_string(repository().join("deploy/settings.md"));
    let told = String::from_utf8(told.stdout).expect("UTF-8");
    assert!(
        kept.expect("the reference") == told,
        "run: target/debug/wangge settings > deploy/settings.md"
    );
}

#[tokio::test]
async fn secrets_are_made_once_and_good_in_production() {
    let parent = DataDir::new();
    let folder = parent.join("secrets");
    let path = folder.to_str().expect("a path");
    let made = wangge(&["secrets", path]).await;
    assert!(made.status.success(), "{made:?}");
    let first = files(&folder);
    let mode = std::fs::metadata(&folder).expect("a folder").permissions();
    assert_eq!(mode.mode() & 0o777, 0o700, "closed to others");
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "grafana_password",
            "jwks.json",
            "organization_database_password",
            "postgres_password",
            "reporting_database_password",
            "service_token",
            "signing_key.der",
            "tickets_database_password",
            "volunteers_database_password",
        ]
    );
    assert_eq!(first["signing_key.der"].1, 0o600, "the operator's alone");
    let passwords = first.iter().filter(|(name, _)| name.ends_with("_password"));
    let passwords: std::collections::BTreeSet<_> = passwords.map(|(_, file)| &file.0).collect();
    assert_eq!(passwords.len(), 6, "each its own");
    assert!(passwords.iter().all(|password| password.len() >= 40));

    // Production accepts the key, and the token signed with it.
    let verifier = Verifier::from_file(
        folder.join("jwks.json"),
        Keys::NotForDevelopment,
        vec![INSTALLATION.to_owned()],
        wangge_auth::issuer::AUDIENCE.to_owned(),
    );
    let verifier = verifier.expect("a key set for production");
    let token = String::from_utf8(first["service_token"].0.clone()).expect("text");
    verifier.verify(&token).expect("a good token");
    let key = folder.join("signing_key.der");
    let key = key.to_str().expect("a path");
    let issued = wangge(&["token", "--role", "staff", "--key-file", key]).await;
    let issued = String::from_utf8(issued.stdout).expect("text");
    verifier.verify(issued.trim()).expect("a good token");

    // A second run regenerates nothing without `--renew`.
    assert!(wangge(&["secrets", path]).await.status.success());
    assert_eq!(files(&folder), first);
    let renewed = wangge(&["secrets", path, "--renew", "--days", "30"]).await;
    assert!(renewed.status.success());
    let mut renewed = files(&folder);
    let token = renewed.remove("service_token").expect("the token");
    assert_ne!(token, first["service_token"]);
    let mut rest = first.clone();
    rest.remove("service_token");
    assert_eq!(renewed, rest);
}

#[tokio::test]
async fn a_token_of_no_time_is_refused() {
    let told = wangge(&["token", "--role", "staff", "--hours", "0"]).await;
    assert!(!told.status.success());
    let told = String::from_utf8(told.stderr).expect("text");
    assert!(told.contains("--hours"), "{told}");
}

/// `doctor` detects wrong addresses and tokens, and its exit code reports it.
#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_another_service_at_an_address_and_a_token_that_is_none() {
    let data_dir = DataDir::new();
    let up = Wangge::up(&data_dir, &[], &[]).await;
    let doctor = |tickets: String, token: Option<String>| {
        let mut arguments = vec![
            "--output".to_owned(),
            "json".to_owned(),
            "doctor".to_owned(),
        ];
        for service in Service::ALL {
            let url = match service {
                Service::Tickets => tickets.clone(),
                other => up.url(other).to_owned(),
            };
            arguments.extend([format!("--{}-url", service.name()), url]);
        }
        arguments.extend(token.map(|path| format!("--token-file={path}")));
        async move {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let told = wangge(&arguments).await;
            let text = String::from_utf8(told.stdout).expect("text");
            (told.status.success(), text)
        }
    };
    let tickets = up.url(Service::Tickets).to_owned();
    let file = |name: &str, content: &str| {
        let path = data_dir.join(name);
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    };
    let good = file("good", &up.token(Role::Leader, Some(""), None));
    // The services respond before their first health probe has finished.
    let told = until(|| async {
        let (well, told) = doctor(tickets.clone(), Some(good.clone())).await;
        well.then_some(told)
    })
    .await;
    assert_eq!(told.matches("accepted").count(), 4, "{told}");

    let (well, told) = doctor(up.url(Service::Volunteers).to_owned(), None).await;
    assert!(
        !well && told.contains("another service listens at this address"),
        "{told}"
    );
    let foreign = wangge_auth::issuer::Issuer::generate().expect("a key");
    let claims = wangge_auth::claims::Claims {
        iss: "somebody".to_owned(),
        aud: "elsewhere".to_owned(),
        sub: "nobody".to_owned(),
        exp: u64::from(u32::MAX),
        nbf: 0,
        roles: vec!["leader".to_owned()],
        area: Some(String::new()),
        unit: None,
    };
    let foreign = foreign.token(&claims).expect("a token");
    for (path, what) in [
        (file("foreign", &foreign), "TOKEN_INVALID"),
        (file("nonsense", "nonsense"), "contains no JSON Web Token"),
        (file("empty", "\n"), "is empty"),
        (
            data_dir.join("missing").display().to_string(),
            "No such file",
        ),
    ] {
        let (well, told) = doctor(tickets.clone(), Some(path)).await;
        assert!(!well && told.contains(what), "{what}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn up_ends_with_its_private_postgres() {
    let data_dir = DataDir::new();
    let up = Wangge::up(&data_dir, &[], &[]).await;
    let file = std::fs::read_to_string(data_dir.join("postgres/postmaster.pid"));
    let file = file.expect("PostgreSQL runs");
    let pid = file.lines().next().and_then(|line| line.parse().ok());
    let pid = pid.and_then(Pid::from_raw).expect("its process id");
    kill_process(pid, Signal::KILL).expect("it is killed");
    let (ended, stderr) = up.ended().await;
    assert!(!ended.success());
    let told = stderr.text();
    assert!(told.contains("the private PostgreSQL in"), "{told}");
}

/// A proxy in front of a service whose connections can be cut.
struct Way {
    address: String,
    target: String,
    listener: TcpListener,
    connections: JoinSet<()>,
}

impl Way {
    async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self {
            address: format!("http://{}", listener.local_addr().expect("an address")),
            target: url.trim_start_matches("http://").to_owned(),
            listener,
            connections: JoinSet::new(),
        }
    }

    /// Forwards connections until `work` is done.
    async fn open_while<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                come = self.listener.accept() => {
                    let (mut near, _) = come.expect("a connection");
                    let target = self.target.clone();
                    self.connections.spawn(async move {
                        if let Ok(mut far) = TcpStream::connect(target).await {
                            let _ = copy_bidirectional(&mut near, &mut far).await;
                        }
                    });
                }
            }
        }
    }
}

/// `watch --follow` resumes after its last event when the connection comes back: nothing
/// is missed or repeated, and each event shows its token.
#[tokio::test(flavor = "multi_thread")]
async fn a_followed_feed_is_resumed() {
    let data_dir = DataDir::new();
    let up = Wangge::up(&data_dir, &[], &[]).await;
    make_ground(&up).await;
    let mut way = Way::to(up.url(Service::Organization)).await;
    let mut watch = Command::new(binary());
    watch
        .args(["watch", "organization", "--follow", "--organization-url"])
        .arg(&way.address)
        .arg("--data-dir")
        .arg(&*data_dir)
        .current_dir(repository())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut watch = watch.spawn().expect("it starts");
    let mut lines = BufReader::new(watch.stdout.take().expect("piped")).lines();
    let mut seen = Vec::new();
    let renamed = |line: &str, revision: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        words[1] == "area_changed" && words[3] == revision
    };
    for revision in ["r2", "r3"] {
        let mut areas = AreaServiceClient::new(up.everywhere(Service::Organization, Role::Admin));
        let area = Area {
            code: COMMUNITY.to_owned(),
            name: format!("名字{revision}"),
            ..Area::default()
        };
        let update = UpdateAreaRequest {
            request_id: request_id(),
            area: Some(area),
            update_mask: Some(FieldMask {
                paths: vec!["name".to_owned()],
            }),
        };
        areas.update_area(update).await.expect("renamed");
        way.open_while(async {
            loop {
                let line = lines.next_line().await.expect("text").expect("it goes on");
                assert_eq!(line.split(' ').count(), 5, "no token: {line}");
                seen.push(line.clone());
                if renamed(&line, revision) {
                    break;
                }
            }
        })
        .await;
        way.connections.abort_all();
    }
    let events: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!(events.len(), seen.len(), "something is told twice");
}

/// `watch` prints the events of the requested kinds, from the requested beginning on.
#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_watched_from_a_time_or_now_and_by_kind() {
    let data_dir = DataDir::new();
    let up = Wangge::up(&data_dir, &[], &[]).await;
    make_ground(&up).await;
    make_unit(&up, "W", UnitKind::Department, DISTRICT).await;
    until(|| async {
        let events = feed::read(&up, Service::Organization).await.ok()?;
        (events.len() == 9).then_some(())
    })
    .await;
    let (url, data) = (up.url(Service::Organization), data_dir.to_string_lossy());
    let watch = async |arguments: &[&str]| {
        let connect = ["--organization-url", url, "--data-dir", &data];
        let watch = ["watch", "organization"];
        wangge(&[&watch[..], &connect, arguments].concat()).await
    };
    let printed = async |arguments: &[&str]| {
        let ended = watch(arguments).await;
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
        let text = String::from_utf8(ended.stdout).expect("text");
        let word = |line: &str| line.split(' ').nth(1).unwrap_or_default().to_owned();
        text.lines().map(word).collect::<Vec<_>>()
    };
    let areas = vec!["area_changed"; 8];
    let all = [&areas[..], &["unit_changed"]].concat();
    assert_eq!(printed(&[]).await, all);
    assert_eq!(printed(&["--kind", "area"]).await, areas);
    assert_eq!(printed(&["--kind", "unit", "--kind", "area"]).await, all);
    assert_eq!(
        printed(&["--since", "2000-01-01T08:00:00+08:00"]).await,
        all
    );
    assert!(
        printed(&["--since", "9999-01-01T08:00:00+08:00"])
            .await
            .is_empty()
    );
    assert!(printed(&["--from-now"]).await.is_empty());
    for wrong in [
        &["--kind", "aera"][..],
        &["--since", "yesterday"],
        &["--from-now", "--since", "2000-01-01T08:00:00+08:00"],
        &["--from-now", "--after", "AAAA"],
    ] {
        assert!(!watch(wrong).await.status.success(), "{wrong:?}");
    }
}

/// An interrupted import reports its progress and how to resume; the same command then
/// loads the rest.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_stopped_says_how_far_it_came_and_goes_on() {
    let data_dir = DataDir::new();
    let up = Wangge::up(&data_dir, &[], &[]).await;
    let import = || {
        let mut command = Command::new(binary());
        command
            .arg("import")
            .arg(repository().join("tests/data/linhe"))
            .arg("--data-dir")
            .arg(&*data_dir)
            .current_dir(repository())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for service in Service::ALL {
            let url = format!("--{}-url", service.name());
            command.arg(url).arg(up.url(service));
        }
        command
    };
    // Tickets are only read while the folder is validated, and written when it is loaded.
    // By then organization's records have been loaded.
    let options = data_dir.database("tickets");
    let pool = sqlx::PgPool::connect_with(options).await.expect("it runs");
    let mut lock = pool.begin().await.expect("a transaction");
    sqlx::query("lock table ticket in share mode")
        .execute(&mut *lock)
        .await
        .expect("locked");
    let running = import().spawn().expect("it starts");
    let pid = running.id().map(u32::cast_signed).and_then(Pid::from_raw);
    until(|| async {
        let waits = "select exists (select from pg_locks where not granted \
                     and relation = 'ticket'::regclass)";
        let waits: bool = sqlx::query_scalar(waits).fetch_one(&pool).await.ok()?;
        waits.then_some(())
    })
    .await;
    kill_process(pid.expect("it runs"), Signal::INT).expect("told to stop");
    let stopped = running.wait_with_output().await.expect("it ends");
    lock.rollback().await.expect("unlocked");
    assert!(!stopped.status.success());
    let told = String::from_utf8(stopped.stderr).expect("text");
    let said = told
        .lines()
        .find_map(|line| line.strip_prefix("stopped: "))
        .unwrap_or_else(|| panic!("{told}"));
    let (loaded, how) = said
        .split_once(" records imported so far, ")
        .expect("a count");
    let loaded: u64 = loaded.parse().expect("a number");
    assert!(loaded > 0, "{said}");
    assert_eq!(how, "0 unchanged; run it again to import the rest");

    let again = import().output().await.expect("it runs");
    let printed = String::from_utf8(again.stdout).expect("text");
    assert!(again.status.success(), "{printed}");
    let (_, there) = printed.split_once(" records imported, ").expect("counts");
    let there = there.split(' ').next().and_then(|count| count.parse().ok());
    // A batch that was in flight when it was stopped may have been committed.
    assert!(there.is_some_and(|there: u64| there >= loaded), "{printed}");
}
