//! The protocol of an import stream: first the header, then rows, which are loaded in
//! batches and whose results are returned in the order sent. What a row means is up to
//! the service.

use std::{future::Future, pin::Pin, time::Duration};

use futures::Stream;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};
use wangge_api::call;
use wangge_api::{
    codec,
    organization::v1::ImportDataset,
    refusal::{Reason, Refusal, Rule},
    types::v1::{ImportHeader, RowResult},
};

use crate::transport::explain;

/// Maximum number of rows in a batch.
const BATCH: usize = 200;
/// Maximum size of a batch in bytes, exceeded by one row at most.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Idle time after which an incomplete batch is loaded.
const BATCH_DELAY: Duration = Duration::from_millis(50);
/// Timeout for the sender to accept results.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// Idle timeout of a stream: it holds one of few import slots.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
/// Maximum number of areas, and of units, in a data set: twice those of a large district.
const MAX_RECORDS: usize = 20_000;
/// Maximum size of a data set in bytes: it is held in memory for the lifetime of its
/// stream.
const MAX_DATASET: usize = 32 * 1024 * 1024;

/// A stream of results.
pub type ImportResults<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// A message of an import stream, independent of the service.
#[derive(Debug)]
pub struct Message<T> {
    /// The mode and scope of the import; in the first message only.
    pub header: Option<ImportHeader>,
    /// The areas and units of the data set; only in a dry run, in messages between the
    /// header and the first row.
    pub dataset: Option<ImportDataset>,
    /// Number of the row as assigned by the sender.
    pub number: i64,
    /// The row; in every other message.
    pub record: Option<T>,
}

/// A row as it was received.
#[derive(Debug)]
pub struct Row<T> {
    /// Its number as assigned by the sender.
    pub number: i64,
    /// Its content as the service's record type.
    pub record: T,
}

/// The part of a stream that precedes its rows.
#[derive(Debug, Default)]
pub struct Header {
    /// True for a dry run: rows are only validated.
    pub validate_only: bool,
    /// Code of the community that the rows belong to; empty if not named.
    pub area_code: String,
    /// The areas and units of the data set, merged from all its messages; optional, and
    /// only in a dry run.
    pub dataset: Option<ImportDataset>,
}

/// The service's side of one import stream.
pub trait Importer: Send + 'static {
    /// Message that the client sends.
    type Request: prost::Message + Default + 'static;
    /// Content of a row.
    type Record: Send;
    /// Message that carries results.
    type Response: Send + 'static;

    /// Splits a message into its header, data set and row.
    fn split(message: Self::Request) -> Message<Self::Record>;

    /// Receives the head of the stream. It is called once, before the first rows.
    ///
    /// # Errors
    /// Returns a refusal that ends the stream before any row is read.
    fn begin(&mut self, header: Header) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Loads rows, or only validates them, and returns one result per row.
    ///
    /// # Errors
    /// Returns a refusal that ends the stream; none of the rows was loaded.
    fn load(
        &mut self,
        rows: Vec<Row<Self::Record>>,
    ) -> impl Future<Output = Result<Vec<RowResult>, Refusal>> + Send;

    /// Wraps results in a message.
    fn response(results: Vec<RowResult>) -> Self::Response;
}

/// Runs an import until its last message, or until `stop`.
pub fn run<I: Importer>(
    importer: I,
    messages: Streaming<I::Request>,
    stop: CancellationToken,
) -> ImportResults<I::Response> {
    let (results, receiver) = mpsc::channel(4);
    // Carries the context of the call: the task holds the stream's import slot until it
    // ends.
    tokio::spawn(call::carry(async move {
        let mut course = ImportSession {
            importer,
            messages,
            idle_timeout: IDLE_TIMEOUT,
            results,
            header: None,
            rows: Vec::new(),
            bytes: 0,
        };
        let ended = tokio::select! {
            ended = course.run() => ended,
            () = stop.cancelled() => Err(shutting_down().into()),
        };
        if let Err(status) = ended {
            // Sending fails if the client has disconnected; then nobody needs the error.
            let _ = course.results.send_timeout(Err(status), SEND_TIMEOUT).await;
        }
    }));
    Box::pin(ReceiverStream::new(receiver))
}

/// The state of one import stream.
struct ImportSession<I: Importer> {
    importer: I,
    messages: Streaming<I::Request>,
    idle_timeout: Duration,
    results: mpsc::Sender<Result<I::Response, Status>>,
    /// The head, until the first batch takes it.
    header: Option<Header>,
    rows: Vec<Row<I::Record>>,
    bytes: usize,
}

/// The next event of a stream.
enum Next<R> {
    Message(R),
    Pause,
    End,
}

impl<I: Importer> ImportSession<I> {
    /// Loads all rows. Rows received before an error are loaded and reported first.
    async fn run(&mut self) -> Result<(), Status> {
        self.header().await?;
        loop {
            let next = self.next().await;
            let taken = match next {
                Ok(Next::Message(message)) => {
                    let added = self.add(message);
                    if added.is_ok() && self.rows.len() < BATCH && self.bytes < MAX_BATCH_BYTES {
                        continue;
                    }
                    added.map(|()| false)
                }
                Ok(Next::Pause) => Ok(false),
                Ok(Next::End) => Ok(true),
                Err(status) => Err(status),
            };
            // Before `taken?`: rows that precede an error are loaded, and their results are
            // sent ahead of it.
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
                self.header = Some(Header {
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
                Err(misplaced(field, "must not be set together with the header"))
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
            // Dropping `message` on timeout loses nothing: a partly received frame stays
            // in the stream's buffer.
            match tokio::time::timeout(BATCH_DELAY, self.message()).await {
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
            } => Err(misplaced("header", "must be set in the first message only")),
            Message {
                dataset: Some(_), ..
            } => Err(misplaced(
                "dataset",
                "must not be set together with a record",
            )),
            Message { record: None, .. } => Err(misplaced(
                "record",
                "is required in every message after the header and the dataset",
            )),
        }
    }

    /// Merges a part of the data set into the head. Only valid in a dry run, before the
    /// first row.
    fn add_dataset(&mut self, part: ImportDataset) -> Result<(), Status> {
        let header = self.header.as_mut().filter(|_| self.rows.is_empty());
        let Some(header) = header.filter(|header| header.validate_only) else {
            return Err(misplaced(
                "dataset",
                "must come before the first record of a validate_only stream",
            ));
        };
        let dataset = header.dataset.get_or_insert_default();
        dataset.areas.extend(part.areas);
        dataset.units.extend(part.units);
        let most = dataset.areas.len().max(dataset.units.len());
        if most > MAX_RECORDS || dataset.encoded_len() > MAX_DATASET {
            return Err(misplaced(
                "dataset",
                &format!(
                    "is too large: the maximum is {MAX_RECORDS} areas, as many units, and {} MiB",
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
        // Not called on receipt of the header, since parts of the data set may follow it.
        if let Some(header) = self.header.take() {
            self.importer.begin(header).await?;
        }
        let results = self.importer.load(rows).await?;
        let message = Ok(I::response(results));
        let sent = self.results.send_timeout(message, SEND_TIMEOUT).await;
        sent.map_err(|_| Status::from(unread()))
    }
}

fn misplaced(field: &str, text: &str) -> Status {
    Refusal::field(field, Rule::ImportStream, text).into()
}

fn shutting_down() -> Refusal {
    Refusal::unavailable(
        Reason::ShuttingDown,
        "the service is shutting down: send the import again",
        Duration::from_secs(1),
    )
}

fn idle() -> Refusal {
    Refusal::new(
        Reason::DeadlineExceeded,
        "no row was received for two minutes: send the rest of the import again",
    )
}

fn unread() -> Refusal {
    Refusal::unavailable(
        Reason::FeedReaderSlow,
        "the results were not read in time: send the import again",
        Duration::from_secs(1),
    )
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

    /// Reads a `Step` as a message: its action is the row; a step without one is the
    /// header.
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

        async fn begin(&mut self, _: Header) -> Result<(), Refusal> {
            Ok(())
        }

        async fn load(&mut self, rows: Vec<Row<String>>) -> Result<Vec<RowResult>, Refusal> {
            let result = |row: &Row<String>| RowResult {
                row_number: row.number,
                ..RowResult::default()
            };
            Ok(rows.iter().map(result).collect())
        }

        fn response(results: Vec<RowResult>) -> Vec<RowResult> {
            results
        }
    }

    /// Returns a stream of some messages that then stays open and silent.
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
        let mut course = ImportSession {
            importer: Loads,
            messages: then_silence(actions),
            // However slow the machine is, nothing arrives within that time.
            idle_timeout: BATCH_DELAY * 2,
            results,
            header: None,
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
