//! `UnitService`: the tree of organization units.

use tonic::{Request, Response, Status};
use wangge_api::{
    date,
    organization::v1::{self as proto, server::unit_service_server::UnitService},
    refusal::Refusal,
};
use wangge_auth::Caller;
use wangge_record::etag::etag;

use super::{page::Page, wire};
use crate::{
    App,
    commands::{create_unit::create_unit, update_unit::update_unit},
    domain::unit::{Unit, UnitChange, UnitDraft, UnitId, UnitKind},
    store::unit as store,
};

/// Handler of organization units.
#[derive(Debug, Clone)]
pub struct Units(pub App);

#[tonic::async_trait]
impl UnitService for Units {
    async fn create_unit(
        &self,
        request: Request<proto::CreateUnitRequest>,
    ) -> Result<Response<proto::Unit>, Status> {
        let (call, message) = wire::call(request, "CreateUnit", |m| &m.request_id)?;
        let unit = wire::given(message.unit, "unit")?;
        let id = wire::optional_id(&unit.id, "unit.id")?.unwrap_or_else(UnitId::generate);
        let created = create_unit(&self.0, call, draft(unit, id)?).await?;
        Ok(Response::new(to_wire(created)))
    }

    async fn get_unit(
        &self,
        request: Request<proto::GetUnitRequest>,
    ) -> Result<Response<proto::Unit>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let id = wire::id(&request.get_ref().id, "id")?;
        let unit = store::load_unit(&self.0.database.calls, &scope, id)
            .await
            .map_err(Refusal::from)?
            .ok_or_else(|| Refusal::not_found("unit", id))?;
        Ok(Response::new(to_wire(unit)))
    }

    async fn list_units(
        &self,
        request: Request<proto::ListUnitsRequest>,
    ) -> Result<Response<proto::ListUnitsResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let arguments = vec![
            "ListUnits".to_owned(),
            message.within_code.clone(),
            message.kind.to_string(),
        ];
        let page: Page<String> = Page::read(message.page_size, &message.page_token, arguments)?;
        let scope = scope.within(&message.within_code);
        let kind = UnitKind::from_code(message.kind);
        let lanes = &self.0.database.list_lanes;
        let rows = store::list_units(lanes, &scope, kind, &page.after, page.limit())
            .await
            .map_err(Refusal::from)?;
        let (units, next_page_token) = page.close(rows, page.size, |unit| unit.code.clone());
        let units = units.into_iter().map(to_wire).collect();
        Ok(Response::new(proto::ListUnitsResponse {
            units,
            next_page_token,
        }))
    }

    async fn update_unit(
        &self,
        request: Request<proto::UpdateUnitRequest>,
    ) -> Result<Response<proto::Unit>, Status> {
        let (call, message) = wire::call(request, "UpdateUnit", |m| &m.request_id)?;
        let unit = wire::given(message.unit, "unit")?;
        let id = wire::id(&unit.id, "unit.id")?;
        let paths = wire::mask(message.update_mask, &["name", "end_date"])?;
        let etag = unit.etag.clone();
        let changed = update_unit(&self.0, call, id, etag, change(unit, &paths)?).await?;
        Ok(Response::new(to_wire(changed)))
    }
}

/// Converts a request's unit to a draft.
pub(super) fn draft(unit: proto::Unit, id: UnitId) -> Result<UnitDraft, Refusal> {
    Ok(UnitDraft {
        id,
        kind: UnitKind::from_code(unit.kind),
        parent_id: wire::optional_id(&unit.parent_id, "unit.parent_id")?,
        start_date: date::optional(unit.start_date.as_ref(), "unit.start_date")?,
        end_date: date::optional(unit.end_date.as_ref(), "unit.end_date")?,
        code: unit.code,
        name: unit.name,
        area_code: unit.area_code,
    })
}

fn change(unit: proto::Unit, paths: &[String]) -> Result<UnitChange, Refusal> {
    let masked = |path: &str| paths.iter().any(|masked| masked == path);
    let end_date = date::optional(unit.end_date.as_ref(), "unit.end_date")?;
    // `None` leaves a field unchanged; `Some(None)` clears it.
    Ok(UnitChange {
        name: masked("name").then_some(unit.name),
        end_date: masked("end_date").then_some(end_date),
    })
}

fn to_wire(unit: Unit) -> proto::Unit {
    let etag = etag("unit", unit.revision, &unit);
    proto::Unit {
        id: unit.id.to_string(),
        code: unit.code,
        kind: unit.kind.code().into(),
        name: unit.name,
        parent_id: unit.parent_id.map(|id| id.to_string()).unwrap_or_default(),
        area_code: unit.area_code,
        start_date: Some(date::to_wire(unit.start_date)),
        end_date: unit.end_date.map(date::to_wire),
        revision: unit.revision,
        etag,
    }
}
