//! `ImportService`: converts the rows and results of an import stream. The protocol of
//! the stream (header, batches, flushes) is implemented in `wangge_server::import`.

use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use wangge_api::{
    refusal::Refusal,
    types::v1::RowResult,
    volunteers::v1::{
        ImportRecordsRequest, ImportRecordsResponse, import_records_request::Record,
        server::import_service_server::ImportService,
    },
};
use wangge_auth::{Caller, RecordScope};
use wangge_record_import::read_claims;
use wangge_server::import::{self, Header, ImportResults, Importer, Message};

use crate::{App, commands::import_records::Import};

mod rows;

/// The handler of import streams.
pub(super) struct Imports {
    app: App,
    stop: CancellationToken,
}

impl Imports {
    pub(super) fn new(app: App, stop: CancellationToken) -> Self {
        Self { app, stop }
    }
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
            import: None,
        };
        Ok(Response::new(import::run(
            load,
            request.into_inner(),
            self.stop.clone(),
        )))
    }
}

/// The state of one import stream.
struct Load {
    app: App,
    scope: RecordScope,
    import: Option<Import>,
}

impl Importer for Load {
    type Request = ImportRecordsRequest;
    type Record = Record;
    type Response = ImportRecordsResponse;

    fn split(message: ImportRecordsRequest) -> Message<Record> {
        Message {
            header: message.header,
            dataset: message.dataset,
            number: message.row_number,
            record: message.record,
        }
    }

    async fn begin(&mut self, header: Header) -> Result<(), Refusal> {
        // Claims are read against the caller's scope, so that a data set can't vouch for
        // areas that the importer may not access.
        let claims = header.dataset.as_ref();
        let claims = claims.map(|dataset| read_claims(dataset, &self.scope));
        let (app, scope) = (&self.app, self.scope.clone());
        let import = Import::new(app, scope, header.validate_only, claims.transpose()?);
        self.import = Some(import);
        Ok(())
    }

    async fn load(&mut self, rows: Vec<import::Row<Record>>) -> Result<Vec<RowResult>, Refusal> {
        let now = self.app.clock.now();
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let rows = rows.into_iter().map(|row| rows::record(row.record, now));
        let import = self
            .import
            .as_mut()
            // The shared protocol calls `begin` first: this is a bug, not the sender's error.
            .ok_or_else(|| Refusal::internal(&"rows came before the header"))?;
        let outcomes = import.load(&self.app, rows.collect()).await?;
        let results = numbers.into_iter().zip(outcomes);
        Ok(results
            .map(|(number, outcome)| rows::result(number, outcome))
            .collect())
    }

    fn response(results: Vec<RowResult>) -> ImportRecordsResponse {
        ImportRecordsResponse { results }
    }
}
