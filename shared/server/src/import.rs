//! The course of an import stream: the header first, then rows, loaded some at
//! a time and answered in the order sent. What a row means is the service's.

use std::{future::Future, pin::Pin, time::Duration};

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use uuid::Uuid;
use wangge_api::{
    refusal::{Refusal, reason_name},
    types::v1::{ImportHeader, RecordVersion, RowOutcome, RowResult, RowViolation},
};

/// Rows loaded together.
const BATCH: usize = 200;
/// Silence after which rows that have come are loaded without waiting for more.
const PAUSE: Duration = Duration::from_millis(50);

/// A stream of results.
pub type ImportResults<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// A message of an import stream, whatever the service.
#[derive(Debug)]
pub struct Message<T> {
    /// What is to be done with the rows; in the first message only.
    pub header: Option<ImportHeader>,
    /// Number of the row, as the sender gave it.
    pub number: i64,
    /// The row.
    pub record: T,
}

/// Runs an import: takes messages apart with `split`, and gives rows, some at
/// a time, to `load`, with whether they are to be checked only.
pub fn run<M, T, R, F>(
    mut messages: Streaming<M>,
    split: fn(M) -> Message<Option<T>>,
    mut load: impl FnMut(Vec<(i64, Option<T>)>, bool) -> F + Send + 'static,
) -> ImportResults<R>
where
    M: Send + 'static,
    T: Send + 'static,
    R: Send + 'static,
    F: Future<Output = Result<R, Refusal>> + Send,
{
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        let ended = async {
            let validate_only = header(&mut messages, split).await?;
            loop {
                let (rows, last) = batch(&mut messages, split).await?;
                if !rows.is_empty() {
                    let results = load(rows, validate_only).await?;
                    if sender.send(Ok(results)).await.is_err() {
                        return Ok(());
                    }
                }
                if last {
                    return Ok::<(), Status>(());
                }
            }
        };
        if let Err(status) = ended.await {
            // Nobody listens any more if this fails.
            let _ = sender.send(Err(status)).await;
        }
    });
    Box::pin(ReceiverStream::new(receiver))
}

async fn header<M, T>(
    messages: &mut Streaming<M>,
    split: fn(M) -> Message<Option<T>>,
) -> Result<bool, Status> {
    let first = messages.message().await?.map(split);
    match first {
        Some(Message {
            header: Some(header),
            record: None,
            ..
        }) => Ok(header.validate_only),
        _ => Err(Refusal::field(
            "header",
            "required",
            "must be all that the first message has",
        ))?,
    }
}

/// The next rows, and whether they are the last.
async fn batch<M, T>(
    messages: &mut Streaming<M>,
    split: fn(M) -> Message<Option<T>>,
) -> Result<(Vec<(i64, Option<T>)>, bool), Status> {
    let mut rows = Vec::new();
    while rows.len() < BATCH {
        let next = if rows.is_empty() {
            messages.message().await?
        } else {
            match tokio::time::timeout(PAUSE, messages.message()).await {
                Ok(next) => next?,
                Err(_) => return Ok((rows, false)),
            }
        };
        let Some(message) = next.map(split) else {
            return Ok((rows, true));
        };
        if message.header.is_some() || message.record.is_none() {
            Err(Refusal::field(
                "record",
                "required",
                "must be in every message but the first",
            ))?;
        }
        rows.push((message.number, message.record));
    }
    Ok((rows, false))
}

/// The row was loaded.
pub fn imported(number: i64, id: Uuid, revision: i64) -> RowResult {
    with_version(number, RowOutcome::Imported, id, revision)
}

/// The row was there already.
pub fn unchanged(number: i64, id: Uuid, revision: i64) -> RowResult {
    with_version(number, RowOutcome::Unchanged, id, revision)
}

/// The row can be loaded.
pub fn valid(number: i64) -> RowResult {
    RowResult {
        row_number: number,
        outcome: RowOutcome::Valid.into(),
        ..RowResult::default()
    }
}

/// The row can't be loaded.
pub fn refused(number: i64, refusal: &Refusal) -> RowResult {
    let reason = reason_name(refusal.reason).to_owned();
    let violation = |field: &str, description: &str| RowViolation {
        field: field.to_owned(),
        reason: reason.clone(),
        description: description.to_owned(),
    };
    let violations = if refusal.fields.is_empty() {
        vec![violation("", &refusal.message)]
    } else {
        let fields = refusal.fields.iter();
        fields
            .map(|broken| violation(&broken.field, &broken.description))
            .collect()
    };
    RowResult {
        row_number: number,
        outcome: RowOutcome::Refused.into(),
        violations,
        version: None,
    }
}

fn with_version(number: i64, outcome: RowOutcome, id: Uuid, revision: i64) -> RowResult {
    RowResult {
        row_number: number,
        outcome: outcome.into(),
        violations: Vec::new(),
        version: Some(RecordVersion {
            record_id: id.to_string(),
            revision,
        }),
    }
}
