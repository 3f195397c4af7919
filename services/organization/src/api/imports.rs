//! `ImportService`: a stream of rows in, a stream of their results out, in the
//! same order. Rows are loaded in batches, and a batch waits only for rows
//! that are on their way.

use std::time::Duration;

use prost::Message as _;
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use wangge_api::{
    errors::v1::Reason,
    organization::v1::{self as proto, server::import_service_server::ImportService},
    refusal::Refusal,
};
use wangge_auth::{Caller, RecordScope};

use self::row::{Label, Read};
use crate::{
    App,
    commands::import_records::{self, BATCH, Row, Run},
};

mod row;

/// How long a batch waits for its next row.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes in a batch, give or take one row.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// How long a reader may take to accept results.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves imports.
#[derive(Debug, Clone)]
pub struct Imports {
    /// What the rows are loaded into.
    pub app: App,
    /// When streams end.
    pub stop: CancellationToken,
}

type Results = Result<proto::ImportRecordsResponse, Status>;

#[tonic::async_trait]
impl ImportService for Imports {
    type ImportRecordsStream = ReceiverStream<Results>;

    async fn import_records(
        &self,
        request: Request<Streaming<proto::ImportRecordsRequest>>,
    ) -> Result<Response<Self::ImportRecordsStream>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let (results, receiver) = mpsc::channel(4);
        let (app, stop) = (self.app.clone(), self.stop.clone());
        let messages = request.into_inner();
        tokio::spawn(async move {
            let mut stream = Stream {
                app,
                messages,
                results,
                batch: Batch::default(),
            };
            let ended = tokio::select! {
                ended = stream.load(scope) => ended,
                () = stop.cancelled() => Err(shutting_down().into()),
            };
            if let Err(status) = ended {
                // A reader who is gone needs no reason.
                let _gone = stream.results.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// Rows that wait to be loaded together.
#[derive(Debug, Default)]
struct Batch {
    rows: Vec<Row>,
    labels: Vec<Label>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, read: Read, bytes: usize) {
        self.rows.push(read.row);
        self.labels.push(read.label);
        self.bytes += bytes;
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES
    }
}

/// One stream.
#[derive(Debug)]
struct Stream {
    app: App,
    messages: Streaming<proto::ImportRecordsRequest>,
    results: mpsc::Sender<Results>,
    batch: Batch,
}

/// What comes next on a stream.
enum Next {
    Message(proto::ImportRecordsRequest),
    Pause,
    End,
}

impl Stream {
    /// Loads all rows. What came before an error is loaded and answered first.
    async fn load(&mut self, scope: RecordScope) -> Result<(), Status> {
        let first = self.messages.message().await?.unwrap_or_default();
        let Some(header) = first.header else {
            return Err(Refusal::field("header", "required", "is required first").into());
        };
        let mut run = Run::new(scope, header.validate_only);
        if let Some(record) = first.record {
            self.batch.add(row::read(first.row_number, record), 0);
        }
        loop {
            let next = match self.next().await {
                Ok(Next::Message(message)) => self.add(message),
                Ok(next) => Ok(next),
                Err(status) => Err(status),
            };
            if self.batch.is_full() || !matches!(next, Ok(Next::Message(_))) {
                run = self.flush(run).await?;
            }
            if matches!(next?, Next::End) {
                return Ok(());
            }
        }
    }

    async fn next(&mut self) -> Result<Next, Status> {
        let message = if self.batch.rows.is_empty() {
            self.messages.message().await?
        } else {
            match timeout(PAUSE, self.messages.message()).await {
                Ok(message) => message?,
                Err(_) => return Ok(Next::Pause),
            }
        };
        Ok(message.map_or(Next::End, Next::Message))
    }

    /// Puts a message's row into the batch.
    fn add(&mut self, mut message: proto::ImportRecordsRequest) -> Result<Next, Status> {
        if message.header.is_some() {
            return Err(Refusal::field("header", "import.first", "belongs first only").into());
        }
        let bytes = message.encoded_len();
        let Some(record) = message.record.take() else {
            return Err(Refusal::field("record", "required", "is required").into());
        };
        self.batch.add(row::read(message.row_number, record), bytes);
        Ok(Next::Message(message))
    }

    /// Loads the batch and answers its results.
    async fn flush(&mut self, run: Run) -> Result<Run, Status> {
        let batch = std::mem::take(&mut self.batch);
        if batch.rows.is_empty() {
            return Ok(run);
        }
        let (run, outcomes) = import_records::import_records(&self.app, run, batch.rows).await?;
        let results = batch
            .labels
            .iter()
            .zip(outcomes)
            .map(|(label, outcome)| row::result(label, outcome))
            .collect();
        let message = proto::ImportRecordsResponse { results };
        match self.results.send_timeout(Ok(message), PATIENCE).await {
            Ok(()) => Ok(run),
            Err(_) => Err(Status::from(gone())),
        }
    }
}

fn shutting_down() -> Refusal {
    Refusal::unavailable(
        Reason::ShuttingDown,
        "the service is shutting down: send the load again",
        Duration::from_secs(1),
    )
}

fn gone() -> Refusal {
    Refusal::unavailable(
        Reason::FeedReaderSlow,
        "results were not read: send the load again",
        Duration::from_secs(1),
    )
}
