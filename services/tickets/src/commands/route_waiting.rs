//! Routes what waits: open tickets whose place was not known when they were
//! reported are looked at again whenever the reference data has changed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wangge_api::refusal::Refusal;

use super::act_on_ticket::apply;
use crate::{
    App,
    domain::{
        act::Act,
        report::{Moment, Place, Report},
        ticket::Ticket,
    },
    reference::Reference,
    store::ticket::{list_unrouted, update_ticket},
};

/// How often the reference data is looked at.
const INTERVAL: Duration = Duration::from_secs(1);
/// Tickets looked at together.
const BATCH: i64 = 200;
/// How the history names this work.
const ACTOR: &str = "wangge";

/// Works until `stop`.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut known = None;
    while !stop.is_cancelled() {
        let version = match app.reference.refresh().await {
            Ok(_) => app
                .reference
                .get()
                .await
                .ok()
                .map(|reference| reference.version()),
            Err(_) => None,
        };
        if version.is_some() && version != known {
            match route_waiting(&app).await {
                Ok(()) => known = version,
                Err(refusal) => tracing::warn!(error = %refusal, "waiting tickets not routed"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}

async fn route_waiting(app: &App) -> Result<(), Refusal> {
    let reference = app.reference.get().await?;
    let mut after = Uuid::nil();
    loop {
        let tickets = list_unrouted(&app.database.background_lanes, after, BATCH).await?;
        let Some(last) = tickets.last() else {
            return Ok(());
        };
        after = last.id;
        for ticket in tickets {
            if let Some(place) = place(&reference, &ticket) {
                route(app, ticket, place).await?;
            }
        }
    }
}

fn place(reference: &Reference, ticket: &Ticket) -> Option<Place> {
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
    Some(reference.place(&report, "")).filter(|place| place.routed)
}

/// Places a ticket; one that changed meanwhile is left to the next round.
async fn route(app: &App, mut ticket: Ticket, place: Place) -> Result<(), Refusal> {
    let before = ticket.revision;
    let now = app.clock.now();
    let moment = Moment {
        at: now,
        actor: ACTOR.to_owned(),
        imported: false,
    };
    let (lines, events) = apply(&mut ticket, &[Act::Route { place }], &moment)?;
    update_ticket(
        &app.database.background_lanes,
        before,
        &ticket,
        &lines,
        &events,
        None,
        now,
    )
    .await?;
    app.hint.committed();
    Ok(())
}
