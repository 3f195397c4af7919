//! Routes what waits: open tickets whose place was not known when they were
//! reported are looked at again whenever the reference data has changed.

use std::time::Duration;

use chrono::NaiveDate;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};

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
    let mut known = None;
    let mut rounds = 0;
    while !stop.is_cancelled() {
        // What can't be looked at now is looked at in the next round.
        let version = app.reference.refresh().await.ok();
        let version = version.map(|reference| reference.version());
        if version.is_some() && version != known {
            (known, rounds) = (version, ROUNDS);
        }
        if rounds > 0 {
            match route_waiting(&app).await {
                Ok(true) => rounds -= 1,
                // Some changed meanwhile: again.
                Ok(false) => {}
                Err(refusal) => tracing::warn!(error = %refusal, "waiting tickets not routed"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Routes what can be; answers false if some must be looked at again.
async fn route_waiting(app: &App) -> Result<bool, Refusal> {
    let reference = app.reference.get().await?;
    let today = day_of(app.clock.now(), DEFAULT_ZONE);
    let mut after = Uuid::nil();
    let mut complete = true;
    loop {
        let tickets = list_unrouted(&app.database.background_lanes, after, BATCH).await?;
        let Some(last) = tickets.last() else {
            return Ok(complete);
        };
        after = last.id;
        for ticket in tickets {
            if let Some(place) = place(&reference, &ticket, today) {
                complete &= route(app, ticket, place).await?;
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
/// then the answer is false.
async fn route(app: &App, mut ticket: Ticket, place: Place) -> Result<bool, Refusal> {
    let before = ticket.revision;
    let now = app.clock.now();
    let moment = Moment {
        at: now,
        actor: ACTOR.to_owned(),
        imported: false,
    };
    let (lines, events) = apply(&mut ticket, &[Act::Route { place }], &moment)?;
    let write = TicketWrite::new(before, ticket, lines, &events, None, now);
    let routed = update_tickets(&app.database.background_lanes, &[write]).await?;
    app.hint.committed();
    Ok(routed == [true])
}
