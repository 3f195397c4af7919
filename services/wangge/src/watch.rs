//! `wangge watch`: prints the events of a service's feed, each with the token that
//! resumes the feed after it.

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use tonic::Status;
use tonic_types::StatusExt as _;
use wangge_api::{
    date::timestamp,
    events::v1::{Event, SubscribeRequest, event::Payload, feed_service_client::FeedServiceClient},
    policy::Role,
};
use wangge_client::{ServiceChannel, retry};

use crate::{
    connect::{ConnectArgs, refused},
    output::{self, Output, line, note},
    services::ServiceName,
};

/// Delay before an interrupted feed is resumed.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Arguments of `wangge watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Service whose feed is printed.
    service: ServiceName,
    /// Token of the event to start after, as printed at the end of each line; by
    /// default, the feed starts at its first event. A token is rejected for good if its
    /// event was lost because the service's database was replaced by an older one.
    #[arg(long, default_value = "", conflicts_with_all = ["from_now", "since"])]
    after: String,
    /// Start with the events that are written from now on.
    #[arg(long, conflicts_with = "since")]
    from_now: bool,
    /// Time to start at, in RFC 3339, e.g. 2026-03-01T08:00:00+08:00: with the first event
    /// that was recorded then or later. Some of those that follow can have been recorded
    /// slightly earlier.
    #[arg(long, value_name = "TIME")]
    since: Option<DateTime<Utc>>,
    /// Code of the area whose events are printed, beside those without an area; by
    /// default, all events.
    #[arg(long, default_value = "")]
    area: String,
    /// Kind of record whose events are printed, e.g. `ticket`; can be repeated. By default,
    /// events of all kinds.
    #[arg(long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
    /// Wait for new events, and resume after a restart of the service.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

pub(crate) async fn run(args: WatchArgs, output: Output) -> Result<ExitCode> {
    let channels = args.connect.channels(Role::Leader)?;
    let channel = match args.service {
        ServiceName::Organization => channels.organization,
        ServiceName::Tickets => channels.tickets,
        ServiceName::Volunteers => channels.volunteers,
        ServiceName::Reporting => bail!("reporting has no events of its own"),
    };
    let mut feed = FeedServiceClient::new(channel);
    let mut after = args.after;
    let mut retrying = false;
    loop {
        // A feed that was interrupted is resumed after its last message, wherever it
        // began.
        let begins = after.is_empty();
        let request = SubscribeRequest {
            after_token: after.clone(),
            area_code: args.area.clone(),
            follow: args.follow,
            kinds: args.kinds.clone(),
            from_now: begins && args.from_now,
            start_time: args.since.filter(|_| begins).map(timestamp),
        };
        let ended = read(&mut feed, request, &mut after, &mut retrying, output).await?;
        match ended {
            // A followed feed never ends by itself: an end without a status, e.g. at a
            // shutdown of the service, is an interruption, and the feed is resumed.
            None if !args.follow => return Ok(ExitCode::SUCCESS),
            Some(status) if !args.follow || !may_be_resumed(&status) => {
                return Err(refused(status));
            }
            // Noted once per outage, not once per attempt: `read` resets `retrying`
            // with the next message.
            Some(status) if !std::mem::replace(&mut retrying, true) => {
                note(format!("{}; resuming", refused(status)));
            }
            None | Some(_) => {}
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Prints events until the feed ends; returns the status if it was interrupted.
/// `after` is set to the token of the last printed event.
async fn read(
    feed: &mut FeedServiceClient<ServiceChannel>,
    request: SubscribeRequest,
    after: &mut String,
    retrying: &mut bool,
    output: Output,
) -> Result<Option<Status>> {
    let mut messages = match feed.subscribe(request).await {
        Ok(messages) => messages.into_inner(),
        Err(status) => return Ok(Some(status)),
    };
    loop {
        let message = match messages.message().await {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(None),
            Err(status) => return Ok(Some(status)),
        };
        *retrying = false;
        for event in &message.events {
            print(event, output)?;
        }
        // A checkpoint can come without events, which is how `after` advances past
        // events that the filter leaves out.
        if !message.checkpoint_token.is_empty() {
            *after = message.checkpoint_token;
        }
    }
}

/// Returns true if a feed can be resumed after the last event: the service was
/// restarted, the connection was lost, the service cut off a slow reader, or the token
/// of the call expired and the next call is sent with a new one.
fn may_be_resumed(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    retry::may_succeed_later(status)
        || reason.is_some_and(|reason| reason == "TOKEN_EXPIRED" || reason == "FEED_READER_SLOW")
}

fn print(event: &Event, output: Output) -> Result<()> {
    let what = name(event);
    let time = event
        .occurred_time
        .as_ref()
        .and_then(|time| wangge_api::date::moment(time, "").ok())
        .map(|time| time.to_rfc3339())
        .unwrap_or_default();
    match output {
        Output::Text => line(format!(
            "{time} {what} {} r{} {}",
            event.record_id, event.revision, event.token
        )),
        Output::Json => output::json(&json!({
            "token": event.token,
            "event_id": event.event_id,
            "record_id": event.record_id,
            "revision": event.revision,
            "occurred_time": time,
            "imported": event.imported,
            "kind": event.kind,
            "event": what,
        }))?,
    }
    Ok(())
}

/// Returns what happened: `<kind>_changed`, unless the payload is withheld or newer than
/// this release.
fn name(event: &Event) -> String {
    match &event.payload {
        None => "unknown".to_owned(),
        Some(Payload::PayloadWithheld(_)) => "payload_withheld".to_owned(),
        Some(_) => format!("{}_changed", event.kind),
    }
}
