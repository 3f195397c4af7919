//! `ImportService`: rows are validated one by one and imported in batches. The result of a
//! row is returned once the row is committed. The protocol of the stream, and the import of
//! most records, are shared with the other services.

mod past;
mod records;
mod reference_rows;
mod tickets;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
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
use wangge_record_api::service::id;
use wangge_record_import::{import_rows, read_claims, rows::digest};
use wangge_server::import::{self, Header, ImportResults, Message};

use self::{
    past::past_ticket,
    records::{Dataset, Import, import_records},
    tickets::{Importer, PastRow},
};
use crate::{
    App,
    api::categories,
    domain::{
        assignment::Assignment,
        category::{Category, Responsibility},
        chat_group::ChatGroup,
        deliberation::Deliberation,
        duty_shift::DutyShift,
        field_note::FieldNote,
        field_visit::FieldVisit,
        group_message::GroupMessage,
        livelihood_item::LivelihoodItem,
        livelihood_matter::LivelihoodMatter,
        meeting::Meeting,
        patrol::Patrol,
    },
    reference::ClaimedPlace,
};

/// A row of an import.
#[derive(Debug, Clone)]
enum Row {
    /// A category to import.
    Category(Category),
    /// A duty list entry to import.
    Responsibility(Responsibility),
    /// A ticket to import, with its history.
    Ticket(Box<PastRow>),
    /// A plain record to import, of any kind.
    Plain(Plain),
}

import_rows! {
    /// A record of any kind but the reference data and the ticket.
    Plain from Record {
        ChatGroup, GroupMessage, DutyShift, LivelihoodItem, LivelihoodMatter, Meeting, Deliberation,
        Assignment, Patrol, FieldVisit, FieldNote,
    }
    besides { Category, Responsibility, Ticket }
}

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
            id(&message.id, "id")?;
            Ok(Row::Category(categories::category(&message, "", now)?))
        }
        Record::Responsibility(message) => {
            check(&message)?;
            id(&message.id, "id")?;
            let entry = categories::responsibility(&message, "", now)?;
            Ok(Row::Responsibility(entry))
        }
        Record::Ticket(message) => {
            check(&message)?;
            Ok(Row::Ticket(Box::new(PastRow {
                past: past_ticket(&message)?,
                // Of the row as sent: the ticket may change after the import, and the row
                // must still be recognised when it is sent again.
                digest: digest(&message),
            })))
        }
        other => Plain::read(other, now).map(Row::Plain),
    }
}
