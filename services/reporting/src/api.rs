//! gRPC layer of the service: reads requests and writes responses.

mod case_table;
mod export;
mod figure_records;
mod freshness;
mod positions;
mod wall;

pub use wall::pages::Shown;
pub(crate) use wall::{Boards, Walls, pages};

use chrono::NaiveDate;
use tonic::{Request, Response, Status};
use wangge_api::{
    organization::v1::FigurePeriod,
    refusal::{Refusal, Rule},
    reporting::v1::{self as wire, server::report_service_server::ReportService},
};
use wangge_auth::{Caller, RecordScope};
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};

use crate::{App, case::Question, period::Period, queries::areas::area_exists};

/// Handler of `ReportService`.
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

    type ExportTableStream = export::Parts;

    async fn export_table(
        &self,
        request: Request<wire::ExportTableRequest>,
    ) -> Result<Response<Self::ExportTableStream>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let parts = export::export(&self.0, request.into_inner(), &scope).await?;
        Ok(Response::new(parts))
    }

    async fn list_feed_positions(
        &self,
        _: Request<wire::ListFeedPositionsRequest>,
    ) -> Result<Response<wire::ListFeedPositionsResponse>, Status> {
        Ok(Response::new(positions::list(&self.0).await?))
    }
}

/// Returns the part of the caller's scope that is within an area. Rejects an area that isn't
/// in scope or doesn't exist.
async fn area(app: &App, code: &str, scope: &RecordScope) -> Result<RecordScope, Refusal> {
    if area_exists(&app.database.calls, code, scope).await? {
        Ok(scope.within(code))
    } else {
        Err(Refusal::not_found("area", code))
    }
}

/// Returns the parameters of the case table, with today's date.
fn question(app: &App, as_of: Option<NaiveDate>, period: Option<Period>) -> Question {
    Question {
        as_of,
        period,
        today: day_of(app.clock.now(), DEFAULT_ZONE),
    }
}

/// Returns the requested period, if there is one.
fn period(asked: FigurePeriod) -> Result<Option<Period>, Refusal> {
    if asked == FigurePeriod::Unspecified {
        return Ok(None);
    }
    let period = Period::from_code(asked.into());
    let unknown = || Refusal::field("period", Rule::EnumDefinedOnly, "is not a period");
    period.ok_or_else(unknown).map(Some)
}
