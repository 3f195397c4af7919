//! `wangge drill`: sends reports for some time, as a hotline would, while the operator
//! stops parts of the system; then checks that every acknowledged report exists, and
//! declines the reports that it created. It doesn't stop anything itself, and doesn't
//! know what was stopped.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::Args;
use futures::{StreamExt as _, stream};
use serde::Serialize;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wangge_api::{
    policy::Role,
    tickets::v1::{
        CreateTicketRequest, DeclineTicketRequest, GetTicketRequest, Ticket, TicketOutcome,
        ticket_service_client::TicketServiceClient,
    },
};
use wangge_client::{ServiceChannel, retry};

use crate::{
    bench::setting::Setting,
    connect::{ConnectArgs, refused},
    output::{self, Output, line},
    services::ServiceName,
};

/// Timeout for checking and declining the reports after the drill.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum number of reports that are checked or declined concurrently.
const MAX_CONCURRENT: usize = 16;

/// Arguments of `wangge drill`.
#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// Duration of the drill, in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Number of concurrent callers, each with one report at a time.
    #[arg(long, default_value_t = 8)]
    callers: usize,
    /// Pause of each caller between reports, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pause_millis: u64,
    /// Also fail if a report was rejected in spite of retries.
    #[arg(long)]
    no_failures: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

/// The result of the drill.
#[derive(Debug, Default, Serialize)]
struct Outcome {
    /// Reports whose call returned a ticket.
    acknowledged: usize,
    /// Reports whose call failed in spite of retries.
    refused: usize,
    /// Number of failed reports by status code and reason.
    refusals: BTreeMap<String, usize>,
    /// Ids of reports that were acknowledged but don't exist.
    lost: Vec<String>,
    /// Reports whose call failed although the ticket was created. This is allowed: the
    /// response can be lost after the commit.
    unanswered_but_there: usize,
    /// Longest interval without an acknowledged report, in milliseconds.
    longest_silence_millis: u128,
    /// Median latency of acknowledged reports in milliseconds, including retries; the
    /// 99th percentile and the maximum follow.
    p50_millis: u128,
    p99_millis: u128,
    max_millis: u128,
    /// Reports that the drill has declined after the check.
    declined: usize,
}

/// Results recorded by the callers, with the ids of the tickets.
#[derive(Debug, Default)]
struct Notes {
    acknowledged: Vec<(Uuid, Instant, Duration)>,
    refused: Vec<(Uuid, String)>,
}

pub(crate) async fn run(args: DrillArgs, output: Output) -> Result<ExitCode> {
    let setting = Arc::new(Setting::find(&args.connect.channels(Role::Leader)?).await?);
    // The leader's role is only for looking up the references.
    let url = args.connect.url(ServiceName::Tickets);
    let channel = wangge_client::connect(&url, args.connect.token(Role::Dispatcher)?)?;
    let begun = Instant::now();
    let end = begun + Duration::from_secs(args.seconds);
    let notes = Arc::new(Mutex::new(Notes::default()));
    let callers = (0..args.callers).map(|caller| {
        let pause = Duration::from_millis(args.pause_millis);
        report_on(
            channel.clone(),
            setting.clone(),
            notes.clone(),
            caller,
            pause,
            end,
        )
    });
    futures::future::join_all(callers).await;
    let notes = Arc::into_inner(notes)
        .and_then(|notes| notes.into_inner().ok())
        .unwrap_or_default();
    let outcome = settle(&channel, begun, end, notes).await?;
    tell(&outcome, output)?;
    // A drill without any acknowledged report has verified nothing.
    let failed = !outcome.lost.is_empty()
        || outcome.acknowledged == 0
        || args.no_failures && outcome.refused > 0;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Runs one caller: sends one report after another until `end`.
async fn report_on(
    channel: ServiceChannel,
    setting: Arc<Setting>,
    notes: Arc<Mutex<Notes>>,
    caller: usize,
    pause: Duration,
    end: Instant,
) {
    let mut number = caller;
    while Instant::now() < end {
        // Chosen by the caller, so that the ticket can be found even if the response is
        // lost.
        let id = Uuid::now_v7();
        let request = CreateTicketRequest {
            request_id: Uuid::new_v4().to_string(),
            ticket: Some(Ticket {
                id: id.to_string(),
                ..setting.report(number)
            }),
        };
        let since = Instant::now();
        // Retries send the same request id, so that they can't create a second ticket.
        let answer = retry(|| {
            let (mut client, request) =
                (TicketServiceClient::new(channel.clone()), request.clone());
            async move { client.create_ticket(request).await }
        })
        .await;
        note_down(&notes, id, since, answer.map(drop));
        number += 1;
        tokio::time::sleep(pause).await;
    }
}

fn note_down(notes: &Mutex<Notes>, id: Uuid, since: Instant, answer: Result<(), Status>) {
    let now = Instant::now();
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    match answer {
        Ok(()) => notes.acknowledged.push((id, now, now - since)),
        Err(status) => notes.refused.push((id, name(&status))),
    }
}

fn name(status: &Status) -> String {
    let reason = status.get_details_error_info().map(|info| info.reason);
    format!("{:?} {}", status.code(), reason.unwrap_or_default())
        .trim_end()
        .to_owned()
}

/// Checks every report, declines those that exist, and computes the result.
async fn settle(
    channel: &ServiceChannel,
    begun: Instant,
    end: Instant,
    mut notes: Notes,
) -> Result<Outcome> {
    let mut outcome = Outcome {
        acknowledged: notes.acknowledged.len(),
        refused: notes.refused.len(),
        ..Outcome::default()
    };
    for (_, why) in &notes.refused {
        *outcome.refusals.entry(why.clone()).or_default() += 1;
    }
    notes.acknowledged.sort_by_key(|(_, when, _)| *when);
    let times = notes.acknowledged.iter().map(|(_, when, _)| *when);
    // From the start and until the end of the drill: a system that never responds, or
    // stops for good, is silent as well.
    let ends = times.clone().chain([end]);
    let silences = [begun].into_iter().chain(times).zip(ends);
    let silences = silences.map(|(from, until)| until.saturating_duration_since(from));
    outcome.longest_silence_millis = silences.max().unwrap_or_default().as_millis();
    let mut took: Vec<Duration> = notes
        .acknowledged
        .iter()
        .map(|(_, _, took)| *took)
        .collect();
    took.sort();
    let share = |percent: usize| {
        let place = (took.len() * percent / 100).min(took.len().saturating_sub(1));
        took.get(place).map_or(0, Duration::as_millis)
    };
    (outcome.p50_millis, outcome.p99_millis, outcome.max_millis) =
        (share(50), share(99), share(100));

    let acknowledged = notes.acknowledged.iter().map(|(id, ..)| (*id, true));
    // Failed reports are checked too: those that exist must be declined as well.
    let refused = notes.refused.iter().map(|(id, _)| (*id, false));
    let all: Vec<(Uuid, bool)> = acknowledged.chain(refused).collect();
    let deadline = Instant::now() + CLEANUP_TIMEOUT;
    let looked = stream::iter(all).map(|(id, acknowledged)| async move {
        let there = is_there(channel, id, deadline).await?;
        if there {
            decline(channel, id, deadline).await?;
        }
        Ok::<_, anyhow::Error>((id, acknowledged, there))
    });
    let mut looked = looked.buffer_unordered(MAX_CONCURRENT);
    while let Some(found) = looked.next().await {
        match found? {
            (id, true, false) => outcome.lost.push(id.to_string()),
            (_, false, true) => outcome.unanswered_but_there += 1,
            _ => {}
        }
        outcome.declined += 1;
    }
    outcome.declined -= outcome.lost.len();
    outcome.declined -= outcome.refused - outcome.unanswered_but_there;
    Ok(outcome)
}

async fn is_there(channel: &ServiceChannel, id: Uuid, deadline: Instant) -> Result<bool> {
    let get = || {
        let mut client = TicketServiceClient::new(channel.clone());
        let request = GetTicketRequest { id: id.to_string() };
        async move { client.get_ticket(request).await }
    };
    match patiently(get, deadline).await {
        Ok(_) => Ok(true),
        Err(status) if status.code() == Code::NotFound => Ok(false),
        Err(status) => Err(refused(status)),
    }
}

async fn decline(channel: &ServiceChannel, id: Uuid, deadline: Instant) -> Result<()> {
    // An empty etag skips the check: others may have changed the ticket since.
    let request = DeclineTicketRequest {
        request_id: Uuid::new_v4().to_string(),
        ticket_id: id.to_string(),
        etag: String::new(),
        reason: "演练".to_owned(),
        outcome: TicketOutcome::Withdrawn.into(),
    };
    let decline = || {
        let (mut client, request) = (TicketServiceClient::new(channel.clone()), request.clone());
        async move { client.decline_ticket(request).await }
    };
    patiently(decline, deadline)
        .await
        .map(drop)
        .map_err(refused)
}

/// Retries until the call succeeds, fails permanently or `deadline` has passed: a stopped
/// service may still be starting.
async fn patiently<T, F, A>(mut call: F, deadline: Instant) -> Result<T, Status>
where
    F: FnMut() -> A,
    A: Future<Output = Result<T, Status>>,
{
    loop {
        match retry(&mut call).await {
            Err(status)
                if wangge_client::retry::may_succeed_later(&status)
                    && Instant::now() < deadline =>
            {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            settled => return settled,
        }
    }
}

fn tell(outcome: &Outcome, output: Output) -> Result<()> {
    if output == Output::Json {
        return output::json(outcome);
    }
    line(format!(
        "{} reports acknowledged, {} refused; {} lost; longest silence {} ms; \
         p50 {} ms, p99 {} ms, max {} ms",
        outcome.acknowledged,
        outcome.refused,
        outcome.lost.len(),
        outcome.longest_silence_millis,
        outcome.p50_millis,
        outcome.p99_millis,
        outcome.max_millis
    ));
    line(format!(
        "{} refused reports were created nevertheless; {} were declined afterwards",
        outcome.unanswered_but_there, outcome.declined
    ));
    for (why, count) in &outcome.refusals {
        line(format!("  refused {count} times: {why}"));
    }
    for id in &outcome.lost {
        line(format!("  LOST: {id}"));
    }
    Ok(())
}
