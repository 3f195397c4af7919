//! The contracts, in and out.

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
    refusal::Refusal,
    reporting::v1::{self as wire, server::report_service_server::ReportService},
};
use wangge_auth::{Caller, RecordScope};

use crate::{
    App,
    figures::{Figure, Period},
    queries::{areas::area_exists, figures::Span},
    store::published::PublishedFigure,
};

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

/// The part of the caller's scope that an area is, if the area is there.
async fn area(app: &App, code: &str, scope: &RecordScope) -> Result<RecordScope, Refusal> {
    if area_exists(&app.database.calls, code, scope).await? {
        Ok(scope.within(code))
    } else {
        Err(Refusal::not_found("area", code))
    }
}

/// The days that a figure covers. Its period is that of the published figure, or
/// its own. The last day is the one asked for, the one that the published figure
/// names, the last one on which the area has published any figure, so that a
/// table is of one day, or today.
fn span(
    app: &App,
    asked: Option<NaiveDate>,
    figure: &Figure,
    published: &[PublishedFigure],
) -> Span {
    use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
    let own = published
        .iter()
        .find(|published| published.figure_key == figure.key);
    let any = published.iter().map(|published| published.as_of_date);
    let as_of = asked
        .or(own.map(|published| published.as_of_date))
        .or(any.max())
        .unwrap_or_else(|| day_of(app.clock.now(), DEFAULT_ZONE));
    let period = own.and_then(|published| Period::from_code(published.period));
    Span::of(period.unwrap_or(figure.period), as_of)
}
