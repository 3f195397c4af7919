//! The import stream: collects rows into batches and answers each batch once
//! it is committed.

use std::{pin::Pin, time::Duration};

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use wangge_api::{
    errors::v1::Reason,
    refusal::Refusal,
    volunteers::v1::{
        ImportRecordsRequest, ImportRecordsResponse, server::import_service_server::ImportService,
    },
};
use wangge_auth::Caller;

use crate::{
    App,
    commands::import_records::{Import, import_records},
    domain::import::Row,
};

mod rows;

/// Rows that are committed together at most.
const BATCH: usize = 200;
/// How long the sender may pause before what was sent is committed.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves import streams.
pub(super) struct Imports {
    app: App,
    stop: CancellationToken,
}

impl Imports {
    pub(super) fn new(app: App, stop: CancellationToken) -> Self {
        Self { app, stop }
    }
}

type Responses = Pin<Box<dyn Stream<Item = Result<ImportRecordsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl ImportService for Imports {
    type ImportRecordsStream = Responses;

    async fn import_records(
        &self,
        request: Request<Streaming<ImportRecordsRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let mut sender = Sender {
            messages: request.into_inner(),
            stop: self.stop.clone(),
            end: None,
        };
        let app = self.app.clone();
        let begun = async move {
            let Some(validate_only) = sender.header().await? else {
                return Ok::<Responses, Status>(stream::empty().boxed());
            };
            let import = Import::new(scope, validate_only);
            Ok(stream::try_unfold((app, import, sender), answer_batch).boxed())
        };
        Ok(Response::new(Box::pin(stream::once(begun).try_flatten())))
    }
}

type Progress = (App, Import, Sender);

/// Commits the next batch and answers it; none at the end.
async fn answer_batch(
    (app, mut import, mut sender): Progress,
) -> Result<Option<(ImportRecordsResponse, Progress)>, Status> {
    let rows = sender.rows(&app).await;
    if rows.is_empty() {
        return match sender.end {
            Some(Err(status)) => Err(status),
            _ => Ok(None),
        };
    }
    let outcomes = import_records(&app, &mut import, rows).await?;
    let results = outcomes
        .into_iter()
        .map(|(number, outcome)| rows::result(number, outcome));
    Ok(Some((
        ImportRecordsResponse {
            results: results.collect(),
        },
        (app, import, sender),
    )))
}

/// The sender's side of a stream.
struct Sender {
    messages: Streaming<ImportRecordsRequest>,
    stop: CancellationToken,
    /// Set once no more rows are taken: what the stream ends with.
    end: Option<Result<(), Status>>,
}

impl Sender {
    /// What the header asks for; none if nothing was sent at all.
    async fn header(&mut self) -> Result<Option<bool>, Status> {
        let Some(first) = self.next().await? else {
            return Ok(None);
        };
        match (first.header, first.record) {
            (Some(header), None) => Ok(Some(header.validate_only)),
            (Some(_), Some(_)) => Err(misplaced("record", "must not stand beside the header")),
            (None, _) => Err(misplaced("header", "is required in the first message")),
        }
    }

    /// The next rows: waits for one, then takes what comes without a pause.
    /// None are left once `end` is set.
    async fn rows(&mut self, app: &App) -> Vec<Row> {
        let mut rows = Vec::new();
        while self.end.is_none() && rows.len() < BATCH {
            let next = if rows.is_empty() {
                self.next_row(app).await
            } else {
                match tokio::time::timeout(PAUSE, self.next_row(app)).await {
                    Ok(next) => next,
                    Err(_paused) => break,
                }
            };
            match next {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => self.end = Some(Ok(())),
                Err(status) => self.end = Some(Err(status)),
            }
        }
        rows
    }

    async fn next_row(&mut self, app: &App) -> Result<Option<Row>, Status> {
        let Some(message) = self.next().await? else {
            return Ok(None);
        };
        if message.header.is_some() {
            return Err(misplaced(
                "header",
                "belongs in the first message and in no other",
            ));
        }
        let Some(record) = message.record else {
            return Err(misplaced(
                "record",
                "is required in every message but the first",
            ));
        };
        let content = rows::record(record, app.clock.now());
        Ok(Some(Row {
            number: message.row_number,
            content,
        }))
    }

    async fn next(&mut self) -> Result<Option<ImportRecordsRequest>, Status> {
        tokio::select! {
            message = self.messages.message() => message,
            () = self.stop.cancelled() => Err(shutting_down().into()),
        }
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
