//! `WallService`: the display wall, as a single response or as a stream of updates.

mod board;
mod listener;
pub(crate) mod pages;

use std::{pin::Pin, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use futures::Stream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use wangge_api::{
    date::{moment, timestamp},
    refusal::{Reason, Refusal},
    reporting::v1::{self as wire, server::wall_service_server::WallService},
};
use wangge_auth::{Caller, RecordScope};
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};

pub(crate) use board::Boards;
use board::Renewals;

use super::{
    area,
    case_table::{self, Table},
    question,
};
use crate::{
    App,
    figures::RESIDENTS_IN_NEED,
    queries::wall as queries,
    wall::{Grid, Matter, Reply, may_show, withhold_small},
};

/// Longest interval between two walls of a stream. Statuses change with time alone, and the
/// case table is refreshed along with them.
const MAX_INTERVAL: Duration = Duration::from_secs(4);
/// Shortest interval between two walls of a stream. Changes within it share one message.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// Delay between a change and the next wall. It leaves connections to calls where walls are
/// slow to build, and tolerates small differences between the services' clocks.
const SETTLE_DELAY: Duration = Duration::from_millis(50);

/// Handler of `WallService`. Streams end when `stop` is cancelled.
#[derive(Debug)]
pub(crate) struct Walls {
    pub app: App,
    pub stop: CancellationToken,
}

type WallStream = Pin<Box<dyn Stream<Item = Result<wire::Wall, Status>> + Send>>;

#[tonic::async_trait]
impl WallService for Walls {
    async fn get_wall(
        &self,
        request: Request<wire::GetWallRequest>,
    ) -> Result<Response<wire::Wall>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let wire::GetWallRequest { area_code, at_time } = request.into_inner();
        let wall = match at_time {
            Some(time) => {
                let scope = area(&self.app, &area_code, &scope).await?;
                at(&self.app, &area_code, &scope, moment(&time, "at_time")?).await?
            }
            None => now(&self.app, &area_code, &scope).await?,
        };
        Ok(Response::new(wall))
    }

    type WatchWallStream = WallStream;

    async fn watch_wall(
        &self,
        request: Request<wire::WatchWallRequest>,
    ) -> Result<Response<Self::WatchWallStream>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let code = request.into_inner().area_code;
        let scope = area(&self.app, &code, &scope).await?;
        let walls = walls(self.app.clone(), code, scope, self.stop.clone());
        let walls = futures::StreamExt::map(walls, |wall| {
            wall.map(Arc::unwrap_or_clone).map_err(Status::from)
        });
        Ok(Response::new(Box::pin(walls)))
    }
}

/// Returns the wall of an area, and again after each change, until `stop` is cancelled.
fn walls(
    app: App,
    code: String,
    scope: RecordScope,
    stop: CancellationToken,
) -> impl Stream<Item = Result<Arc<wire::Wall>, Refusal>> + Send {
    let pulse = app.pulse.listen();
    // Start time of the last wall, and a receiver for the next case table.
    let last: Option<(Instant, Renewals)> = None;
    let begin = (app, code, scope, pulse, stop, last);
    futures::stream::try_unfold(
        begin,
        // The first wall is sent at once; later ones wait for a reason.
        |(app, code, scope, mut pulse, stop, last)| async move {
            if let Some((last, mut renewals)) = last {
                tokio::select! {
                    () = stop.cancelled() => return Err(shutting_down()),
                    _ = pulse.changed() => {
                        let settled = Instant::now() + SETTLE_DELAY;
                        tokio::time::sleep_until(settled.max(last + MIN_INTERVAL)).await;
                    }
                    Ok(()) = renewals.changed() => {}
                    () = tokio::time::sleep_until(last + MAX_INTERVAL) => {}
                }
            }
            // Before the wall is built, so that events applied during it trigger another one.
            let begun = Instant::now();
            pulse.mark_unchanged();
            let renewals = app.boards.renewals(&code);
            // Half the interval: of several watchers of one wall, the first rebuilds it and
            // the others get it from the cache.
            let wall = app
                .boards
                .wall(&app, &code, &scope, MAX_INTERVAL / 2)
                .await?;
            Ok(Some((
                wall,
                (app, code, scope, pulse, stop, Some((begun, renewals))),
            )))
        },
    )
}

fn shutting_down() -> Refusal {
    Refusal::unavailable(
        Reason::ShuttingDown,
        "the service is shutting down: watch again",
        Duration::from_secs(1),
    )
}

/// Returns the current wall.
pub(super) async fn now(app: &App, code: &str, scope: &RecordScope) -> Result<wire::Wall, Refusal> {
    let scope = area(app, code, scope).await?;
    let wall = app.boards.wall(app, code, &scope, MAX_INTERVAL).await?;
    Ok(Arc::unwrap_or_clone(wall))
}

/// Returns the wall at any moment, past or future.
async fn at(
    app: &App,
    code: &str,
    scope: &RecordScope,
    moment: DateTime<Utc>,
) -> Result<wire::Wall, Refusal> {
    // The table first and without the permit: it waits for its own limit, and must not hold up
    // walls that are built in the meantime.
    let table = figures(app, code, scope, moment).await?;
    let _permit = app.boards.permit().await?;
    make(app, code, scope, moment, Some(&table)).await
}

/// Returns the case table of an area on the day of a moment, without the figures that the
/// public wall withholds.
async fn figures(
    app: &App,
    code: &str,
    scope: &RecordScope,
    moment: DateTime<Utc>,
) -> Result<Table, Refusal> {
    let day = day_of(moment, DEFAULT_ZONE);
    let mut table = case_table::compute(app, code, scope, question(app, Some(day), None)).await?;
    // A small number of residents in need could identify them, like the counts of the grids.
    table
        .lines
        .retain(|line| line.figure_key != RESIDENTS_IN_NEED || may_show(line.computed_value));
    Ok(table)
}

/// Builds a wall.
async fn make(
    app: &App,
    code: &str,
    scope: &RecordScope,
    now: DateTime<Utc>,
    table: Option<&Table>,
) -> Result<wire::Wall, Refusal> {
    // Queried in parallel on separate connections. They may see different snapshots: an
    // event that is applied in between appears completely on the next wall.
    let pool = &app.database.calls;
    let (name, matters, replies, mut grids) = tokio::try_join!(
        queries::area_name(pool, code),
        queries::matters(pool, scope, now),
        queries::replies(pool, scope, now),
        queries::grids(pool, scope, now),
    )?;
    let counted = matters
        .first()
        .map(|first| (first.open_count, first.overdue_count));
    let (open, overdue) = counted.unwrap_or_default();
    let waiting = replies
        .first()
        .map(|first| (first.waiting_count, first.overdue_count));
    // The counts are those of all rows, repeated in each one by a window function, since
    // the lists are limited.
    let (unreplied, overdue_replies) = waiting.unwrap_or_default();
    withhold_small(&mut grids);
    Ok(wire::Wall {
        open_matter_count: shown_count(open),
        overdue_matter_count: shown_count(overdue),
        unreplied_count: shown_count(unreplied),
        overdue_reply_count: shown_count(overdue_replies),
        area_code: code.to_owned(),
        area_name: name.ok_or_else(|| Refusal::not_found("area", code))?,
        shown_time: Some(timestamp(now)),
        matters: matters
            .into_iter()
            .map(|matter| told(matter, now))
            .collect(),
        replies: replies
            .into_iter()
            .map(|reply| told_reply(reply, now))
            .collect(),
        grids: grids.into_iter().map(told_grid).collect(),
        figures: table.map_or_else(Vec::new, |table| table.lines.clone()),
        figures_time: table.map(|table| timestamp(table.computed_time)),
    })
}

fn shown_count(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn told(matter: Matter, now: DateTime<Utc>) -> wire::WallMatter {
    wire::WallMatter {
        id: matter.id.to_string(),
        light: matter.light(now) as i32,
        title: matter.title,
        area_name: matter.area_name,
        state: matter.state,
        state_time: Some(timestamp(matter.state_time)),
        handler_post: matter.handler_post.unwrap_or_default().into(),
        due_time: Some(timestamp(matter.due_time)),
    }
}

fn told_reply(reply: Reply, now: DateTime<Utc>) -> wire::WallReply {
    wire::WallReply {
        id: reply.id.to_string(),
        light: reply.light(now) as i32,
        sent_time: Some(timestamp(reply.sent_time())),
        replied_time: reply.replied_time().map(timestamp),
        title: reply.title,
        state: reply.state,
        handler_post: reply.handler_post.unwrap_or_default().into(),
        due_time: Some(timestamp(reply.due_time)),
    }
}

fn told_grid(grid: Grid) -> wire::WallGrid {
    wire::WallGrid {
        area_code: grid.area_code,
        name: grid.name,
        boundary_geojson: grid.boundary_geojson,
        resident_in_need_count: grid.resident_in_need_count.unwrap_or_default(),
        resident_in_need_withheld: grid.resident_in_need_count.is_none(),
        open_matter_count: grid.open_matter_count,
        open_wish_count: grid.open_wish_count,
    }
}
