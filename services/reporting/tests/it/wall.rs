//! The wall: its content, its updates, and its pages as a browser renders them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::Command,
};

use tonic::Code;
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, RecordChanged, StateReached, event::Payload},
    organization::v1::Post,
    policy::Role,
    reporting::v1::{
        GetWallRequest, Light, Wall, WatchWallRequest, wall_service_client::WallServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_reporting::Shown;
use wangge_testkit::{eventually, reason, token};

use crate::{Bench, COMMUNITY, GRID, NEIGHBOUR, appointment, date, event, shanghai};

/// Text that a page must show literally and never interpret as markup.
const HOSTILE: &str = "<img src=x onerror=\"document.title='owned'\"></script><b>群";

impl Bench {
    fn walls(&self, area: &str) -> WallServiceClient<ServiceChannel> {
        WallServiceClient::new(wangge_testkit::channel(
            &self.url,
            &token(&[Role::Staff], Some(area), None),
        ))
    }

    /// Returns the wall at a time in Shanghai; the current one if the text is empty.
    pub(crate) async fn wall(&self, at: &str) -> Wall {
        let request = GetWallRequest {
            area_code: COMMUNITY.to_owned(),
            at_time: if at.is_empty() { None } else { shanghai(at) },
        };
        // The first wall of an area may be sent without figures.
        eventually(|| async {
            let wall = self.walls("").get_wall(request.clone()).await.unwrap();
            Some(wall.into_inner()).filter(|wall| wall.figures_time.is_some())
        })
        .await
    }

    /// Creates a matter of an item, received on 1 July and due at the end of the month;
    /// returns its id.
    fn matter(&self, title: &str, handler: Uuid, states: &[(&str, &str)]) -> Uuid {
        let (item, id) = (Uuid::now_v7(), Uuid::now_v7());
        self.tickets.tell(record(
            item,
            1,
            "livelihood_item",
            RecordChanged {
                title: title.to_owned(),
                ..RecordChanged::default()
            },
        ));
        self.tickets.tell(matter(id, 1, item, handler, states));
        id
    }

    /// Creates a message in a named group, sent at a time; returns its id.
    fn message(&self, group: &str, due: &str, states: &[(&str, &str)]) -> Uuid {
        let (chat, id) = (Uuid::now_v7(), Uuid::now_v7());
        self.tickets.tell(record(
            chat,
            1,
            "chat_group",
            RecordChanged {
                title: group.to_owned(),
                ..RecordChanged::default()
            },
        ));
        self.tickets.tell(record(
            id,
            1,
            "group_message",
            RecordChanged {
                parent_id: chat.to_string(),
                due_time: shanghai(due),
                states: reached(states),
                ..RecordChanged::default()
            },
        ));
        id
    }
}

fn record(id: Uuid, revision: i64, kind: &str, record: RecordChanged) -> Event {
    let changed = RecordChanged {
        kind: kind.to_owned(),
        area_code: GRID.to_owned(),
        create_time: shanghai("07-01 00:00"),
        update_time: shanghai("07-01 00:00"),
        ..record
    };
    event(id, revision, Payload::RecordChanged(changed))
}

fn matter(id: Uuid, revision: i64, item: Uuid, handler: Uuid, states: &[(&str, &str)]) -> Event {
    record(
        id,
        revision,
        "livelihood_matter",
        RecordChanged {
            parent_id: item.to_string(),
            subject_id: handler.to_string(),
            start_date: date("2022-07-01"),
            due_time: shanghai("07-31 00:00"),
            states: reached(states),
            ..RecordChanged::default()
        },
    )
}

fn reached(states: &[(&str, &str)]) -> Vec<StateReached> {
    let reached = |(state, time): &(&str, &str)| StateReached {
        state: (*state).to_owned(),
        reached_time: shanghai(time),
    };
    states.iter().map(reached).collect()
}

#[tokio::test]
async fn matters_stand_with_post_deadline_and_light() {
    let bench = Bench::start().await;
    let handler = Uuid::now_v7();
    bench
        .organization
        .tell(appointment(handler, Post::Staff, GRID, "2021-01-01", ""));
    let open = bench.matter(
        "尊老金",
        handler,
        &[("received", "07-01 00:00"), ("under_review", "07-02 09:00")],
    );
    let decided = bench.matter(
        "低保",
        handler,
        &[
            ("received", "07-01 00:00"),
            ("approved", "07-20 09:00"),
            ("paid_or_delivered", "07-27 09:00"),
        ],
    );
    bench.matter(
        "低保",
        handler,
        &[("received", "07-01 00:00"), ("refused", "07-02 09:00")],
    );
    bench.settle().await;

    // At ten on 28 July: 27 of 30 days are used.
    let wall = bench.wall("").await;
    assert_eq!((wall.open_matter_count, wall.overdue_matter_count), (1, 0));
    let shown: Vec<_> = wall
        .matters
        .iter()
        .map(|matter| matter.id.clone())
        .collect();
    assert_eq!(
        shown,
        [open.to_string(), decided.to_string()],
        "what was decided weeks ago is gone"
    );
    let first = &wall.matters[0];
    assert_eq!(
        (first.title.as_str(), first.state.as_str()),
        ("尊老金", "under_review")
    );
    assert_eq!(
        (first.handler_post(), first.light()),
        (Post::Staff, Light::Yellow)
    );
    assert_eq!(first.due_time, shanghai("07-31 00:00"));
    assert_eq!(first.state_time, shanghai("07-02 09:00"));
    assert_eq!(wall.matters[1].light(), Light::Green, "decided in time");

    // In the past and in the future.
    let before = bench.wall("07-01 12:00").await;
    let states: Vec<_> = before
        .matters
        .iter()
        .map(|matter| matter.state.as_str())
        .collect();
    assert_eq!(states, ["received"; 3]);
    assert!(
        before
            .matters
            .iter()
            .all(|matter| matter.light() == Light::Green)
    );
    let after = bench.wall("07-31 00:01").await;
    assert_eq!(after.matters[0].light(), Light::Red);
    assert_eq!(after.overdue_matter_count, 1);
}

#[tokio::test]
async fn replies_stand_with_their_hour() {
    let bench = Bench::start().await;
    let waiting = bench.message("一群", "07-28 10:30", &[("received", "07-28 09:31")]);
    let late = bench.message(
        "一群",
        "07-28 09:00",
        &[("received", "07-28 08:00"), ("replied", "07-28 09:30")],
    );
    let kept = bench.message(
        "一群",
        "07-28 08:00",
        &[("received", "07-28 07:00"), ("replied", "07-28 07:10")],
    );
    bench.message(
        "一群",
        "07-28 07:00",
        &[("received", "07-28 06:00"), ("dismissed", "07-28 06:10")],
    );
    // Replied to days ago, so no longer shown.
    bench.message(
        "一群",
        "07-25 07:00",
        &[("received", "07-25 06:00"), ("replied", "07-25 06:10")],
    );
    bench.settle().await;
    let wall = bench.wall("").await;
    assert_eq!((wall.unreplied_count, wall.overdue_reply_count), (1, 0));
    let shown: Vec<_> = wall
        .replies
        .iter()
        .map(|reply| (reply.id.clone(), reply.light()))
        .collect();
    let expected = [
        (waiting, Light::Green),
        (late, Light::Red),
        (kept, Light::Green),
    ];
    assert_eq!(shown, expected.map(|(id, light)| (id.to_string(), light)));
    assert_eq!(wall.replies[2].sent_time, shanghai("07-28 07:00"));
    assert_eq!(wall.replies[2].replied_time, shanghai("07-28 07:10"));
}

#[tokio::test]
async fn the_most_urgent_messages_stand_first_however_many_there_are() {
    let bench = Bench::start().await;
    let forgotten = bench.message("一群", "07-20 09:00", &[("received", "07-20 08:00")]);
    let overdue = bench.message("一群", "07-28 09:55", &[("received", "07-28 08:55")]);
    let soon = bench.message("一群", "07-28 10:05", &[("received", "07-28 09:05")]);
    for _ in 0..100 {
        bench.message("一群", "07-28 10:59", &[("received", "07-28 09:59")]);
    }
    bench.settle().await;
    let wall = bench.wall("").await;
    assert_eq!(wall.replies.len(), 100);
    let first: Vec<_> = wall.replies[..3]
        .iter()
        .map(|reply| (reply.id.clone(), reply.light()))
        .collect();
    let expected = [
        (forgotten, Light::Red),
        (overdue, Light::Red),
        (soon, Light::Yellow),
    ];
    assert_eq!(first, expected.map(|(id, light)| (id.to_string(), light)));
    assert_eq!((wall.unreplied_count, wall.overdue_reply_count), (103, 2));
}

#[tokio::test]
async fn a_wall_follows_what_happens() {
    let bench = Bench::start().await;
    let (handler, item, id) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let request = WatchWallRequest {
        area_code: COMMUNITY.to_owned(),
    };
    let mut walls = bench
        .walls(COMMUNITY)
        .watch_wall(request)
        .await
        .unwrap()
        .into_inner();
    let first = walls.message().await.unwrap().unwrap();
    assert_eq!(first.matters.len(), 0);
    assert_eq!(first.area_name, "富强新村社区");
    let matters = |wall: &Wall| {
        let line = (wall.figures.iter()).find(|line| line.figure_key == "livelihood_matters");
        line.map(|line| line.computed_value)
    };
    // The first wall may be sent without figures.
    assert!(matters(&first).is_none_or(|matters| matters == 0));
    for (revision, states) in [
        (1, &[("received", "07-01 00:00")][..]),
        (
            2,
            &[("received", "07-01 00:00"), ("under_review", "07-02 00:00")][..],
        ),
    ] {
        bench
            .tickets
            .tell(matter(id, revision, item, handler, states));
        let state = states[states.len() - 1].0;
        loop {
            let wall = walls.message().await.unwrap().expect("the stream goes on");
            if wall
                .matters
                .first()
                .is_some_and(|matter| matter.state == state)
            {
                break;
            }
        }
    }
    // The case table is updated, although nothing else happens.
    let mut wall = first;
    while matters(&wall) != Some(1) {
        wall = walls.message().await.unwrap().expect("the stream goes on");
    }
}

#[tokio::test]
async fn another_areas_wall_is_not_there() {
    let bench = Bench::start().await;
    let request = WatchWallRequest {
        area_code: COMMUNITY.to_owned(),
    };
    let refused = bench
        .walls(NEIGHBOUR)
        .watch_wall(request)
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::NotFound, "RECORD_NOT_FOUND")
    );
}

/// Serves the pages of the community's wall.
fn pages(bench: &Bench) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shown = Shown::Only([COMMUNITY.to_owned()].into());
    tokio::spawn(bench.app.clone().serve_pages(listener, shown, bench.stop()));
    address
}

/// Returns the response for a path, up to where `enough` is true or to its end.
async fn fetch(address: SocketAddr, path: &str, enough: fn(&str) -> bool) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: wall\r\nconnection: close\r\n\r\n");
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        loop {
            let read = stream.read(&mut buffer).unwrap();
            bytes.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if read == 0 || enough(&text) {
                return text;
            }
        }
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_served_for_the_areas_named_and_no_others() {
    let bench = Bench::start().await;
    bench.message(HOSTILE, "07-28 10:30", &[("received", "07-28 09:31")]);
    bench.settle().await;
    let address = pages(&bench);
    let page = fetch(address, &format!("/wall/{COMMUNITY}"), |_| false).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("default-src 'none'"), "{page}");
    assert!(!page.contains("<img"), "data end their element: {page}");
    for path in ["/wall.css", "/wall.js"] {
        assert!(
            fetch(address, path, |_| false)
                .await
                .starts_with("HTTP/1.1 200")
        );
    }
    for path in [
        format!("/wall/{NEIGHBOUR}"),
        format!("/wall/{NEIGHBOUR}/events"),
        "/".to_owned(),
    ] {
        assert!(
            fetch(address, &path, |_| false)
                .await
                .starts_with("HTTP/1.1 404"),
            "{path}"
        );
    }
    let wrong = fetch(address, &format!("/wall/{COMMUNITY}?at=yesterday"), |_| {
        false
    })
    .await;
    assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
    for year in ["-262143", "%2B262142", "0001"] {
        let path = format!("/wall/{COMMUNITY}?at={year}-01-01T00:00:00Z");
        let wrong = fetch(address, &path, |_| false).await;
        assert!(wrong.starts_with("HTTP/1.1 400"), "{wrong}");
    }
    let events = fetch(address, &format!("/wall/{COMMUNITY}/events"), |text| {
        text.contains("\n\n")
    })
    .await;
    assert!(events.contains("data: {"), "{events}");
}

/// Returns the page's DOM after its script has run.
async fn look(url: String) -> String {
    tokio::task::spawn_blocking(move || {
        let profile = std::env::temp_dir().join(format!("wangge-browser-{}", Uuid::now_v7()));
        let page = Command::new(wangge_testkit::browser())
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--dump-dom",
            ])
            .args(["--window-size=1920,1080", "--timeout=2000"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(url)
            .output()
            .unwrap();
        let _ = std::fs::remove_dir_all(profile);
        String::from_utf8_lossy(&page.stdout).into_owned()
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_the_wall_and_takes_no_text_for_markup() {
    let bench = Bench::start().await;
    let handler = Uuid::now_v7();
    bench.organization.tell(appointment(
        handler,
        Post::FullTimeGridWorker,
        GRID,
        "2021-01-01",
        "",
    ));
    bench.matter(
        "尊老金",
        handler,
        &[("received", "07-01 00:00"), ("under_review", "07-02 09:00")],
    );
    bench.message(HOSTILE, "07-28 10:30", &[("received", "07-28 09:31")]);
    bench.settle().await;
    let url = format!(
        "http://{}/wall/{COMMUNITY}?at=2022-07-28T10:00:00%2B08:00",
        pages(&bench)
    );
    let page = look(url).await;
    for shown in [
        "<span id=\"area\">富强新村社区</span>",
        "<title>富强新村社区 民生事项督办墙</title>",
        "<span class=\"what\">尊老金</span>",
        "<span class=\"state\">审核中</span>",
        "<span class=\"who quiet\">专职网格员</span>",
        "<span class=\"due quiet\">7/31前</span>",
        "<span class=\"light yellow\">临期</span>",
        "<span class=\"state\">待认领</span>",
        "社区点单、部门响应：启动响应",
        "&lt;img src=x onerror=",
        "回放",
    ] {
        assert!(page.contains(shown), "{shown} is not shown: {page}");
    }
    assert!(!page.contains("<img"), "{page}");
}
