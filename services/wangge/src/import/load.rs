//! Sends records to the services' import streams and collects the result of each row.

use std::{
    collections::HashSet,
    fmt,
    future::Future,
    io::IsTerminal as _,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use anyhow::{Result, bail};
use futures::Stream;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tonic::{Response, Status, Streaming};
use wangge_api::{
    organization::v1::{self as organization, Area},
    tickets::v1 as tickets,
    types::v1::{ImportHeader, RecordVersion, RowOutcome, RowResult},
    volunteers::v1 as volunteers,
};

use super::{
    claims,
    consequences::Consequences,
    elsewhere,
    records::{Problem, Records, Sourced},
};
use crate::connect::{Channels, refused};

/// The result of an import.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Number of records that were imported.
    pub imported: u64,
    /// Number of records that an earlier run had imported.
    pub unchanged: u64,
    /// Problems of the rows that were refused, without consequential ones.
    pub problems: Vec<Problem>,
    /// The last version that each service wrote, for reads that must include the import.
    pub last_versions: Vec<RecordVersion>,
    refused: Consequences,
    /// Numbers of the rows that the current service refused.
    refused_rows: HashSet<usize>,
}

/// The mode of a stream: import or dry run.
#[derive(Debug)]
enum Mode {
    /// Import the rows.
    Load,
    /// Only validate the rows; with the areas of the platform that they reference.
    Check(Vec<Area>),
}

/// Counters of a running import, reported if it is interrupted.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    imported: AtomicU64,
    unchanged: AtomicU64,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (imported, unchanged) = (self.imported.load(Relaxed), self.unchanged.load(Relaxed));
        write!(
            f,
            "{imported} records imported so far, {unchanged} unchanged"
        )
    }
}

/// Validates all records by a dry run of every service; returns the problems.
pub(crate) async fn check(channels: &Channels, records: &Records) -> Result<Vec<Problem>> {
    let (mut problems, platform) = elsewhere::check(channels, records).await?;
    let told: HashSet<(String, u64)> = problems
        .iter()
        .map(|problem| (problem.file.clone(), problem.line))
        .collect();
    let refused = send(
        channels,
        records,
        Mode::Check(platform),
        &Progress::default(),
    )
    .await?
    .problems;
    // A problem that a service reports for the same row is most likely the same one.
    problems.extend(
        refused
            .into_iter()
            .filter(|problem| !told.contains(&(problem.file.clone(), problem.line))),
    );
    Ok(problems)
}

/// Imports all records, service by service; stops after a service that refused a row.
pub(crate) async fn load(channels: &Channels, records: &Records) -> Result<Loaded> {
    load_counted(channels, records, &Progress::default()).await
}

/// Like [`load`], and updates `progress` during the import.
pub(crate) async fn load_counted(
    channels: &Channels,
    records: &Records,
    progress: &Progress,
) -> Result<Loaded> {
    send(channels, records, Mode::Load, progress).await
}

/// A run of all streams.
struct Run<'r> {
    channels: &'r Channels,
    records: &'r Records,
    header: ImportHeader,
    bar: ProgressBar,
    counted: &'r Progress,
    loaded: Loaded,
}

impl Run<'_> {
    /// Returns true if a row was refused: rows of the other services may reference it. A
    /// dry run continues, so that it reports the problems of all services.
    fn is_over(&self) -> bool {
        !self.loaded.problems.is_empty() && !self.header.validate_only
    }
}

/// Sends the records of a service, after the parts of a data set if there is one. The
/// services' messages have the same fields, but are different types.
macro_rules! send_to {
    ($service:ident, $run:ident $(, $dataset:expr)?) => {{
        use $service::{ImportRecordsRequest, import_service_client::ImportServiceClient};
        let header = ImportRecordsRequest {
            header: Some($run.header.clone()),
            ..Default::default()
        };
        let all = std::iter::once(header);
        $(let parts = $dataset.map(claims::parts).unwrap_or_default();
        let all = all.chain(parts.into_iter().map(|part| ImportRecordsRequest {
            dataset: Some(part),
            ..Default::default()
        }));)?
        let rows = messages(&$run.records.$service, |row_number, record| {
            ImportRecordsRequest {
                row_number,
                record,
                ..Default::default()
            }
        });
        let mut client = ImportServiceClient::new($run.channels.$service.clone());
        $run.loaded
            .take(
                &$run.records.$service,
                client.import_records(stream(all.chain(rows))),
                |response| response.results,
                |record, text| record.encode(text),
                &$run.bar,
                $run.counted,
            )
            .await?;
    }};
}

async fn send(
    channels: &Channels,
    records: &Records,
    mode: Mode,
    counted: &Progress,
) -> Result<Loaded> {
    let validate_only = matches!(mode, Mode::Check(_));
    let mut run = Run {
        channels,
        records,
        header: ImportHeader {
            validate_only,
            area_code: records.area_code.clone(),
        },
        bar: progress(records.len(), validate_only),
        counted,
        loaded: Loaded::default(),
    };
    send_to!(organization, run);
    if run.is_over() {
        return Ok(run.loaded);
    }
    // In an import, the other services receive the new areas and units from organization's
    // feed; in a dry run there are no events, so the data is sent along. Computed here,
    // since the next stream clears `refused_rows`.
    let claimed = match mode {
        Mode::Load => None,
        Mode::Check(platform) => Some(claims::claims(
            &records.organization,
            &run.loaded.refused_rows,
            platform,
        )),
    };
    send_to!(tickets, run, claimed.clone());
    if run.is_over() {
        return Ok(run.loaded);
    }
    send_to!(volunteers, run, claimed.map(claims::without_boundaries));
    run.bar.finish_and_clear();
    Ok(run.loaded)
}

/// Converts records to messages, with row numbers from 0.
fn messages<R: Clone, M>(records: &[Sourced<R>], message: impl Fn(i64, Option<R>) -> M) -> Vec<M> {
    records
        .iter()
        .zip(0..)
        .map(|(sourced, number)| message(number, Some(sourced.record.clone())))
        .collect()
}

/// Converts messages to a stream that owns them, as a streaming call requires.
fn stream<M>(messages: impl Iterator<Item = M>) -> impl Stream<Item = M> {
    futures::stream::iter(messages.collect::<Vec<M>>())
}

impl Loaded {
    /// Reads the results of one stream.
    ///
    /// # Errors
    /// Returns an error if the call fails or if any row has no result.
    async fn take<R, A>(
        &mut self,
        records: &[Sourced<R>],
        call: impl Future<Output = Result<Response<Streaming<A>>, Status>>,
        results: fn(A) -> Vec<RowResult>,
        encode: fn(&R, &mut Vec<u8>),
        bar: &ProgressBar,
        counted: &Progress,
    ) -> Result<()> {
        let mut answers = call.await.map_err(refused)?.into_inner();
        let mut seen = 0;
        let mut last = None;
        self.refused_rows.clear();
        while let Some(answer) = answers.message().await.map_err(refused)? {
            for result in results(answer) {
                seen += 1;
                bar.inc(1);
                let number = usize::try_from(result.row_number).unwrap_or(usize::MAX);
                if result.outcome() == RowOutcome::Refused {
                    self.refused_rows.insert(number);
                }
                if let Some(sourced) = records.get(number) {
                    self.count(sourced, &result, encode);
                }
                // Refused rows have no version.
                last = result.version.or(last);
            }
            // Relaxed: the counters are only displayed, each by itself.
            counted.imported.store(self.imported, Relaxed);
            counted.unchanged.store(self.unchanged, Relaxed);
        }
        // A stream that ends early without an error must not pass as a complete import.
        if seen != records.len() {
            bail!(
                "results were returned for {seen} of {} rows only",
                records.len()
            );
        }
        self.last_versions.extend(last);
        Ok(())
    }

    fn count<R>(&mut self, sourced: &Sourced<R>, result: &RowResult, encode: fn(&R, &mut Vec<u8>)) {
        match result.outcome() {
            RowOutcome::Imported => self.imported += 1,
            RowOutcome::Unchanged => self.unchanged += 1,
            RowOutcome::Valid => {}
            // An outcome that this release doesn't know is read as unspecified and must
            // not count as a success.
            RowOutcome::Refused | RowOutcome::Unspecified => {
                let mut text = Vec::new();
                encode(&sourced.record, &mut text);
                let violations = &result.violations;
                let reasons: Vec<&str> = violations.iter().map(|one| one.reason.as_str()).collect();
                if self.refused.take(&sourced.origin.names, &text, &reasons) {
                    return;
                }
                for violation in violations {
                    let problem = sourced.origin.violation(violation);
                    // Violations of several fields can map to the same column.
                    if !self.problems.contains(&problem) {
                        self.problems.push(problem);
                    }
                }
            }
        }
    }
}

/// Creates a progress bar, hidden if stderr isn't a terminal.
fn progress(rows: usize, validate_only: bool) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(u64::try_from(rows).ok(), target);
    bar.set_message(if validate_only { "checking" } else { "loading" });
    if let Ok(style) = ProgressStyle::with_template("{msg:>9} {bar:40} {pos}/{len}") {
        bar.set_style(style);
    }
    bar
}
