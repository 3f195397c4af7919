//! `wangge watch`: prints a service's feed of events as they come.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use wangge_api::{
    events::v1::{Event, SubscribeRequest, event::Payload, feed_service_client::FeedServiceClient},
    policy::Role,
};

use crate::{
    connect::{ConnectArgs, refused},
    output::{self, Output, line},
    services::ServiceName,
};

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
    /// Go on with new events as they come.
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
    let request = SubscribeRequest {
        after_token: args.after,
        area_code: args.area,
        follow: args.follow,
    };
    let mut messages = FeedServiceClient::new(channel)
        .subscribe(request)
        .await
        .map_err(refused)?
        .into_inner();
    while let Some(message) = messages.message().await.map_err(refused)? {
        for event in &message.events {
            print(event, output)?;
        }
    }
    Ok(ExitCode::SUCCESS)
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
