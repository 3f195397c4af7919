//! The contracts, in and out.

mod case_table;
mod figure_records;
mod freshness;
mod positions;

use chrono::NaiveDate;
use tonic::{Request, Response, Status};
use wangge_api::{
    refusal::Refusal,
    reporting::v1::{self as wire, server::report_service_server::ReportService},
};
use wangge_auth::{Caller, RecordScope};

use crate::{App, queries::areas::area_exists};

/// Handlers of `ReportService`.
#[derive(Debug)]
pub(crate) struct Reports(pub App);

#[tonic::async_trait]
impl ReportService for Reports {
    async fn get_case_table(
        &self,
        request: Request<wire::GetCaseTableRequest>,
    ) -> Result<Response<wire::CaseTable>, Status> {
        let (_, scope) = Caller::of(&request)?;
        Ok(Response::new(
            case_table::get(&self.0, request.get_ref(), &scope).await?,
        ))
    }

    async fn list_figure_records(
        &self,
        request: Request<wire::ListFigureRecordsRequest>,
    ) -> Result<Response<wire::ListFigureRecordsResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        Ok(Response::new(
            figure_records::list(&self.0, request.get_ref(), &scope).await?,
        ))
    }

    async fn list_feed_positions(
        &self,
        _: Request<wire::ListFeedPositionsRequest>,
    ) -> Result<Response<wire::ListFeedPositionsResponse>, Status> {
        Ok(Response::new(positions::list(&self.0).await?))
    }
}

/// The part of the caller's scope that an area is, if the area is there.
async fn area(app: &App, code: &str, scope: &RecordScope) -> Result<RecordScope, Refusal> {
    if area_exists(&app.database.calls, code, scope).await? {
        Ok(scope.within(code))
    } else {
        Err(Refusal::not_found("area", code))
    }
}

/// The day up to which records are counted: the one asked for, the one that a
/// published figure names, or today.
fn as_of(app: &App, asked: Option<NaiveDate>, published: Option<NaiveDate>) -> NaiveDate {
    use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
    asked
        .or(published)
        .unwrap_or_else(|| day_of(app.clock.now(), DEFAULT_ZONE))
}
