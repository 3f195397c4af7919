//! `ImportService`: a stream of rows in, a stream of results out. The protocol of the
//! stream is shared with the other services.

use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use wangge_api::{
    organization::v1::{
        ImportRecordsRequest, ImportRecordsResponse, import_records_request::Record,
        server::import_service_server::ImportService,
    },
    refusal::Refusal,
    types::v1::RowResult,
};
use wangge_auth::{Caller, RecordScope};
use wangge_server::import::{self, Header, ImportResults, Importer, Message};

use crate::{
    App,
    commands::import_records::{Run, import_records},
};

mod row;

/// Handler of import streams.
#[derive(Debug, Clone)]
pub struct Imports {
    /// The service that the rows are loaded into.
    pub app: App,
    /// Ends all streams when it is cancelled.
    pub stop: CancellationToken,
}

#[tonic::async_trait]
impl ImportService for Imports {
    type ImportRecordsStream = ImportResults<ImportRecordsResponse>;

    async fn import_records(
        &self,
        request: Request<Streaming<ImportRecordsRequest>>,
    ) -> Result<Response<Self::ImportRecordsStream>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let load = Load {
            app: self.app.clone(),
            scope,
            validate_only: false,
            run: None,
        };
        Ok(Response::new(import::run(
            load,
            request.into_inner(),
            self.stop.clone(),
        )))
    }
}

/// The import of one stream.
struct Load {
    app: App,
    scope: RecordScope,
    validate_only: bool,
    /// State built up by earlier rows. `None` before the first batch, and after a
    /// database error has ended the stream.
    run: Option<Run>,
}

impl Importer for Load {
    type Request = ImportRecordsRequest;
    type Record = Record;
    type Response = ImportRecordsResponse;

    fn split(message: ImportRecordsRequest) -> Message<Record> {
        Message {
            header: message.header,
            dataset: None,
            number: message.row_number,
            record: message.record,
        }
    }

    async fn begin(&mut self, header: Header) -> Result<(), Refusal> {
        self.validate_only = header.validate_only;
        Ok(())
    }

    async fn load(&mut self, rows: Vec<import::Row<Record>>) -> Result<Vec<RowResult>, Refusal> {
        let now = self.app.clock.now();
        let (labels, rows): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|row| row::read(row, now)).unzip();
        // Taken, not borrowed: if the batch fails, its cached references may have been
        // rolled back and must not be used again.
        let run = self
            .run
            .take()
            .unwrap_or_else(|| Run::new(self.scope.clone(), self.validate_only));
        let (run, outcomes) = import_records(&self.app, run, rows).await?;
        self.run = Some(run);
        let results = labels.iter().zip(outcomes);
        Ok(results
            .map(|(label, outcome)| row::result(label, outcome))
            .collect())
    }

    fn response(results: Vec<RowResult>) -> ImportRecordsResponse {
        ImportRecordsResponse { results }
    }
}
