//! `ImportService`: rows with a past, checked one by one and loaded some at a
//! time, each answered once it is committed.

use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;
use wangge_api::{
    codec::check,
    refusal::Refusal,
    tickets::v1::{
        ImportRecordsRequest, ImportRecordsResponse, import_records_request::Record,
        server::import_service_server::ImportService,
    },
    types::v1::RowResult,
};
use wangge_auth::{Caller, RecordScope};
use wangge_server::import::{self, ImportResults, Message};

use super::{categories, past::past_ticket};
use crate::{
    App,
    commands::{
        import_records::{Outcome, Row, check_records, import_records},
        import_ticket::PastRow,
    },
};

/// Handlers of `ImportService`.
#[derive(Debug, Clone)]
pub(crate) struct Imports(pub App);

#[tonic::async_trait]
impl ImportService for Imports {
    type ImportRecordsStream = ImportResults<ImportRecordsResponse>;

    async fn import_records(
        &self,
        request: Request<Streaming<ImportRecordsRequest>>,
    ) -> Result<Response<Self::ImportRecordsStream>, Status> {
        let (caller, scope) = Caller::of(&request)?;
        let app = self.0.clone();
        let load = move |rows: Vec<(i64, Option<Record>)>, validate_only| {
            let (app, scope, importer) = (app.clone(), scope.clone(), caller.subject.clone());
            async move { load(&app, &scope, &importer, rows, validate_only).await }
        };
        Ok(Response::new(import::run(
            request.into_inner(),
            split,
            load,
        )))
    }
}

fn split(message: ImportRecordsRequest) -> Message<Option<Record>> {
    Message {
        header: message.header,
        number: message.row_number,
        record: message.record,
    }
}

async fn load(
    app: &App,
    scope: &RecordScope,
    importer: &str,
    rows: Vec<(i64, Option<Record>)>,
    validate_only: bool,
) -> Result<ImportRecordsResponse, Refusal> {
    let (numbers, records): (Vec<i64>, Vec<_>) = rows.into_iter().unzip();
    let rows: Vec<_> = records.into_iter().map(row).collect();
    let outcomes = if validate_only {
        check_records(app, importer, rows)
    } else {
        import_records(app, scope, importer, rows).await?
    };
    let results = numbers
        .into_iter()
        .zip(outcomes)
        .map(|(number, outcome)| result(number, outcome));
    Ok(ImportRecordsResponse {
        results: results.collect(),
    })
}

/// A row of the domain from a record of the contract, checked against both.
fn row(record: Option<Record>) -> Result<Row, Refusal> {
    match record {
        Some(Record::Category(message)) => {
            check(&message)?;
            given_id(&message.id)?;
            Ok(Row::Category(categories::category(&message, "")?))
        }
        Some(Record::Responsibility(message)) => {
            check(&message)?;
            given_id(&message.id)?;
            Ok(Row::Responsibility(categories::responsibility(
                &message, "",
            )?))
        }
        Some(Record::Ticket(message)) => {
            check(&message)?;
            let digest = Sha256::digest(message.encode_to_vec());
            let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Row::Ticket(Box::new(PastRow {
                past: past_ticket(&message)?,
                digest,
            })))
        }
        None => Err(Refusal::field("record", "required", "is required")),
    }
}

fn given_id(id: &str) -> Result<Uuid, Refusal> {
    super::id(id, "id")
}

fn result(number: i64, outcome: Outcome) -> RowResult {
    match outcome {
        Outcome::Imported(id, revision) => import::imported(number, id, revision),
        Outcome::Unchanged(id, revision) => import::unchanged(number, id, revision),
        Outcome::Valid => import::valid(number),
        Outcome::Refused(refusal) => import::refused(number, &refusal),
    }
}
