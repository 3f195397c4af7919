//! The course of an import stream: the header first, then rows, loaded some at
//! a time and answered in the order sent. What a row means is the service's.

use std::{future::Future, pin::Pin, time::Duration};

use futures::Stream;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};
use uuid::Uuid;
use wangge_api::call;
use wangge_api::{
    codec,
    organization::v1::ImportDataset,
    refusal::{Reason, Refusal},
    types::v1::{ImportHeader, RecordVersion, RowOutcome, RowResult, RowViolation},
};

use crate::transport::explain;

/// Rows loaded together.
const BATCH: usize = 200;
/// Bytes loaded together, give or take one row.
const BYTES: usize = 4 * 1024 * 1024;
/// Silence after which rows that have come are loaded without waiting for more.
const PAUSE: Duration = Duration::from_millis(50);
/// How long the sender may take to accept results.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a stream may be silent: it holds one of few places.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// How many areas, and how many units, a data set may hold: twice those of a
/// large district.
const MAX_RECORDS: usize = 20_000;
/// How large a data set may be, in bytes: it is kept for as long as its stream
/// goes on.
const MAX_DATASET: usize = 32 * 1024 * 1024;

/// A stream of results.
pub type ImportResults<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// A message of an import stream, whatever the service.
#[derive(Debug)]
pub struct Message<T> {
    /// What is to be done with the rows; in the first message only.
    pub header: Option<ImportHeader>,
    /// What the data set says of areas and units; in messages between the first
    /// one and the rows of a trial only.
    pub dataset: Option<ImportDataset>,
    /// Number of the row, as the sender gave it.
    pub number: i64,
    /// The row; in every other message.
    pub record: Option<T>,
}

/// A row as it was sent.
#[derive(Debug)]
pub struct Row<T> {
    /// Its number, as the sender gave it.
    pub number: i64,
    /// What it holds.
    pub record: T,
}

/// What stands before the rows of a stream.
#[derive(Debug, Default)]
pub struct Head {
    /// Whether rows are only checked.
    pub validate_only: bool,
    /// Code of the community whose records the rows are; empty if not named.
    pub area_code: String,
    /// What the data set says of areas and units, put together; only in trials,
    /// and there not always.
    pub dataset: Option<ImportDataset>,
}

/// What a service does with the rows of one stream.
pub trait Importer: Send + 'static {
    /// Message of the stream.
    type Request: prost::Message + Default + 'static;
    /// What a row holds.
    type Record: Send;
    /// Message of results.
    type Response: Send + 'static;

    /// Takes a message apart.
    fn split(message: Self::Request) -> Message<Self::Record>;

    /// Takes what stands before the rows, once.
    ///
    /// # Errors
    /// What ends the stream before any row is looked at.
    fn begin(&mut self, head: Head) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Loads rows, or only checks them, and answers a result for each.
    ///
    /// # Errors
    /// What ends the stream; then none of the rows was loaded.
    fn load(
        &mut self,
        rows: Vec<Row<Self::Record>>,
    ) -> impl Future<Output = Result<Vec<RowResult>, Refusal>> + Send;

    /// Puts results into a message.
    fn response(results: Vec<RowResult>) -> Self::Response;
}

/// Runs an import to the end of its messages, or until `stop`.
pub fn run<I: Importer>(
    importer: I,
    messages: Streaming<I::Request>,
    stop: CancellationToken,
) -> ImportResults<I::Response> {
    let (results, receiver) = mpsc::channel(4);
    // It holds the stream's place among the imports for as long as it goes on.
    tokio::spawn(call::carry(async move {
        let mut course = Course {
            importer,
            messages,
            idle_timeout: IDLE_TIMEOUT,
            results,
            head: None,
            rows: Vec::new(),
            bytes: 0,
        };
        let ended = tokio::select! {
            ended = course.run() => ended,
            () = stop.cancelled() => Err(shutting_down().into()),
        };
        if let Err(status) = ended {
            // A sender who is gone needs no reason.
            let _ = course.results.send_timeout(Err(status), SEND_TIMEOUT).await;
        }
    }));
    Box::pin(ReceiverStream::new(receiver))
}

/// One stream, as far as it has come.
struct Course<I: Importer> {
    importer: I,
    messages: Streaming<I::Request>,
    idle_timeout: Duration,
    results: mpsc::Sender<Result<I::Response, Status>>,
    /// What stands before the rows, until the first of them comes.
    head: Option<Head>,
    rows: Vec<Row<I::Record>>,
    bytes: usize,
}

/// What comes next on a stream.
enum Next<R> {
    Message(R),
    Pause,
    End,
}

impl<I: Importer> Course<I> {
    /// Loads all rows. What came before an error is loaded and answered first.
    async fn run(&mut self) -> Result<(), Status> {
        self.header().await?;
        loop {
            let next = self.next().await;
            let taken = match next {
                Ok(Next::Message(message)) => {
                    let added = self.add(message);
                    if added.is_ok() && self.rows.len() < BATCH && self.bytes < BYTES {
                        continue;
                    }
                    added.map(|()| false)
                }
                Ok(Next::Pause) => Ok(false),
                Ok(Next::End) => Ok(true),
                Err(status) => Err(status),
            };
            self.flush().await?;
            if taken? {
                return Ok(());
            }
        }
    }

    async fn header(&mut self) -> Result<(), Status> {
        let first = self.message().await?.map(I::split);
        match first {
            Some(Message {
                header: Some(header),
                dataset: None,
                record: None,
                ..
            }) => {
                codec::check(&header)?;
                self.head = Some(Head {
                    validate_only: header.validate_only,
                    area_code: header.area_code,
                    dataset: None,
                });
                Ok(())
            }
            Some(Message {
                header: Some(_),
                dataset,
                ..
            }) => {
                let field = if dataset.is_some() {
                    "dataset"
                } else {
                    "record"
                };
                Err(misplaced(field, "must not stand beside the header"))
            }
            _ => Err(misplaced("header", "is required in the first message")),
        }
    }

    async fn message(&mut self) -> Result<Option<I::Request>, Status> {
        match tokio::time::timeout(self.idle_timeout, self.messages.message()).await {
            Ok(message) => message.map_err(explain),
            Err(_) => Err(idle().into()),
        }
    }

    async fn next(&mut self) -> Result<Next<I::Request>, Status> {
        let message = if self.rows.is_empty() {
            self.message().await?
        } else {
            match tokio::time::timeout(PAUSE, self.message()).await {
                Ok(message) => message?,
                Err(_) => return Ok(Next::Pause),
            }
        };
        Ok(message.map_or(Next::End, Next::Message))
    }

    fn add(&mut self, message: I::Request) -> Result<(), Status> {
        let bytes = message.encoded_len();
        match I::split(message) {
            Message {
                header: None,
                dataset: None,
                number,
                record: Some(record),
            } => {
                self.bytes += bytes;
                self.rows.push(Row { number, record });
                Ok(())
            }
            Message {
                header: None,
                dataset: Some(dataset),
                record: None,
                ..
            } => self.add_dataset(dataset),
            Message {
                header: Some(_), ..
            } => Err(misplaced(
                "header",
                "belongs in the first message and in no other",
            )),
            Message {
                dataset: Some(_), ..
            } => Err(misplaced("dataset", "must not stand beside a record")),
            Message { record: None, .. } => Err(misplaced(
                "record",
                "is required in every message but the first ones",
            )),
        }
    }

    fn add_dataset(&mut self, part: ImportDataset) -> Result<(), Status> {
        let head = self.head.as_mut().filter(|_| self.rows.is_empty());
        let Some(head) = head.filter(|head| head.validate_only) else {
            return Err(misplaced(
                "dataset",
                "belongs before the first row of a validate_only stream",
            ));
        };
        let dataset = head.dataset.get_or_insert_default();
        dataset.areas.extend(part.areas);
        dataset.units.extend(part.units);
        let most = dataset.areas.len().max(dataset.units.len());
        if most > MAX_RECORDS || dataset.encoded_len() > MAX_DATASET {
            return Err(misplaced(
                "dataset",
                &format!(
                    "is too large: {MAX_RECORDS} areas, as many units, and {} MiB are the most",
                    MAX_DATASET / 1024 / 1024
                ),
            ));
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Status> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        if let Some(head) = self.head.take() {
            self.importer.begin(head).await?;
        }
        let results = self.importer.load(rows).await?;
        let message = Ok(I::response(results));
        let sent = self.results.send_timeout(message, SEND_TIMEOUT).await;
        sent.map_err(|_| Status::from(unread()))
    }
}

fn misplaced(field: &str, text: &str) -> Status {
    Refusal::field(field, "import_stream", text).into()
}

fn shutting_down() -> Refusal {
    Refusal::unavailable(
        Reason::ShuttingDown,
        "the service is shutting down: send the load again",
        Duration::from_secs(1),
    )
}

fn idle() -> Refusal {
    Refusal::new(
        Reason::DeadlineExceeded,
        "no row came for two minutes: send the rest of the load again",
    )
}

fn unread() -> Refusal {
    Refusal::unavailable(
        Reason::FeedReaderSlow,
        "results were not read: send the load again",
        Duration::from_secs(1),
    )
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

/// The row can't be loaded: a violation for each field, or for the guard that
/// does not hold. `prefix` is what stands before the fields of the record in
/// requests with one record, e.g. `area.`.
pub fn refused(number: i64, refusal: &Refusal, prefix: &str) -> RowResult {
    let violation = |field: &str, description: String| RowViolation {
        field: field.strip_prefix(prefix).unwrap_or(field).to_owned(),
        reason: refusal.reason.name().to_owned(),
        description,
    };
    let mut violations: Vec<_> = refusal
        .fields
        .iter()
        .map(|broken| violation(&broken.field, broken.description.clone()))
        .collect();
    if violations.is_empty() {
        let guard = refusal.preconditions.first();
        let why = guard.map(|(guard, _, why)| format!("{guard}: {why}"));
        violations.push(violation(
            "",
            why.unwrap_or_else(|| refusal.message.clone()),
        ));
    }
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

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, stream};
    use http_body::Frame;
    use http_body_util::StreamBody;
    use tonic::codec::{DecodeBuf, Decoder};
    use tonic_types::StatusExt as _;
    use wangge_api::types::v1::Step;

    use tonic::Code;

    use super::*;

    /// A step stands for a message: its action is the row, and without one it is
    /// the header.
    struct Reader;

    impl Decoder for Reader {
        type Item = Step;
        type Error = Status;

        fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<Step>, Status> {
            let step = Step::decode(bytes);
            step.map(Some)
                .map_err(|error| Status::internal(error.to_string()))
        }
    }

    struct Loads;

    impl Importer for Loads {
        type Request = Step;
        type Record = String;
        type Response = Vec<RowResult>;

        fn split(message: Step) -> Message<String> {
            let is_header = message.action.is_empty();
            Message {
                header: is_header.then(ImportHeader::default),
                dataset: None,
                number: 1,
                record: (!is_header).then_some(message.action),
            }
        }

        async fn begin(&mut self, _: Head) -> Result<(), Refusal> {
            Ok(())
        }

        async fn load(&mut self, rows: Vec<Row<String>>) -> Result<Vec<RowResult>, Refusal> {
            let results = rows.iter().map(|row| imported(row.number, Uuid::nil(), 1));
            Ok(results.collect())
        }

        fn response(results: Vec<RowResult>) -> Vec<RowResult> {
            results
        }
    }

    /// Some messages, and then nothing for ever.
    fn then_silence(actions: &[&str]) -> Streaming<Step> {
        let frames: Vec<_> = actions
            .iter()
            .map(|action| {
                let step = Step {
                    action: (*action).to_owned(),
                    ..Step::default()
                };
                let bytes = step.encode_to_vec();
                let length = u32::try_from(bytes.len()).expect("short").to_be_bytes();
                let frame = [&[0], &length[..], &bytes].concat();
                Ok::<_, Status>(Frame::data(std::io::Cursor::new(frame)))
            })
            .collect();
        let body = StreamBody::new(stream::iter(frames).chain(stream::pending()));
        Streaming::new_request(Reader, body, None, None)
    }

    async fn ended(actions: &[&str]) -> (usize, Status) {
        let (results, mut received) = mpsc::channel(4);
        let mut course = Course {
            importer: Loads,
            messages: then_silence(actions),
            // However slow the machine is, nothing comes in that time.
            idle_timeout: PAUSE * 2,
            results,
            head: None,
            rows: Vec::new(),
            bytes: 0,
        };
        let status = course.run().await.expect_err("it gives up");
        drop(course);
        let mut loaded = 0;
        while let Some(results) = received.recv().await {
            loaded += results.expect("results").len();
        }
        (loaded, status)
    }

    #[tokio::test]
    async fn a_stream_that_falls_silent_is_given_up_once_its_rows_are_loaded() {
        for (actions, loaded) in [(&[][..], 0), (&[""], 0), (&["", "one", "two"], 2)] {
            let (rows, status) = ended(actions).await;
            assert_eq!(rows, loaded);
            assert_eq!(status.code(), Code::DeadlineExceeded);
            let info = status.get_details_error_info().expect("a reason");
            assert_eq!(info.reason, "DEADLINE_EXCEEDED");
        }
    }
}
