//! Tests of the volunteers service over real gRPC and a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod check_in_visits;
mod doubles;
mod imports;
mod plain;
mod promises;
mod registrations;
mod release_before;
mod replicas;
mod wishes;

use futures::FutureExt as _;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;
use wangge_api::{
    events::v1::{
        AreaChanged, Event, SubscribeRequest, UnitChanged, event::Payload,
        feed_service_client::FeedServiceClient,
    },
    policy::Role,
    types::v1::Date,
    volunteers::v1::{
        CheckInVisit, CreateCheckInVisitRequest, CreateRegistrationRequest, Registration,
        import_service_client::ImportServiceClient, official_service_client::OfficialServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_outbox::Projector as _;
use wangge_pg::{Database, transact};
use wangge_testkit::{channel, eventually, stream_channel, token};
use wangge_volunteers::{App, MIGRATOR, consumers::organization::Replicas};

/// The community of most tests, a neighbouring one, one of another district, and a grid of
/// the first.
pub(crate) const COMMUNITY: &str = "320402003005";
pub(crate) const NEIGHBOUR: &str = "320402003006";
pub(crate) const FOREIGN: &str = "320403001001";
pub(crate) const GRID: &str = "320402003005001";
/// A unit that the service knows.
pub(crate) const UNIT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);

/// An address where nothing listens.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

pub(crate) type Officials = OfficialServiceClient<ServiceChannel>;
pub(crate) type Imports = ImportServiceClient<ServiceChannel>;

/// A service with its background tasks, on a database of its own, at 10:00 on 28 July 2022 in
/// Shanghai.
pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) url: String,
    _stop: DropGuard,
    _background: JoinSet<()>,
}

impl Bench {
    /// Starts it with areas and a unit, and without an organization service.
    pub(crate) async fn start() -> Self {
        let bench = Self::start_empty(NOWHERE).await;
        for (code, kind) in [(COMMUNITY, 3), (NEIGHBOUR, 3), (FOREIGN, 3), (GRID, 4)] {
            bench.apply(area(Uuid::now_v7(), code, kind, 1)).await;
        }
        bench.apply(unit(UNIT, 1)).await;
        bench
    }

    /// Starts it without areas and units, and with an organization service.
    pub(crate) async fn start_empty(organization: &str) -> Self {
        let database = wangge_testkit::database(&MIGRATOR).await;
        let clock = Clock::set_to("2022-07-28T02:00:00Z".parse().unwrap());
        let stop = CancellationToken::new();
        let organization = stream_channel(organization, &token(&[Role::Service], Some(""), None));
        let app = App::new(database.clone(), clock.clone(), organization);
        let background = app.background(stop.clone());
        let url = wangge_testkit::serve(app.service(stop.clone()), stop.clone()).await;
        Self {
            app,
            database,
            clock,
            url,
            _stop: stop.drop_guard(),
            _background: background,
        }
    }

    /// Applies an event as if it had arrived by organization's feed.
    pub(crate) async fn apply(&self, event: Event) {
        transact(&self.database.background, &[], move |tx| {
            async move { Replicas.apply(tx, &event).await }.boxed()
        })
        .await
        .unwrap();
    }

    /// Returns a client with the staff role in the community.
    pub(crate) fn staff(&self) -> Officials {
        self.officials(Role::Staff, COMMUNITY)
    }

    pub(crate) fn officials(&self, role: Role, area: &str) -> Officials {
        OfficialServiceClient::new(channel(&self.url, &token(&[role], Some(area), None)))
    }

    /// Returns a client with the importer role in the district.
    pub(crate) fn importer(&self) -> Imports {
        let token = token(&[Role::Importer], Some("320402"), None);
        ImportServiceClient::new(stream_channel(&self.url, &token))
    }

    /// Returns the whole feed, once it has `count` events.
    pub(crate) async fn events(&self, count: usize) -> Vec<Event> {
        let events = eventually(|| async {
            let events = self.feed().await;
            (events.len() >= count).then_some(events)
        })
        .await;
        assert_eq!(events.len(), count, "{events:?}");
        events
    }

    async fn feed(&self) -> Vec<Event> {
        let token = token(&[Role::Service], Some(""), None);
        let mut client = FeedServiceClient::new(stream_channel(&self.url, &token));
        let mut messages = client
            .subscribe(SubscribeRequest::default())
            .await
            .unwrap()
            .into_inner();
        let mut events = Vec::new();
        while let Some(message) = messages.message().await.unwrap() {
            events.extend(message.events);
        }
        events
    }

    /// Creates a current registration of a new official.
    pub(crate) async fn registered(&self) -> Registration {
        self.register(registration()).await
    }

    pub(crate) async fn register(&self, registration: Registration) -> Registration {
        let area = registration.area_code.clone();
        let request = create(registration);
        self.officials(Role::Staff, &area)
            .create_registration(request)
            .await
            .unwrap()
            .into_inner()
    }

    /// Creates a visit under a registration in the community, now.
    pub(crate) async fn visited(&self, registration: &Registration) -> CheckInVisit {
        let request = visit(&registration.id);
        self.staff()
            .create_check_in_visit(request)
            .await
            .unwrap()
            .into_inner()
    }
}

pub(crate) fn request_id() -> String {
    Uuid::now_v7().to_string()
}

pub(crate) fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

/// A registration of a new official since 1 March 2022.
pub(crate) fn registration() -> Registration {
    Registration {
        person_id: Uuid::now_v7().to_string(),
        home_unit_id: UNIT.to_string(),
        area_code: COMMUNITY.into(),
        start_date: date(2022, 3, 1),
        ..Registration::default()
    }
}

pub(crate) fn create(registration: Registration) -> CreateRegistrationRequest {
    CreateRegistrationRequest {
        request_id: request_id(),
        registration: Some(registration),
    }
}

pub(crate) fn visit(registration_id: &str) -> CreateCheckInVisitRequest {
    CreateCheckInVisitRequest {
        request_id: request_id(),
        check_in_visit: Some(CheckInVisit {
            registration_id: registration_id.into(),
            handled: "楼道堆物清理".into(),
            ..CheckInVisit::default()
        }),
    }
}

pub(crate) fn area(id: Uuid, code: &str, kind: i32, revision: i64) -> Event {
    let changed = AreaChanged {
        area_id: id.to_string(),
        code: code.into(),
        kind,
        start_date: date(2020, 1, 1),
        ..AreaChanged::default()
    };
    Event {
        revision,
        payload: Some(Payload::AreaChanged(changed)),
        ..Event::default()
    }
}

pub(crate) fn unit(id: Uuid, revision: i64) -> Event {
    let changed = UnitChanged {
        unit_id: id.to_string(),
        kind: 2,
        area_code: FOREIGN.into(),
        ..UnitChanged::default()
    };
    Event {
        revision,
        payload: Some(Payload::UnitChanged(changed)),
        ..Event::default()
    }
}
