//! Routes what waits: open tickets whose place was not known when they were
//! reported are looked at again whenever the reference data has changed.

use std::{collections::HashSet, time::Duration};

use chrono::NaiveDate;
use opentelemetry::global::meter;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::StoreError;

use super::act_on_ticket::apply;
use crate::{
    App,
    domain::{
        act::Act,
        report::{Moment, Place, Report},
        ticket::Ticket,
    },
    reference::Reference,
    store::{
        ticket::list_unrouted,
        ticket_write::{TicketWrite, update_tickets},
    },
};

/// How often the reference data is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// Rounds in which all that waits is looked at after a change: a report may
/// just be written that was placed by the picture before.
const ROUNDS: u32 = 3;
/// Tickets looked at together.
const BATCH: i64 = 200;
/// How the history names this work.
const ACTOR: &str = "wangge";

/// Works until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let passed_over = meter("wangge")
        .u64_gauge("wangge.passed.over.tickets")
        .with_description("Open tickets without a grid that can't be read or changed.")
        .build();
    let mut known = None;
    let mut rounds = 0;
    let mut told = HashSet::new();
    while !stop.is_cancelled() {
        // What can't be looked at now is looked at in the next round.
        let version = app.reference.refresh().await.ok();
        let version = version.map(|reference| reference.version());
        if version.is_some() && version != known {
            (known, rounds) = (version, ROUNDS);
        }
        if rounds > 0 {
            match route_waiting(&app).await {
                Ok(round) => {
                    // Those that changed meanwhile are looked at again.
                    rounds -= u32::from(round.complete);
                    let count = u64::try_from(round.passed_over.len()).unwrap_or(u64::MAX);
                    passed_over.record(count, &[]);
                    for (id, why) in round.passed_over.iter().filter(|one| !told.contains(*one)) {
                        tracing::error!(ticket_id = %id, %why, "a waiting ticket can't be routed");
                    }
                    told = round.passed_over;
                }
                Err(refusal) => tracing::warn!(error = %refusal, "waiting tickets not routed"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// What came of a round.
#[derive(Debug)]
struct Round {
    /// None changed meanwhile and must be looked at again.
    complete: bool,
    /// Tickets that can't be routed, and why: nothing of what they say.
    passed_over: HashSet<(Uuid, String)>,
}

/// Routes what can be. A ticket that can't be read or written keeps no other from
/// being routed.
async fn route_waiting(app: &App) -> Result<Round, Refusal> {
    let reference = app.reference.get().await?;
    let today = day_of(app.clock.now(), DEFAULT_ZONE);
    let mut after = Uuid::nil();
    let mut round = Round {
        complete: true,
        passed_over: HashSet::new(),
    };
    loop {
        let tickets = list_unrouted(&app.database.background_lanes, after, BATCH).await?;
        let Some((last, _)) = tickets.last() else {
            return Ok(round);
        };
        after = *last;
        for (id, ticket) in tickets {
            let Some(ticket) = ticket else {
                round
                    .passed_over
                    .insert((id, "it can't be read".to_owned()));
                continue;
            };
            let Some(place) = place(&reference, &ticket, today) else {
                continue;
            };
            match route(app, ticket, place).await? {
                Ok(routed) => round.complete &= routed,
                Err(why) => {
                    round.passed_over.insert((id, why));
                }
            }
        }
    }
}

fn place(reference: &Reference, ticket: &Ticket, today: NaiveDate) -> Option<Place> {
    let report = Report {
        id: ticket.id,
        source: Some(ticket.source),
        category_code: ticket.category_code.clone(),
        title: String::new(),
        description: String::new(),
        address: ticket.address.clone(),
        point: ticket.longitude.zip(ticket.latitude),
        area_code: ticket.area_code.clone(),
    };
    Some(reference.place(&report, "", today)).filter(|place| place.routed)
}

/// Places a ticket; one that changed meanwhile is left to the next round, and
/// then the answer is false. If it can't be placed, says why.
async fn route(
    app: &App,
    mut ticket: Ticket,
    place: Place,
) -> Result<Result<bool, String>, StoreError> {
    let before = ticket.revision;
    let now = app.clock.now();
    let moment = Moment {
        at: now,
        actor: ACTOR.to_owned(),
        imported: false,
    };
    let (lines, events) = match apply(&mut ticket, &[Act::Route { place }], &moment) {
        Ok(applied) => applied,
        Err(refusal) => return Ok(Err(refusal.reason.name().to_owned())),
    };
    let write = TicketWrite::new(before, ticket, lines, &events, None, now);
    match update_tickets(&app.database.background_lanes, &[write]).await {
        Ok(routed) => {
            app.hint.committed();
            Ok(Ok(routed == [true]))
        }
        Err(error) => error.row_fault().map(Err).ok_or(error),
    }
}
