//! Web pages of the wall, for a screen in a hall and for phones: one page with its style and
//! script, and the wall as server-sent events. The pages are public, so they show only the
//! areas that the operator has named.

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
    MAX_INTERVAL, at,
    listener::{self, Limits, Peer},
    walls,
};
use crate::App;

/// Years for which a wall can be requested.
const YEARS: std::ops::Range<i32> = 1990..2990;
/// Maximum number of screens that watch at once.
const SCREENS: usize = 500;
/// Maximum number of past or future walls built at once. It is below the limit of case tables,
/// so that current walls are never blocked.
const MAX_CONCURRENT_REPLAYS: usize = 2;
/// Maximum number of such walls in progress per client address; behind a proxy all clients
/// share one.
const MAX_REPLAYS_PER_PEER: usize = 8;
/// Content security policy: nothing is loaded from elsewhere, but any site may embed the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors *";

/// The areas whose walls are public.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Every area: for a platform that is reachable only by its operator.
    Every,
    /// Only the areas with these codes.
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

/// Serves the pages until `stop` is cancelled.
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
    // tokio requires non-blocking mode, which isn't the default of a listener that the
    // standard library has bound.
    let listening = listener
        .set_nonblocking(true)
        .and_then(|()| tokio::net::TcpListener::from_std(listener));
    match listening {
        Ok(listener) => listener::serve(listener, router, Limits::default(), stop).await,
        Err(error) => tracing::error!(%error, "the wall's pages can't be served"),
    }
}

/// Limits the walls of past and future moments. They are not cached, since hardly anyone
/// requests the same one, so few are built at once, and fewer per client.
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
    /// Waits for a permit; returns `None` if the client has too many in progress.
    async fn turn(&self, peer: Peer) -> Option<Replay> {
        let mut replay = Replay {
            replays: self.clone(),
            peer,
            permit: None,
        };
        // Counted before the wait: requests that wait are limited as well, or one client could
        // fill the queue. Dropping the guard undoes the count.
        let under_way = replay.count(|count| count + 1);
        if under_way > MAX_REPLAYS_PER_PEER {
            return None;
        }
        replay.permit = Some(Arc::clone(&self.turns).acquire_owned().await.ok()?);
        Some(replay)
    }
}

/// A permit that is held or waited for.
#[derive(Debug)]
struct Replay {
    replays: Replays,
    peer: Peer,
    permit: Option<OwnedSemaphorePermit>,
}

impl Replay {
    /// Changes the client's number of walls in progress, and returns it.
    fn count(&self, change: impl FnOnce(usize) -> usize) -> usize {
        let under_way = self.replays.under_way.lock();
        let mut under_way = under_way.unwrap_or_else(PoisonError::into_inner);
        let count = change(under_way.get(&self.peer).copied().unwrap_or_default());
        // Entries of zero are removed, so that the map doesn't grow with every client.
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
        // The permit first, so that the count never allows more than is really in progress.
        self.permit = None;
        self.count(|count| count.saturating_sub(1));
    }
}

/// Query parameters of a page.
#[derive(Debug, Deserialize)]
struct Asked {
    /// The moment to show; if it is omitted, the current wall with live updates.
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
                .wall(&pages.app, &code, &scope(&code), MAX_INTERVAL)
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
    // A `</script>` in the data would close the element that contains it, so every `<` is
    // escaped, whatever the titles contain.
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
    // Not queued, since a waiting request would hold one of the connections. The page's script
    // reconnects.
    let Ok(screen) = pages.screens.clone().try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    Sse::new(stream(pages, code, screen))
        .keep_alive(KeepAlive::default())
        .into_response()
}

/// Returns the wall as server-sent events. The stream ends if a wall can't be built, and the
/// browser reconnects.
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
            // Moved into the closure, so that the permit is held as long as the stream.
            let _ = &screen;
            let told = wall.ok().map(|wall| {
                let mut told = told(&wall);
                told["is_live"] = json!(true);
                Ok(Event::default().data(told.to_string()))
            });
            std::future::ready(told)
        })
}

/// Returns the scope of a wall: its area and nothing else.
fn scope(code: &str) -> RecordScope {
    // The pages are public and have no caller, so the area itself is the scope.
    RecordScope::everything().within(code)
}

/// Converts a wall to the JSON format of the page's script.
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
