//! `AreaService`: areas, their boundaries and the address book.

use tonic::{Request, Response, Status};
use uuid::Uuid;
use wangge_api::{
    date,
    organization::v1::{self as proto, server::area_service_server::AreaService},
    refusal::{Refusal, Rule},
    types::v1::{CoordinateSystem, Point},
};
use wangge_auth::Caller;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_places::coordinates::{System, to_wgs84};
use wangge_record::{Checks, Text, etag::etag};
use wangge_record_api::{field::Field, proto_mapping, service};

use super::page::Page;
use crate::{
    App,
    commands::{create_area::create_area, update_area::update_area},
    domain::{
        address::{Address, AddressText},
        area::{Area, AreaChange, AreaDraft, AreaKind},
    },
    places::{Found, Place},
    store::area as store,
};

/// Handler of areas and the address book.
#[derive(Debug, Clone)]
pub struct Areas(pub App);

impl Field<String> for AddressText {
    fn from_proto(wire: String, field: &str, checks: &mut Checks) -> Option<Self> {
        Text::from_proto(wire, field, checks).map(Self::from)
    }

    fn into_proto(self) -> String {
        self.text.0
    }
}

proto_mapping! {
    Address = proto::Address { text }
    change {}
}

#[tonic::async_trait]
impl AreaService for Areas {
    async fn create_area(
        &self,
        request: Request<proto::CreateAreaRequest>,
    ) -> Result<Response<proto::Area>, Status> {
        let (call, message) = service::call(request, "CreateArea", |m| &m.request_id)?;
        let area = service::given(message.area, "area")?;
        let id = service::optional_id(&area.id, "area.id")?.unwrap_or_else(Uuid::now_v7);
        let created = create_area(&self.0, call, draft(area, id)?).await?;
        Ok(Response::new(to_wire(created)))
    }

    async fn get_area(
        &self,
        request: Request<proto::GetAreaRequest>,
    ) -> Result<Response<proto::Area>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let code = request.into_inner().code;
        let area = store::load_area(&self.0.database.calls, &scope, &code)
            .await
            .map_err(Refusal::from)?
            .ok_or_else(|| Refusal::not_found("area", code))?;
        Ok(Response::new(to_wire(area)))
    }

    async fn list_areas(
        &self,
        request: Request<proto::ListAreasRequest>,
    ) -> Result<Response<proto::ListAreasResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let arguments = vec![
            "ListAreas".to_owned(),
            message.within_code.clone(),
            message.kind.to_string(),
        ];
        let page: Page<String> = Page::read(message.page_size, &message.page_token, arguments)?;
        let scope = scope.within(&message.within_code);
        let kind = AreaKind::from_code(message.kind);
        let database = &self.0.database;
        let rows = store::list_areas(database, &scope, kind, &page.after, page.limit())
            .await
            .map_err(Refusal::from)?;
        // A page is limited by its bytes as well as by its rows, because boundaries can be
        // large; a response must fit a gRPC message.
        let keep = page.size.min(fitting(&rows));
        let (areas, next_page_token) = page.close(rows, keep, |area| area.code.clone());
        let areas = areas.into_iter().map(to_wire).collect();
        Ok(Response::new(proto::ListAreasResponse {
            areas,
            next_page_token,
        }))
    }

    async fn update_area(
        &self,
        request: Request<proto::UpdateAreaRequest>,
    ) -> Result<Response<proto::Area>, Status> {
        let (call, message) = service::call(request, "UpdateArea", |m| &m.request_id)?;
        let area = service::given(message.area, "area")?;
        // The update looks the area up by its code, which the contract allows to be empty.
        if area.code.is_empty() {
            return Err(Refusal::field("area.code", Rule::Required, "is required").into());
        }
        let paths = service::paths(
            message.update_mask,
            &["name", "boundary_geojson", "end_date"],
        )?;
        let (code, etag) = (area.code.clone(), area.etag.clone());
        let changed = update_area(&self.0, call, code, etag, change(area, &paths)?).await?;
        Ok(Response::new(to_wire(changed)))
    }

    async fn locate_area(
        &self,
        request: Request<proto::LocateAreaRequest>,
    ) -> Result<Response<proto::LocateAreaResponse>, Status> {
        let (_, scope) = Caller::of(&request)?;
        let place = place(request.into_inner())?;
        let pool = &self.0.database.calls;
        let today = day_of(self.0.clock.now(), DEFAULT_ZONE);
        // One refusal for "no grid" and "out of scope": the difference would reveal where
        // areas outside the caller's scope are.
        let nowhere = || Refusal::not_found("area", "");
        let within = scope.own_area().unwrap_or_default();
        let places = &self.0.places;
        let found = places
            .locate(&self.0.database, &place, within, today)
            .await?;
        let (lowest, boundary_case_codes) = match found {
            Found::Grid(code) => (code, Vec::new()),
            Found::Between { common, claims } => (common, claims),
            Found::Nothing => return Err(nowhere().into()),
        };
        // The chain is empty unless the area itself is in scope; the areas above it are
        // returned in any case.
        let areas = store::load_chain(pool, &scope, &lowest)
            .await
            .map_err(Refusal::from)?;
        if areas.is_empty() {
            return Err(nowhere().into());
        }
        let areas = areas.into_iter().map(to_wire).collect();
        Ok(Response::new(proto::LocateAreaResponse {
            areas,
            boundary_case_codes,
        }))
    }

    async fn create_address(
        &self,
        request: Request<proto::CreateAddressRequest>,
    ) -> Result<Response<proto::Address>, Status> {
        let (call, message) = service::call(request, "create_address", |m| &m.request_id)?;
        let created = service::create::<_, Address>(&self.0, call, message.address).await?;
        // After the commit, or a rebuild of the index could miss the new row.
        self.0.places.changed();
        Ok(Response::new(created))
    }
}

/// Returns how many of the areas fit a message: up to and including the one whose
/// boundary exceeds the limit.
fn fitting(areas: &[Area]) -> usize {
    let mut bytes = 0;
    areas
        .iter()
        .take_while(|area| {
            let fits = bytes <= store::PAGE_BYTES;
            bytes += area.boundary_geojson.as_ref().map_or(0, String::len);
            fits
        })
        .count()
}

/// Returns `None` for an empty text.
fn optional(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Converts a request's area to a draft.
pub(crate) fn draft(area: proto::Area, id: Uuid) -> Result<AreaDraft, Refusal> {
    Ok(AreaDraft {
        id,
        kind: AreaKind::from_code(area.kind),
        start_date: date::optional(area.start_date.as_ref(), "area.start_date")?,
        end_date: date::optional(area.end_date.as_ref(), "area.end_date")?,
        code: area.code,
        name: area.name,
        parent_code: optional(area.parent_code),
        boundary_geojson: optional(area.boundary_geojson),
    })
}

fn change(area: proto::Area, paths: &[String]) -> Result<AreaChange, Refusal> {
    let masked = |path: &str| paths.iter().any(|masked| masked == path);
    let end_date = date::optional(area.end_date.as_ref(), "area.end_date")?;
    // `None` leaves a field unchanged; `Some(None)` clears it.
    let boundary = optional(area.boundary_geojson);
    Ok(AreaChange {
        name: masked("name").then_some(area.name),
        boundary_geojson: masked("boundary_geojson").then_some(boundary),
        end_date: masked("end_date").then_some(end_date),
    })
}

fn place(message: proto::LocateAreaRequest) -> Result<Place, Refusal> {
    match (message.point, message.address) {
        (Some(point), address) if address.is_empty() => Ok(Place::Point(wgs84(&point)?)),
        (None, address) if !address.is_empty() => Ok(Place::Address(address)),
        _ => Err(Refusal::field(
            "",
            Rule::MessageOneof,
            "exactly one of point and address is required",
        )),
    }
}

fn wgs84(point: &Point) -> Result<(f64, f64), Refusal> {
    let system = match point.coordinate_system() {
        // CGCS2000 and WGS 84 differ by centimetres, far less than a boundary's accuracy.
        CoordinateSystem::Wgs84 | CoordinateSystem::Cgcs2000 => System::Wgs84,
        CoordinateSystem::Gcj02 => System::Gcj02,
        CoordinateSystem::Bd09 => System::Bd09,
        CoordinateSystem::Unspecified => {
            return Err(Refusal::field(
                "point.coordinate_system",
                Rule::EnumNotIn,
                "must be specified: with the wrong one, the point would be in another grid",
            ));
        }
    };
    Ok(to_wgs84((point.longitude, point.latitude), system))
}

/// Converts a stored area to its message.
fn to_wire(area: Area) -> proto::Area {
    let etag = etag("area", area.revision, &area);
    proto::Area {
        id: area.id.to_string(),
        code: area.code,
        kind: area.kind.code().into(),
        name: area.name,
        parent_code: area.parent_code.unwrap_or_default(),
        boundary_geojson: area.boundary_geojson.unwrap_or_default(),
        start_date: Some(date::to_wire(area.start_date)),
        end_date: area.end_date.map(date::to_wire),
        revision: area.revision,
        etag,
        create_time: Some(date::timestamp(area.created_time)),
        update_time: Some(date::timestamp(area.changed_time)),
    }
}
