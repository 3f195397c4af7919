//! Records gauges of conditions that need attention, for alerts. They are plain
//! counts without personal data. Nothing here writes to the database.

use std::time::Duration;

use opentelemetry::global::meter;
use tokio_util::sync::CancellationToken;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};

use crate::{App, domain::group_message::REPLY_WITHIN, store::neighbourhood};

/// Interval between two counts.
const INTERVAL: Duration = Duration::from_secs(15);

/// Records the gauges until `stop` is cancelled.
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
        "Messages of chat groups that were not answered in public within the hour.",
    );
    while !stop.is_cancelled() {
        let now = app.clock.now();
        let due = now - REPLY_WITHIN;
        let today = day_of(now, DEFAULT_ZONE);
        match neighbourhood::count(&app.database.background, now, today, due).await {
            Ok(amiss) => {
                duty_gaps.record(amiss.duty_gaps, &[]);
                unrouted_tickets.record(amiss.unrouted_tickets, &[]);
                late_replies.record(amiss.late_replies, &[]);
            }
            Err(error) => tracing::debug!(%error, "not counted this time"),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => {}
        }
    }
}
