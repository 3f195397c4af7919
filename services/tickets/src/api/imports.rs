//! Handlers of `ImportService`: rows are validated one by one and imported in batches.
//! The result of a row is returned once the row is committed.

use chrono::{DateTime, Utc};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;
use wangge_api::{
    codec::check,
    organization::v1::{Area, ImportDataset},
    refusal::Refusal,
    tickets::v1::{
        ImportRecordsRequest, ImportRecordsResponse, import_records_request::Record,
        server::import_service_server::ImportService,
    },
    types::v1::RowResult,
};
use wangge_auth::{Caller, RecordScope};
use wangge_record_import::{read_claims, rows};
use wangge_server::import::{self, Header, ImportResults, Message};

use super::{categories, past::past_ticket};
use crate::{
    App,
    commands::{
        import_records::{Dataset, Import, Plain, Row, import_records},
        import_ticket::{Importer, PastRow},
    },
    domain::{
        assignment::Assignment, chat_group::ChatGroup, deliberation::Deliberation,
        duty_shift::DutyShift, field_note::FieldNote, field_visit::FieldVisit,
        group_message::GroupMessage, livelihood_item::LivelihoodItem,
        livelihood_matter::LivelihoodMatter, meeting::Meeting, patrol::Patrol,
    },
    reference::ClaimedPlace,
};

/// Implements `ImportService`.
#[derive(Debug, Clone)]
pub(crate) struct Imports {
    pub app: App,
    /// Cancelled at shutdown; streams end then.
    pub stop: CancellationToken,
}

#[tonic::async_trait]
impl ImportService for Imports {
    type ImportRecordsStream = ImportResults<ImportRecordsResponse>;

    async fn import_records(
        &self,
        request: Request<Streaming<ImportRecordsRequest>>,
    ) -> Result<Response<Self::ImportRecordsStream>, Status> {
        let (caller, scope) = Caller::of(&request)?;
        let load = Load {
            app: self.app.clone(),
            scope,
            importer: caller.subject,
            import: None,
        };
        Ok(Response::new(import::run(
            load,
            request.into_inner(),
            self.stop.clone(),
        )))
    }
}

/// State of one import stream.
struct Load {
    app: App,
    scope: RecordScope,
    importer: String,
    import: Option<Import>,
}

impl import::Importer for Load {
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
        let importer = Importer {
            scope: self.scope.clone(),
            subject: self.importer.clone(),
            area_code: header.area_code,
        };
        self.import = Some(if header.validate_only {
            let dataset = header.dataset.map(|claimed| dataset(claimed, &self.scope));
            Import::trial(&self.app, importer, dataset.transpose()?).await?
        } else {
            Import::load(&self.app, importer)
        });
        Ok(())
    }

    async fn load(&mut self, rows: Vec<import::Row<Record>>) -> Result<Vec<RowResult>, Refusal> {
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let now = self.app.clock.now();
        // Not `collect::<Result<_, _>>()`: an invalid row is rejected on its own, and the
        // stream continues.
        let rows: Vec<_> = rows.into_iter().map(|sent| row(sent.record, now)).collect();
        let import = self
            .import
            .as_mut()
            .ok_or_else(|| Refusal::internal(&"rows came before the header"))?;
        let outcomes = import_records(&self.app, import, rows).await?;
        let results = numbers.into_iter().zip(outcomes);
        Ok(results
            .map(|(number, outcome)| outcome.into_result(number))
            .collect())
    }

    fn response(results: Vec<RowResult>) -> ImportRecordsResponse {
        ImportRecordsResponse { results }
    }
}

/// Converts a data set without the areas that are outside of `scope`.
fn dataset(claimed: ImportDataset, scope: &RecordScope) -> Result<Dataset, Refusal> {
    let claims = read_claims(&claimed, scope)?;
    // Not filtered by scope: a place is used only if its area is among the claims.
    let place = |area: Area| ClaimedPlace {
        code: area.code,
        name: area.name,
        boundary_geojson: area.boundary_geojson,
    };
    Ok(Dataset {
        claims,
        places: claimed.areas.into_iter().map(place).collect(),
    })
}

/// Converts a record of the contract to a row, and validates it against the contract and
/// the domain.
fn row(record: Record, now: DateTime<Utc>) -> Result<Row, Refusal> {
    match record {
        Record::Category(message) => {
            check(&message)?;
            // Optional in a request, but required here: without an id, importing the row
            // again would create a second record.
            given_id(&message.id)?;
            Ok(Row::Category(categories::category(&message, "")?))
        }
        Record::Responsibility(message) => {
            check(&message)?;
            given_id(&message.id)?;
            Ok(Row::Responsibility(categories::responsibility(
                &message, "",
            )?))
        }
        Record::Ticket(message) => {
            check(&message)?;
            // Of the row as sent: the ticket may change after the import, and the row must
            // still be recognised when it is sent again.
            let digest = Sha256::digest(message.encode_to_vec());
            let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Row::Ticket(Box::new(PastRow {
                past: past_ticket(&message)?,
                digest,
            })))
        }
        Record::ChatGroup(row) => plain(rows::draft::<ChatGroup>(row, now)?),
        Record::GroupMessage(row) => plain(rows::draft::<GroupMessage>(row, now)?),
        Record::DutyShift(row) => plain(rows::draft::<DutyShift>(row, now)?),
        Record::LivelihoodItem(row) => plain(rows::draft::<LivelihoodItem>(row, now)?),
        Record::LivelihoodMatter(row) => plain(rows::draft::<LivelihoodMatter>(row, now)?),
        Record::Meeting(row) => plain(rows::draft::<Meeting>(row, now)?),
        Record::Deliberation(row) => plain(rows::draft::<Deliberation>(row, now)?),
        Record::Assignment(row) => plain(rows::draft::<Assignment>(row, now)?),
        Record::Patrol(row) => plain(rows::draft::<Patrol>(row, now)?),
        Record::FieldVisit(row) => plain(rows::draft::<FieldVisit>(row, now)?),
        Record::FieldNote(row) => plain(rows::draft::<FieldNote>(row, now)?),
    }
}

fn plain(record: impl Into<Plain>) -> Result<Row, Refusal> {
    Ok(Row::Plain(Box::new(record.into())))
}

fn given_id(id: &str) -> Result<Uuid, Refusal> {
    super::id(id, "id")
}
