//! Counts current problems in the communities as metrics for alerting. The metrics are
//! plain numbers and contain nothing about people. This module changes nothing.

use std::time::Duration;

use opentelemetry::global::meter;
use tokio_util::sync::CancellationToken;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};

use crate::{App, domain::group_message::REPLY_WITHIN, store::neighbourhood};

/// Poll interval of the counts.
const INTERVAL: Duration = Duration::from_secs(15);

/// Updates the gauges until `stop` is cancelled.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let meter = meter("wangge");
    let gauge = |name: &'static str, about: &'static str| {
        meter.i64_gauge(name).with_description(about).build()
    };
    let duty_gaps = gauge(
        "wangge.duty.gaps",
        "Chat groups for which nobody is on duty now.",
    );
    let unrouted_tickets = gauge(
        "wangge.unrouted.tickets",
        "Open tickets for which no grid has been found yet.",
    );
    let late_replies = gauge(
        "wangge.late.replies",
        "Messages of chat groups without a public reply within an hour.",
    );
    while !stop.is_cancelled() {
        let now = app.clock.now();
        let due = now - REPLY_WITHIN;
        let today = day_of(now, DEFAULT_ZONE);
        // One statement for all counts, on the background pool, so that polling takes no
        // connection from calls.
        match neighbourhood::count(&app.database.background, now, today, due).await {
            Ok(amiss) => {
                duty_gaps.record(amiss.duty_gaps, &[]);
                unrouted_tickets.record(amiss.unrouted_tickets, &[]);
                late_replies.record(amiss.late_replies, &[]);
            }
            Err(error) => tracing::debug!(%error, "could not count unattended work"),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}
