//! `ImportService`: the import of records, one result for each row. The protocol of the
//! stream and the import of records are shared with the other services; here is only which
//! kinds there are, and the import of areas.

mod areas;

use chrono::{DateTime, Utc};
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
use wangge_record_import::{Outcome, import_rows, rows::load_rows};
use wangge_record_store::{RecordContext as _, ResolvedReferences};
use wangge_server::import::{self, Header, ImportResults, Importer, Message};

use self::areas::AreaRow;
use crate::{
    App,
    commands::context::Lookup,
    domain::{
        address::Address, appointment::Appointment, building::Building, estate::Estate,
        figure::PublishedFigure, household::Household, membership::Membership, need_tag::NeedTag,
        person::Person, resident::Resident, resident_role::ResidentRole, seat::Seat, unit::Unit,
    },
};

import_rows! {
    /// A record of any kind but an area.
    Plain from Record {
        Address, Unit, Person, Appointment, PublishedFigure, Estate, Building, Household, Resident,
        NeedTag, ResidentRole, Membership, Seat,
    }
    besides { Area }
}

/// A row of an import.
#[derive(Debug, Clone)]
enum Row {
    /// An area, or the reason why the row is invalid.
    Area(AreaRow),
    /// Another record, or the reason why the row is invalid.
    Plain(Box<Result<Plain, Refusal>>),
}

/// Handler of imports.
#[derive(Debug, Clone)]
pub struct Imports {
    /// The service that holds the records.
    pub app: App,
    /// Ends running streams when the process stops.
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
        let load = Load::new(self.app.clone(), scope);
        let messages = request.into_inner();
        Ok(Response::new(import::run(
            load,
            messages,
            self.stop.clone(),
        )))
    }
}

/// State of one import stream.
struct Load {
    app: App,
    scope: RecordScope,
    validate_only: bool,
    known: ResolvedReferences<Lookup>,
}

impl Load {
    fn new(app: App, scope: RecordScope) -> Self {
        Self {
            known: ResolvedReferences::new(app.resolver(scope.clone())),
            app,
            scope,
            validate_only: false,
        }
    }

    /// Imports rows that are all areas, or all other records.
    async fn load_neighbours(&mut self, rows: &[Row]) -> Result<Vec<Outcome>, Refusal> {
        let area = |row: &Row| match row {
            Row::Area(area) => Some(area.clone()),
            Row::Plain(_) => None,
        };
        let areas: Vec<AreaRow> = rows.iter().filter_map(area).collect();
        if !areas.is_empty() {
            return self.load_areas(areas).await;
        }
        let plain = |row: &Row| match row {
            Row::Plain(plain) => Some((**plain).clone()),
            Row::Area(_) => None,
        };
        let plain: Vec<_> = rows.iter().filter_map(plain).collect();
        load_rows(&self.app, &mut self.known, &plain, self.validate_only).await
    }
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

    async fn load(&mut self, sent: Vec<import::Row<Record>>) -> Result<Vec<RowResult>, Refusal> {
        let now = self.app.clock.now();
        let numbers: Vec<i64> = sent.iter().map(|row| row.number).collect();
        let rows: Vec<Row> = sent.into_iter().map(|row| read(row.record, now)).collect();
        let mut outcomes = Vec::with_capacity(rows.len());
        let alike =
            |one: &Row, other: &Row| std::mem::discriminant(one) == std::mem::discriminant(other);
        let mut loaded = Ok(());
        for neighbours in rows.chunk_by(alike) {
            match self.load_neighbours(neighbours).await {
                Ok(some) => outcomes.extend(some),
                Err(refusal) => {
                    loaded = Err(refusal);
                    break;
                }
            }
        }
        // Also after an error: the rows before it may have been committed.
        if !self.validate_only && rows.iter().any(is_place) {
            self.app.places.changed();
        }
        loaded?;
        let results = numbers.into_iter().zip(outcomes);
        Ok(results
            .map(|(number, outcome)| outcome.into_result(number))
            .collect())
    }

    fn response(results: Vec<RowResult>) -> ImportRecordsResponse {
        ImportRecordsResponse { results }
    }
}

fn read(record: Record, now: DateTime<Utc>) -> Row {
    match record {
        Record::Area(area) => Row::Area(areas::read(area)),
        other => Row::Plain(Box::new(Plain::read(other, now))),
    }
}

/// Returns true if the index of places depends on the row.
fn is_place(row: &Row) -> bool {
    match row {
        Row::Area(_) => true,
        Row::Plain(plain) => matches!(**plain, Ok(Plain::Address(_))),
    }
}
