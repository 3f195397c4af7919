//! `ImportService`: rows with a history, validated one by one and imported in batches. The
//! result of a row is sent once it is committed.

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
use wangge_records::{Claims, load};
use wangge_server::import::{self, Head, ImportResults, Message};

use super::{categories, past::past_ticket};
use crate::{
    App,
    commands::{
        import_records::{Dataset, Import, Outcome, Plain, Row, import_records},
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

/// Implements `ImportService` on the import commands.
#[derive(Debug, Clone)]
pub(crate) struct Imports {
    pub app: App,
    /// Cancelled at shutdown; ends the streams.
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

/// The import of one stream.
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

    async fn begin(&mut self, head: Head) -> Result<(), Refusal> {
        let importer = Importer {
            scope: self.scope.clone(),
            subject: self.importer.clone(),
            area_code: head.area_code,
        };
        self.import = Some(if head.validate_only {
            let dataset = head.dataset.map(|claimed| dataset(claimed, &self.scope));
            Import::trial(&self.app, importer, dataset.transpose()?).await?
        } else {
            Import::load(&self.app, importer)
        });
        Ok(())
    }

    async fn load(&mut self, rows: Vec<import::Row<Record>>) -> Result<Vec<RowResult>, Refusal> {
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let now = self.app.clock.now();
        let rows: Vec<_> = rows.into_iter().map(|sent| row(sent.record, now)).collect();
        let import = self
            .import
            .as_mut()
            .ok_or_else(|| Refusal::internal(&"rows came before the header"))?;
        let outcomes = import_records(&self.app, import, rows).await?;
        let results = numbers.into_iter().zip(outcomes);
        Ok(results
            .map(|(number, outcome)| result(number, outcome))
            .collect())
    }

    fn response(results: Vec<RowResult>) -> ImportRecordsResponse {
        ImportRecordsResponse { results }
    }
}

/// Parses the claims of a data set, limited to a scope.
fn dataset(claimed: ImportDataset, scope: &RecordScope) -> Result<Dataset, Refusal> {
    let claims = Claims::read(&claimed, scope)?;
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

/// Converts a record of the contract to a row, validated against the contract and the
/// domain.
fn row(record: Record, now: DateTime<Utc>) -> Result<Row, Refusal> {
    match record {
        Record::Category(message) => {
            check(&message)?;
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
            // Rows of a stream are not validated by the codec: one bad row must not end the stream.
            check(&message)?;
            // Stored with the ticket. A repeated import compares digests and skips the same row.
            let digest = Sha256::digest(message.encode_to_vec());
            let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Row::Ticket(Box::new(PastRow {
                past: past_ticket(&message)?,
                digest,
            })))
        }
        Record::ChatGroup(row) => plain(load::draft::<ChatGroup>(row, now)?),
        Record::GroupMessage(row) => plain(load::draft::<GroupMessage>(row, now)?),
        Record::DutyShift(row) => plain(load::draft::<DutyShift>(row, now)?),
        Record::LivelihoodItem(row) => plain(load::draft::<LivelihoodItem>(row, now)?),
        Record::LivelihoodMatter(row) => plain(load::draft::<LivelihoodMatter>(row, now)?),
        Record::Meeting(row) => plain(load::draft::<Meeting>(row, now)?),
        Record::Deliberation(row) => plain(load::draft::<Deliberation>(row, now)?),
        Record::Assignment(row) => plain(load::draft::<Assignment>(row, now)?),
        Record::Patrol(row) => plain(load::draft::<Patrol>(row, now)?),
        Record::FieldVisit(row) => plain(load::draft::<FieldVisit>(row, now)?),
        Record::FieldNote(row) => plain(load::draft::<FieldNote>(row, now)?),
    }
}

fn plain(record: impl Into<Plain>) -> Result<Row, Refusal> {
    Ok(Row::Plain(Box::new(record.into())))
}

fn given_id(id: &str) -> Result<Uuid, Refusal> {
    super::id(id, "id")
}

fn result(number: i64, outcome: Outcome) -> RowResult {
    match outcome {
        Outcome::Imported(id, revision) => import::imported(number, id, revision),
        Outcome::Unchanged(id, revision) => import::unchanged(number, id, revision),
        Outcome::Valid => import::valid(number),
        Outcome::Refused(refusal) => import::refused(number, &refusal, ""),
    }
}
