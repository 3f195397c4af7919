//! The previous release and this one on one database: an upgrade under load, both side by
//! side, and the rollback. `tests/upgrade` builds the previous release and runs this.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;
use tonic::Code;
use wangge_api::{
    policy::policy,
    tickets::v1::{CreateTicketRequest, Ticket},
};
use wangge_tests::{
    City, DataDir, Service, Site, Wangge,
    city::{report, request_id},
    plain,
    process::{self, repository},
    raw,
};

/// Returns the previous release's binary.
fn before() -> PathBuf {
    let path = std::env::var_os("WANGGE_BEFORE");
    path.expect("WANGGE_BEFORE: run tests/upgrade").into()
}

/// Both releases, the databases that they share, and the key of their tokens.
struct Ground {
    before: PathBuf,
    now: PathBuf,
    data_dir: DataDir,
    /// `--tickets-database-url postgres://…`, and so on.
    databases: Vec<String>,
}

impl Ground {
    async fn new() -> Self {
        let mut databases = Vec::new();
        for service in Service::ALL {
            let name = wangge_testkit::empty_database().await;
            databases.push(format!("--{}-database-url", service.name()));
            databases.push(wangge_testkit::postgres_url(&name));
        }
        Self {
            before: before(),
            now: process::binary().to_owned(),
            data_dir: DataDir::new(),
            databases,
        }
    }

    fn arguments<'a>(&'a self, first: &[&'a str]) -> Vec<&'a OsStr> {
        let first = first.iter().copied().map(OsStr::new);
        first.chain(self.databases.iter().map(OsStr::new)).collect()
    }

    async fn migrate(&self, program: &PathBuf) {
        let ended = process::run_of(program, &self.arguments(&["migrate"])).await;
        assert!(ended.status.success(), "{}", ended.stderr);
    }

    async fn up(&self, program: &PathBuf) -> Wangge {
        Wangge::up_of(program, &self.data_dir, &self.arguments(&[]), &[]).await
    }

    /// Imports a folder through the running services.
    async fn import(&self, program: &PathBuf, up: &Wangge) {
        let folder = repository().join("tests/data/linhe");
        let mut arguments = vec![OsStr::new("import").to_owned(), folder.into()];
        arguments.push("--data-dir".into());
        arguments.push(self.data_dir.as_os_str().to_owned());
        for service in Service::ALL {
            arguments.push(format!("--{}-url", service.name()).into());
            arguments.push(up.url(service).into());
        }
        let arguments: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        let ended = process::run_of(program, &arguments).await;
        assert!(ended.status.success(), "{}\n{}", ended.stdout, ended.stderr);
    }
}

/// Ids of records whose creation was acknowledged.
#[derive(Debug, Default)]
struct Told {
    tickets: Vec<String>,
    records: Vec<(&'static str, String)>,
}

/// Callers that load some services until they are stopped: reports, each retried until it
/// is accepted, and rounds that create everything. A permanently refused call fails the
/// test.
struct Load {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    told: Arc<Mutex<Told>>,
    callers: Vec<JoinHandle<()>>,
}

/// Number of callers per service set that report tickets.
const REPORTERS: usize = 3;
/// Pause after each report: every reported ticket is read at the end.
const PAUSE: Duration = Duration::from_millis(20);

impl Load {
    fn on(sites: &[&Wangge], city: &City, told: &Arc<Mutex<Told>>) -> Self {
        let mut load = Self {
            stop: Arc::default(),
            rounds: Arc::default(),
            told: told.clone(),
            callers: Vec::new(),
        };
        for wangge in sites {
            let site: &Site = wangge;
            for _ in 0..REPORTERS {
                let (site, stop, told) = (site.clone(), load.stop.clone(), told.clone());
                load.callers.push(tokio::spawn(async move {
                    while !stop.load(Ordering::SeqCst) {
                        let id = report_one(&site).await;
                        told.lock().unwrap().tickets.push(id);
                        tokio::time::sleep(PAUSE).await;
                    }
                }));
            }
            let (site, city, stop) = (site.clone(), city.clone(), load.stop.clone());
            let (rounds, told) = (load.rounds.clone(), told.clone());
            load.callers.push(tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let later = city.again(&site).await;
                    let mut told = told.lock().unwrap();
                    told.tickets.extend([later.ticket, later.declined]);
                    told.records.extend(later.plain);
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
            }));
        }
        load
    }

    /// Waits until each set of services has completed a round that starts after now.
    async fn go_on(&self) {
        let each = self.callers.len() / (REPORTERS + 1);
        // Twice: the round that is under way started before now.
        let wanted = self.rounds.load(Ordering::SeqCst) + 2 * each;
        while self.rounds.load(Ordering::SeqCst) < wanted {
            let ended = self.callers.iter().any(JoinHandle::is_finished);
            if ended {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops the callers, and propagates the panic of any of them.
    async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        for caller in self.callers {
            caller.await.expect("no call was refused for good");
        }
        let told = self.told.lock().unwrap();
        println!(
            "{} tickets, {} records so far",
            told.tickets.len(),
            told.records.len()
        );
    }
}

/// Reports a ticket under a new id, retried until it is accepted.
async fn report_one(site: &Site) -> String {
    let path = "/wangge.tickets.v1.TicketService/CreateTicket";
    let id = uuid::Uuid::now_v7().to_string();
    let ticket = Ticket {
        id: id.clone(),
        ..report()
    };
    let request = CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(ticket),
    };
    let role = policy(path).unwrap().roles[0];
    let token = site.token(role, Some(""), None);
    let body = prost::Message::encode_to_vec(&request);
    let answer = raw::settle(&site.bare(Service::Tickets), Some(&token), path, &body).await;
    assert_eq!(answer.code(), Code::Ok, "{:?}", answer.status);
    id
}

/// Reads every acknowledged record, and every list.
async fn look(site: &Site, told: &Told) {
    let mut paths: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for (kind, id) in &told.records {
        let kind = plain::kind(kind);
        if !plain::is_served(site, kind).await {
            continue;
        }
        paths.entry(kind.list()).or_insert_with(|| vec![Vec::new()]);
        let get = kind.path("Get").unwrap();
        paths.entry(get).or_default().push(kind.get(id));
    }
    let get_ticket = "/wangge.tickets.v1.TicketService/GetTicket";
    let tickets = told.tickets.iter();
    let tickets = tickets.map(|id| plain::encode(get_ticket, serde_json::json!({"id": id})));
    paths.insert(get_ticket, tickets.collect());
    for (path, bodies) in paths {
        let role = policy(path).unwrap().roles[0];
        let token = site.token(role, Some(""), None);
        let channel = site.bare(Service::of(path)[0]);
        for body in bodies {
            let answer = raw::settle(&channel, Some(&token), path, &body).await;
            assert_eq!(answer.code(), Code::Ok, "{path}: {:?}", answer.status);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_and_the_way_back_fail_no_call() {
    let ground = Ground::new().await;
    let told = Arc::new(Mutex::new(Told::default()));
    ground.migrate(&ground.before).await;
    let up = ground.up(&ground.before).await;
    let city = City::build(&up).await;

    println!("the schema changes under the release before");
    let load = Load::on(&[&up], &city, &told);
    load.go_on().await;
    ground.migrate(&ground.now).await;
    load.go_on().await;
    load.end().await;

    println!("a fresh process of the release before, on the schema of this one");
    up.terminate().await;
    let up = ground.up(&ground.before).await;
    let load = Load::on(&[&up], &city, &told);
    ground.import(&ground.before, &up).await;
    load.go_on().await;
    load.end().await;

    println!("this release beside it, then alone");
    let next = ground.up(&ground.now).await;
    let load = Load::on(&[&up, &next], &city, &told);
    load.go_on().await;
    load.end().await;
    up.terminate().await;
    let load = Load::on(&[&next], &city, &told);
    ground.import(&ground.now, &next).await;
    load.go_on().await;
    load.end().await;
    look(&next, &told.lock().unwrap()).await;

    println!("the way back: the release before beside it, then alone");
    let back = ground.up(&ground.before).await;
    let load = Load::on(&[&next, &back], &city, &told);
    load.go_on().await;
    load.end().await;
    next.terminate().await;
    let load = Load::on(&[&back], &city, &told);
    load.go_on().await;
    load.end().await;
    look(&back, &told.lock().unwrap()).await;
    back.terminate().await;
}
