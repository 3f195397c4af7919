//! `wangge watch`: prints a service's feed of events as they come, each with the
//! token behind which to go on.

use std::{process::ExitCode, time::Duration};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use tonic::Status;
use tonic_types::StatusExt as _;
use wangge_api::{
    events::v1::{Event, SubscribeRequest, event::Payload, feed_service_client::FeedServiceClient},
    policy::Role,
};
use wangge_client::{ServiceChannel, retry};

use crate::{
    connect::{ConnectArgs, refused},
    output::{self, Output, line, note},
    services::ServiceName,
};

/// Pause before a feed that was cut off is resumed.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Arguments of `wangge watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Service whose feed is read.
    service: ServiceName,
    /// Token of the event behind which to begin; the first event if not given. The
    /// token stands at the end of each line. One of a history that was lost when the
    /// service's database was replaced by an older one is refused for good.
    #[arg(long, default_value = "")]
    after: String,
    /// Only events within this area.
    #[arg(long, default_value = "")]
    area: String,
    /// Go on with new events as they come, also after the service was restarted.
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
        ServiceName::Reporting => bail!("reporting makes no events of its own"),
    };
    let mut feed = FeedServiceClient::new(channel);
    let mut after = args.after;
    let mut retrying = false;
    loop {
        let request = SubscribeRequest {
            after_token: after.clone(),
            area_code: args.area.clone(),
            follow: args.follow,
        };
        let ended = read(&mut feed, request, &mut after, &mut retrying, output).await?;
        match ended {
            // A feed that is followed has no end of its own.
            None if !args.follow => return Ok(ExitCode::SUCCESS),
            Some(status) if !args.follow || !may_be_resumed(&status) => {
                return Err(refused(status));
            }
            Some(status) if !std::mem::replace(&mut retrying, true) => {
                note(format!("{}; it is resumed", refused(status)));
            }
            None | Some(_) => {}
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
}

/// Prints events until the feed ends; returns why, if it was cut off. `after` is
/// the token of what was printed last.
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
        if !message.checkpoint_token.is_empty() {
            *after = message.checkpoint_token;
        }
    }
}

/// Whether a feed can go on behind the last event: the service was restarted, the
/// connection lost, or the token of the call had its time and there is a new one.
fn may_be_resumed(status: &Status) -> bool {
    let reason = status.get_details_error_info().map(|info| info.reason);
    retry::may_succeed_later(status)
        || reason.is_some_and(|reason| reason == "TOKEN_EXPIRED" || reason == "FEED_READER_SLOW")
}

fn print(event: &Event, output: Output) -> Result<()> {
    let what = event
        .payload
        .as_ref()
        .map_or_else(|| "unknown".to_owned(), name);
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
            "event": what,
        }))?,
    }
    Ok(())
}

fn name(payload: &Payload) -> String {
    let name = match payload {
        Payload::RecordChanged(record) => return format!("{}_changed", record.kind),
        Payload::PayloadWithheld(_) => "payload_withheld",
        Payload::AreaChanged(_) => "area_changed",
        Payload::UnitChanged(_) => "unit_changed",
        Payload::AppointmentChanged(_) => "appointment_changed",
        Payload::PublishedFigureChanged(_) => "published_figure_changed",
        Payload::AddressChanged(_) => "address_changed",
        Payload::TicketChanged(_) => "ticket_changed",
        Payload::CategoryChanged(_) => "category_changed",
        Payload::ResponsibilityChanged(_) => "responsibility_changed",
        Payload::RegistrationChanged(_) => "registration_changed",
        Payload::CheckInVisitChanged(_) => "check_in_visit_changed",
    };
    name.to_owned()
}
