//! `ImportService`: converts the rows and results of an import stream. The protocol of
//! the stream, and the import of records, are shared with the other services; here is only
//! which kinds there are.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use wangge_api::{
    refusal::Refusal,
    types::v1::RowResult,
    volunteers::v1::{
        CheckInVisitRecord, ImportRecordsRequest, ImportRecordsResponse,
        import_records_request::Record as Row, server::import_service_server::ImportService,
    },
};
use wangge_auth::{Caller, RecordScope};
use wangge_record_api::proto_mapping;
use wangge_record_import::{
    import_rows, read_claims,
    rows::{draft_by, load_rows},
};
use wangge_record_store::{RecordContext as _, ResolvedReferences};
use wangge_server::import::{self, Header, ImportResults, Importer, Message};

use crate::{
    App,
    api::officials::past_visit,
    commands::context::Copies,
    domain::{
        agency_case::AgencyCase, beneficiary::Beneficiary, booking::Booking,
        catalogue_item::CatalogueItem, check_in_visit::CheckInVisit, closed_day::ClosedDay,
        delivery::Delivery, functional_area::FunctionalArea, need::Need, need_match::NeedMatch,
        post_holder::PostHolder, project::Project, project_claim::ProjectClaim,
        provider_contract::ProviderContract, recurring_session::RecurringSession,
        registration::Registration, resource::Resource, route_venue::RouteVenue,
        service_event::ServiceEvent, service_post::ServicePost, service_record::ServiceRecord,
        shift::Shift, station::Station, station_duty::StationDuty, station_visit::StationVisit,
        subsidy_entry::SubsidyEntry, team::Team, team_member::TeamMember, training::Training,
        venue_route::VenueRoute, volunteer::Volunteer, wish::Wish,
    },
};

import_rows! {
    /// A record from a row.
    Plain from Row {
        Registration, Volunteer, Team, TeamMember, ServicePost, PostHolder, Station,
        FunctionalArea, CatalogueItem, ProviderContract, SubsidyEntry, ServiceEvent, Shift,
        Training, Need, Resource, NeedMatch, Project, ProjectClaim, Beneficiary, Wish,
        RecurringSession, ClosedDay, Booking, Delivery, ServiceRecord, StationVisit,
        AgencyCase, StationDuty, VenueRoute, RouteVenue,
    }
    and { CheckInVisit by visit }
}

/// The handler of import streams.
pub(crate) struct Imports {
    /// The service that holds the records.
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
        let (_, scope) = Caller::of(&request)?;
        let load = Load {
            known: ResolvedReferences::new(self.app.resolver(scope.clone())),
            app: self.app.clone(),
            scope,
            validate_only: false,
        };
        let messages = request.into_inner();
        Ok(Response::new(import::run(
            load,
            messages,
            self.stop.clone(),
        )))
    }
}

/// The state of one import stream.
struct Load {
    app: App,
    scope: RecordScope,
    validate_only: bool,
    known: ResolvedReferences<Copies>,
}

impl Importer for Load {
    type Request = ImportRecordsRequest;
    type Record = Row;
    type Response = ImportRecordsResponse;

    fn split(message: ImportRecordsRequest) -> Message<Row> {
        Message {
            header: message.header,
            dataset: message.dataset,
            number: message.row_number,
            record: message.record,
        }
    }

    async fn begin(&mut self, header: Header) -> Result<(), Refusal> {
        self.validate_only = header.validate_only;
        if let Some(dataset) = &header.dataset {
            // Claims are read against the caller's scope, so that a data set can't vouch for
            // areas that the importer may not access.
            let claims = read_claims(dataset, &self.scope)?;
            self.known.claim(Arc::new(claims));
        }
        Ok(())
    }

    async fn load(&mut self, sent: Vec<import::Row<Row>>) -> Result<Vec<RowResult>, Refusal> {
        let now = self.app.clock.now();
        let numbers: Vec<i64> = sent.iter().map(|row| row.number).collect();
        let rows = sent.into_iter().map(|row| Plain::read(row.record, now));
        let rows: Vec<_> = rows.collect();
        let outcomes = load_rows(&self.app, &mut self.known, &rows, self.validate_only).await?;
        let results = numbers.into_iter().zip(outcomes);
        Ok(results
            .map(|(number, outcome)| outcome.into_result(number))
            .collect())
    }

    fn response(results: Vec<RowResult>) -> ImportRecordsResponse {
        ImportRecordsResponse { results }
    }
}

/// Reads a visit, whose row states its time, and its voiding.
fn visit(row: CheckInVisitRecord, now: DateTime<Utc>) -> Result<CheckInVisit, Refusal> {
    let id = row.id.clone();
    draft_by(row, &id, now, |row, metadata| {
        proto_mapping::read(metadata, |metadata, checks| {
            past_visit(row, metadata, checks)
        })
    })
}
