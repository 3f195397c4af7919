//! Test server on its own database, and the small area tree that tests use.

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    organization::v1::{
        Area, AreaKind, CreateAreaRequest, CreatePersonRequest, CreateUnitRequest, Person, Unit,
        UnitKind, area_service_client::AreaServiceClient,
        co_governance_service_client::CoGovernanceServiceClient,
        estate_service_client::EstateServiceClient, import_service_client::ImportServiceClient,
        person_service_client::PersonServiceClient, resident_service_client::ResidentServiceClient,
        unit_service_client::UnitServiceClient,
    },
    policy::Role,
    types::v1::Date,
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_organization::{App, MIGRATOR};
use wangge_testkit::{channel, stream_channel, token};

pub(crate) const DISTRICT: &str = "320402";
pub(crate) const STREET: &str = "320402003";
pub(crate) const COMMUNITY: &str = "320402003005";
pub(crate) const GRID: &str = "320402003005001";
pub(crate) const OTHER_GRID: &str = "320402003005002";
pub(crate) const FOREIGN: &str = "320403";

/// A running service, at ten in the morning of 28 July 2022.
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) database: wangge_pg::Database,
    pub(crate) url: String,
    stop: CancellationToken,
    _background: JoinSet<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        let database = wangge_testkit::database(&MIGRATOR).await;
        Self::on(database).await
    }

    /// Starts a replica on a database.
    pub(crate) async fn on(database: wangge_pg::Database) -> Self {
        let now: DateTime<Utc> = "2022-07-28T02:00:00Z".parse().expect("a moment");
        let clock = Clock::set_to(now);
        let app = App::new(database.clone(), clock.clone());
        let stop = CancellationToken::new();
        let url = wangge_testkit::serve(app.service(stop.clone()), stop.clone()).await;
        let background = app.background(stop.clone());
        Self {
            clock,
            database,
            url,
            stop,
            _background: background,
        }
    }

    /// Creates a district, a street, a community, two grids and a foreign district.
    pub(crate) async fn with_tree() -> Self {
        let world = Self::start().await;
        for area in [
            area(DISTRICT, AreaKind::District, ""),
            area(STREET, AreaKind::Street, DISTRICT),
            area(COMMUNITY, AreaKind::Community, STREET),
            area(GRID, AreaKind::Grid, COMMUNITY),
            area(OTHER_GRID, AreaKind::Grid, COMMUNITY),
            area(FOREIGN, AreaKind::District, ""),
        ] {
            world.make_area(area).await.expect("the tree is right");
        }
        world
    }

    fn channel(&self, role: Role, area: &str) -> ServiceChannel {
        channel(&self.url, &token(&[role], Some(area), None))
    }

    pub(crate) fn areas(&self, area: &str) -> AreaServiceClient<ServiceChannel> {
        AreaServiceClient::new(self.channel(Role::Admin, area))
    }

    pub(crate) fn units(&self, area: &str) -> UnitServiceClient<ServiceChannel> {
        UnitServiceClient::new(self.channel(Role::Admin, area))
    }

    pub(crate) fn people(&self, area: &str) -> PersonServiceClient<ServiceChannel> {
        PersonServiceClient::new(self.channel(Role::Admin, area))
    }

    pub(crate) fn estates(&self, area: &str) -> EstateServiceClient<ServiceChannel> {
        EstateServiceClient::new(self.channel(Role::Admin, area))
    }

    pub(crate) fn residents(&self, area: &str) -> ResidentServiceClient<ServiceChannel> {
        ResidentServiceClient::new(self.channel(Role::Admin, area))
    }

    pub(crate) fn co_governance(&self, area: &str) -> CoGovernanceServiceClient<ServiceChannel> {
        CoGovernanceServiceClient::new(self.channel(Role::Admin, area))
    }

    pub(crate) fn imports(&self, area: &str) -> ImportServiceClient<ServiceChannel> {
        let token = token(&[Role::Importer], Some(area), None);
        ImportServiceClient::new(stream_channel(&self.url, &token))
    }

    pub(crate) async fn make_area(&self, area: Area) -> Result<Area, Status> {
        let request = CreateAreaRequest {
            request_id: request_id(),
            area: Some(area),
        };
        self.areas("")
            .create_area(request)
            .await
            .map(tonic::Response::into_inner)
    }

    pub(crate) async fn make_unit(&self, unit: Unit) -> Result<Unit, Status> {
        let request = CreateUnitRequest {
            request_id: request_id(),
            unit: Some(unit),
        };
        self.units("")
            .create_unit(request)
            .await
            .map(tonic::Response::into_inner)
    }

    pub(crate) async fn make_person(&self, area_code: &str) -> Person {
        let person = Person {
            name: "王小明".into(),
            area_code: area_code.into(),
            ..Person::default()
        };
        let request = CreatePersonRequest {
            request_id: request_id(),
            person: Some(person),
        };
        self.people("")
            .create_person(request)
            .await
            .expect("a person")
            .into_inner()
    }

    /// Returns the events in the outbox: record, revision, imported.
    pub(crate) async fn events(&self) -> Vec<(Uuid, i64, bool)> {
        sqlx::query_as("select record_id, revision, imported from outbox order by sequence")
            .fetch_all(&self.database.calls)
            .await
            .expect("the outbox")
    }
}

pub(crate) fn request_id() -> String {
    Uuid::new_v4().to_string()
}

pub(crate) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

pub(crate) fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

pub(crate) fn area(code: &str, kind: AreaKind, parent: &str) -> Area {
    Area {
        code: code.into(),
        kind: kind.into(),
        name: format!("区域{code}"),
        parent_code: parent.into(),
        start_date: date(2020, 1, 1),
        ..Area::default()
    }
}

pub(crate) fn unit(code: &str, kind: UnitKind, parent_id: &str, area_code: &str) -> Unit {
    Unit {
        code: code.into(),
        kind: kind.into(),
        name: format!("组织{code}"),
        parent_id: parent_id.into(),
        area_code: area_code.into(),
        start_date: date(2020, 1, 1),
        ..Unit::default()
    }
}

/// Returns a square of a hundredth of a degree, given its south-west corner.
pub(crate) fn square(west: f64, south: f64) -> String {
    let (east, north) = (west + 0.01, south + 0.01);
    format!(
        r#"{{"type":"Polygon","coordinates":[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]}}"#
    )
}

/// Returns a square with many points: a boundary of about `bytes` bytes.
pub(crate) fn large_boundary(bytes: usize) -> String {
    let mut points = String::with_capacity(bytes + 64);
    while points.len() < bytes {
        let number = f64::from(u32::try_from(points.len()).expect("small"));
        points.push_str(&format!("[{:.9},31.5],", 119.0 + number * 1e-8));
    }
    format!(
        r#"{{"type":"Polygon","coordinates":[[{points}[120.0,31.5],[120.0,32.0],[119.0,32.0],[119.0,31.5]]]}}"#
    )
}

/// Returns the reason and the fields of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> (String, Vec<String>) {
    let status = result.expect_err("a refusal");
    (
        wangge_testkit::reason(&status),
        wangge_testkit::fields(&status),
    )
}

/// Returns the guard that a refusal names.
pub(crate) fn guard<T: std::fmt::Debug>(result: Result<T, Status>) -> Option<String> {
    wangge_testkit::precondition(&result.expect_err("a refusal"))
}

/// Builds the expected refusal.
pub(crate) fn expected(reason: &str, fields: &[&str]) -> (String, Vec<String>) {
    (
        reason.to_owned(),
        fields.iter().map(|field| (*field).to_owned()).collect(),
    )
}
