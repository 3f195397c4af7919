//! Background task that routes open tickets for which no grid was found. It checks all
//! of them again whenever the reference data has changed.

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

/// Poll interval of the reference data's version.
const INTERVAL: Duration = Duration::from_secs(1);
/// Number of rounds over all unrouted tickets after a change: a report that was placed
/// with the previous snapshot may be committed only after the first round.
const ROUNDS: u32 = 3;
/// Maximum number of tickets that one query returns.
const BATCH: i64 = 200;
/// Actor of this task in histories.
const ACTOR: &str = "wangge";

/// Runs until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let passed_over = meter("wangge")
        .u64_gauge("wangge.passed.over.tickets")
        .with_description("Open tickets without a grid that can't be read or changed.")
        .build();
    let mut known = None;
    let mut rounds = 0;
    let mut told = HashSet::new();
    while !stop.is_cancelled() {
        // An error is ignored: the next poll retries.
        let version = app.reference.refresh().await.ok();
        let version = version.map(|reference| reference.version());
        if version.is_some() && version != known {
            (known, rounds) = (version, ROUNDS);
        }
        if rounds > 0 {
            match route_waiting(&app).await {
                Ok(round) => {
                    // A round in which a ticket changed concurrently doesn't count: that
                    // ticket has to be checked again.
                    rounds -= u32::from(round.complete);
                    let count = u64::try_from(round.passed_over.len()).unwrap_or(u64::MAX);
                    passed_over.record(count, &[]);
                    // Logged when it is new, not in each of the rounds.
                    for (id, why) in round.passed_over.iter().filter(|one| !told.contains(*one)) {
                        tracing::error!(ticket_id = %id, %why, "a waiting ticket can't be routed");
                    }
                    told = round.passed_over;
                }
                Err(refusal) => {
                    tracing::warn!(error = %refusal, "waiting tickets could not be routed")
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Result of one round over all unrouted tickets.
#[derive(Debug)]
struct Round {
    /// True if no ticket changed concurrently, so that none has to be checked again.
    complete: bool,
    /// Tickets that can't be read or changed, with the reason, which contains nothing of
    /// their text.
    passed_over: HashSet<(Uuid, String)>,
}

/// Routes every ticket that a grid is found for. A ticket that can't be read or changed
/// doesn't block the others.
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
        // By id and not by offset: routed tickets leave the list while it is paged.
        after = *last;
        for (id, ticket) in tickets {
            let Some(ticket) = ticket else {
                round
                    .passed_over
                    .insert((id, "it can't be decoded".to_owned()));
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

/// Returns the place of a ticket, if the snapshot has a grid for it.
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

/// Routes a ticket. Returns true if it was updated, false if it changed concurrently and
/// is left to the next round, or an inner error with the reason why it can't be routed.
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
            app.notifier.notify();
            Ok(Ok(routed == [true]))
        }
        // Only an error that the row caused is the ticket's; any other ends the round,
        // since it would fail for every ticket.
        Err(error) => error.row_fault().map(Err).ok_or(error),
    }
}
