//! The wall as pages for a screen in a hall and for a phone: one page, its style
//! and its script, and the wall as a stream of events. They are public, and so
//! show only the areas that the operator has named.

use std::{
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    net::TcpListener,
    sync::{Arc, PoisonError},
};

use axum::{
    Extension, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use chrono::{DateTime, Datelike as _, Utc};
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use wangge_api::{
    date::{from_wire, moment},
    organization::v1::{FigureBound, Post},
    reporting::v1 as wire,
    types::v1::Date,
};
use wangge_auth::RecordScope;

use super::{
    AT_LEAST, at,
    listener::{self, Limits, Peer},
    walls,
};
use crate::App;

/// Years in which a wall can be shown.
const YEARS: std::ops::Range<i32> = 1990..2990;
/// So many screens watch at once.
const SCREENS: usize = 500;
/// So many walls of other moments are made at once: fewer than case tables are, so
/// that walls of now go on.
const MAX_CONCURRENT_REPLAYS: usize = 2;
/// So many are made or waited for by one visitor; behind a proxy that is all of its.
const MAX_REPLAYS_PER_PEER: usize = 8;
/// What a page may do: nothing that is not from here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors *";

/// Which walls are shown.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Every area's: for a platform that nobody else reaches.
    Every,
    /// Those of the areas with these codes.
    Only(BTreeSet<String>),
}

impl Shown {
    fn has(&self, code: &str) -> bool {
        match self {
            Self::Every => true,
            Self::Only(codes) => codes.contains(code),
        }
    }
}

#[derive(Debug, Clone)]
struct Pages {
    app: App,
    shown: Arc<Shown>,
    screens: Arc<Semaphore>,
    replays: Replays,
    stop: CancellationToken,
}

/// Serves the pages until `stop`.
pub(crate) async fn serve(app: App, listener: TcpListener, shown: Shown, stop: CancellationToken) {
    let pages = Pages {
        app,
        shown: Arc::new(shown),
        screens: Arc::new(Semaphore::new(SCREENS)),
        replays: Replays::default(),
        stop: stop.clone(),
    };
    let router = Router::new()
        .route("/wall/{area_code}", get(page))
        .route("/wall/{area_code}/events", get(events))
        .route("/wall.css", get(style))
        .route("/wall.js", get(script))
        .with_state(pages);
    let listening = listener
        .set_nonblocking(true)
        .and_then(|()| tokio::net::TcpListener::from_std(listener));
    match listening {
        Ok(listener) => listener::serve(listener, router, Limits::default(), stop).await,
        Err(error) => tracing::error!(%error, "the wall's pages are not served"),
    }
}

/// Turns to have a wall of another moment made. Nobody else asks for that one, so few
/// are made at once, and fewer for one visitor.
#[derive(Debug, Clone)]
struct Replays {
    turns: Arc<Semaphore>,
    under_way: Arc<std::sync::Mutex<HashMap<Peer, usize>>>,
}

impl Default for Replays {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(MAX_CONCURRENT_REPLAYS)),
            under_way: Arc::default(),
        }
    }
}

impl Replays {
    /// Waits for a turn; none if the visitor has enough under way.
    async fn turn(&self, peer: Peer) -> Option<Replay> {
        let mut replay = Replay {
            replays: self.clone(),
            peer,
            permit: None,
        };
        let under_way = replay.count(|count| count + 1);
        if under_way > MAX_REPLAYS_PER_PEER {
            return None;
        }
        replay.permit = Some(Arc::clone(&self.turns).acquire_owned().await.ok()?);
        Some(replay)
    }
}

/// A turn that is taken or waited for.
#[derive(Debug)]
struct Replay {
    replays: Replays,
    peer: Peer,
    permit: Option<OwnedSemaphorePermit>,
}

impl Replay {
    /// Changes how many the visitor has under way, and returns it.
    fn count(&self, change: impl FnOnce(usize) -> usize) -> usize {
        let under_way = self.replays.under_way.lock();
        let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        let count = change(under_way.get(&self.peer).copied().unwrap_or_default());
        if count == 0 {
            under_way.remove(&self.peer);
        } else {
            under_way.insert(self.peer, count);
        }
        count
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        self.permit = None;
        self.count(|count| count.saturating_sub(1));
    }
}

/// What can be asked of a wall.
#[derive(Debug, Deserialize)]
struct Asked {
    /// The moment at which it is shown; now and on, if it is left out.
    at: Option<DateTime<Utc>>,
}

async fn page(
    State(pages): State<Pages>,
    Path(code): Path<String>,
    Query(asked): Query<Asked>,
    Extension(peer): Extension<Peer>,
) -> Response {
    if !pages.shown.has(&code) {
        return absent();
    }
    let made = match asked.at {
        Some(moment) if !YEARS.contains(&moment.year()) => {
            return (StatusCode::BAD_REQUEST, "没有这个时间").into_response();
        }
        Some(moment) => {
            let Some(_turn) = pages.replays.turn(peer).await else {
                let later = [(header::RETRY_AFTER, "1")];
                return (StatusCode::TOO_MANY_REQUESTS, later, "请稍后再试").into_response();
            };
            at(&pages.app, &code, &scope(&code), moment)
                .await
                .map(Arc::new)
        }
        None => {
            let boards = &pages.app.boards;
            boards
                .wall(&pages.app, &code, &scope(&code), AT_LEAST)
                .await
        }
    };
    let wall = match made {
        Ok(wall) => wall,
        Err(refusal) if refusal.reason == wangge_api::refusal::Reason::RecordNotFound => {
            return absent();
        }
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let mut shown = told(&wall);
    shown["is_live"] = json!(asked.at.is_none());
    // Data in a page must not end its element, whatever it holds.
    let data = shown.to_string().replace('<', "\\u003c");
    let page = include_str!("wall.html").replace("{{wall}}", &data);
    sent("text/html; charset=utf-8", page)
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, "没有这面墙").into_response()
}

async fn style() -> Response {
    sent(
        "text/css; charset=utf-8",
        include_str!("wall.css").to_owned(),
    )
}

async fn script() -> Response {
    sent(
        "text/javascript; charset=utf-8",
        include_str!("wall.js").to_owned(),
    )
}

fn sent(kind: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body).into_response()
}

async fn events(State(pages): State<Pages>, Path(code): Path<String>) -> Response {
    if !pages.shown.has(&code) {
        return absent();
    }
    let Ok(screen) = pages.screens.clone().try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    Sse::new(stream(pages, code, screen))
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// The wall as events; the stream ends when it can't be made, and the screen
/// comes again.
fn stream(
    pages: Pages,
    code: String,
    screen: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let scope = scope(&code);
    let walls = walls(pages.app, code, scope, pages.stop);
    walls
        .take_while(|wall| std::future::ready(wall.is_ok()))
        .filter_map(move |wall| {
            // Held as long as the stream is.
            let _ = &screen;
            let told = wall.ok().map(|wall| {
                let mut told = told(&wall);
                told["is_live"] = json!(true);
                Ok(Event::default().data(told.to_string()))
            });
            std::future::ready(told)
        })
}

/// A wall shows its area and nothing else.
fn scope(code: &str) -> RecordScope {
    RecordScope::everything().within(code)
}

/// The wall as JSON.
fn told(wall: &wire::Wall) -> Value {
    json!({
        "area_code": wall.area_code,
        "area_name": wall.area_name,
        "shown_time": time(wall.shown_time.as_ref()),
        "open_matter_count": wall.open_matter_count,
        "overdue_matter_count": wall.overdue_matter_count,
        "unreplied_count": wall.unreplied_count,
        "overdue_reply_count": wall.overdue_reply_count,
        "figures_time": time(wall.figures_time.as_ref()),
        "matters": wall.matters.iter().map(|matter| json!({
            "id": matter.id,
            "title": matter.title,
            "area_name": matter.area_name,
            "state": matter.state,
            "state_time": time(matter.state_time.as_ref()),
            "handler_post": post(matter.handler_post()),
            "due_time": time(matter.due_time.as_ref()),
            "light": light(matter.light()),
        })).collect::<Vec<_>>(),
        "replies": wall.replies.iter().map(|reply| json!({
            "id": reply.id,
            "title": reply.title,
            "state": reply.state,
            "sent_time": time(reply.sent_time.as_ref()),
            "replied_time": time(reply.replied_time.as_ref()),
            "handler_post": post(reply.handler_post()),
            "due_time": time(reply.due_time.as_ref()),
            "light": light(reply.light()),
        })).collect::<Vec<_>>(),
        "grids": wall.grids.iter().map(|grid| json!({
            "area_code": grid.area_code,
            "name": grid.name,
            "boundary": serde_json::from_str::<Value>(&grid.boundary_geojson).ok(),
            "resident_in_need_count": (!grid.resident_in_need_withheld).then_some(grid.resident_in_need_count),
            "open_matter_count": grid.open_matter_count,
            "open_wish_count": grid.open_wish_count,
        })).collect::<Vec<_>>(),
        "figures": wall.figures.iter().map(figure).collect::<Vec<_>>(),
    })
}

fn figure(line: &wire::CaseLine) -> Value {
    let published = line.published.as_ref();
    json!({
        "key": line.figure_key,
        "mechanism": line.mechanism,
        "title": line.title_zh,
        "value": line.computed_value,
        "published": published.map(|published| published.value),
        "at_least": published.is_some_and(|published| published.bound() == FigureBound::AtLeast),
        "published_date": published.and_then(|published| date(published.as_of_date.as_ref())),
        "period": line.period().as_str_name().trim_start_matches("FIGURE_PERIOD_").to_lowercase(),
        "comparison": line.comparison().as_str_name().trim_start_matches("CASE_COMPARISON_").to_lowercase(),
        "as_of_date": date(line.as_of_date.as_ref()),
    })
}

fn date(date: Option<&Date>) -> Option<String> {
    let day = from_wire(date?, "").ok()?;
    Some(day.to_string())
}

fn time(time: Option<&prost_types::Timestamp>) -> Option<String> {
    let time = moment(time?, "").ok()?;
    Some(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

fn post(post: Post) -> String {
    post.as_str_name()
        .trim_start_matches("POST_")
        .to_lowercase()
}

fn light(light: wire::Light) -> String {
    light
        .as_str_name()
        .trim_start_matches("LIGHT_")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_visitors_replays_leave_turns_to_others() {
        let replays = Replays::default();
        let peer = |last| Peer([127, 0, 0, last].into());
        let mut taken = Vec::new();
        for _ in 0..MAX_CONCURRENT_REPLAYS {
            taken.push(replays.turn(peer(1)).await.expect("a turn"));
        }
        let waiting: Vec<_> = (MAX_CONCURRENT_REPLAYS..MAX_REPLAYS_PER_PEER)
            .map(|_| {
                let replays = replays.clone();
                tokio::spawn(async move { replays.turn(peer(1)).await.is_some() })
            })
            .collect();
        while replays.under_way.lock().expect("a lock")[&peer(1)] < MAX_REPLAYS_PER_PEER {
            tokio::task::yield_now().await;
        }
        assert!(replays.turn(peer(1)).await.is_none(), "enough under way");
        let other = replays.clone();
        let other = tokio::spawn(async move { other.turn(peer(2)).await.is_some() });
        taken.clear();
        for turn in waiting {
            assert!(turn.await.expect("a task"));
        }
        assert!(other.await.expect("a task"));
        assert!(replays.under_way.lock().expect("a lock").is_empty());
    }
}
