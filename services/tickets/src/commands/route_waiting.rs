//! Routes waiting tickets: open tickets that had no known place when they were
//! reported are re-checked after every change of the reference data.

use std::{collections::HashSet, time::Duration};

use chrono::NaiveDate;
use opentelemetry::global::meter;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wangge_api::refusal::{Refusal, reason_name};
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

/// Poll interval for the version of the reference data.
const INTERVAL: Duration = Duration::from_secs(1);
/// Rounds over all waiting tickets after a change: a report that was placed by the
/// previous snapshot may still be in flight.
const ROUNDS: u32 = 3;
/// Tickets per batch.
const BATCH: i64 = 200;
/// Actor that the history records for routing.
const ACTOR: &str = "wangge";

/// Routes waiting tickets until `stop` is cancelled.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let passed_over = meter("wangge")
        .u64_gauge("wangge.passed.over.tickets")
        .with_description("Open tickets without a grid that can't be read or changed.")
        .build();
    let mut known = None;
    let mut rounds = 0;
    let mut told = HashSet::new();
    while !stop.is_cancelled() {
        // An unavailable database is no reason to stop: the next round tries again.
        let version = app.reference.refresh().await.ok();
        let version = version.map(|reference| reference.version());
        if version.is_some() && version != known {
            (known, rounds) = (version, ROUNDS);
        }
        if rounds > 0 {
            match route_waiting(&app).await {
                Ok(round) => {
                    // Tickets that have changed concurrently need another round.
                    rounds -= u32::from(round.complete);
                    let count = u64::try_from(round.passed_over.len()).unwrap_or(u64::MAX);
                    passed_over.record(count, &[]);
                    // Each ticket is logged once and not every second; the gauge stays up as
                    // long as it can't be routed.
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

/// Result of a round.
#[derive(Debug)]
struct Round {
    /// True if no ticket changed concurrently and needs another round.
    complete: bool,
    /// Tickets that can't be routed, each with the reason; never their content.
    passed_over: HashSet<(Uuid, String)>,
}

/// Runs one round. A ticket that can't be read or written doesn't block the others.
async fn route_waiting(app: &App) -> Result<Round, Refusal> {
    let reference = app.reference.get().await?;
    let today = day_of(app.clock.now(), DEFAULT_ZONE);
    let mut after = Uuid::nil();
    let mut round = Round {
        complete: true,
        passed_over: HashSet::new(),
    };
    // Keyset pagination: tickets that can't be routed stay in the list, so every page
    // must start after the last one.
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

/// Routes a ticket. Returns false if it has changed concurrently, which leaves it to the
/// next round, and the reason if it can't be routed.
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
        Err(refusal) => return Ok(Err(reason_name(refusal.reason).to_owned())),
    };
    let write = TicketWrite::new(before, ticket, lines, &events, None, now);
    match update_tickets(&app.database.background_lanes, &[write]).await {
        Ok(routed) => {
            app.hint.committed();
            Ok(Ok(routed == [true]))
        }
        // Only a fault of the row skips the ticket; an unavailable database aborts the round.
        Err(error) => error.row_fault().map(Err).ok_or(error),
    }
}
