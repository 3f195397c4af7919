//! The reporting service over real gRPC and a real PostgreSQL, with feeds written by the
//! tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod case_table;
mod counters;
mod drill_down;
mod exports;
mod feed;
mod figures;
mod freshness;
mod periods;
mod projections;
mod replicas;
mod scope;
mod wall;
mod wall_counts;

use chrono::{DateTime, NaiveDate, Utc};
use prost_types::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    date::{timestamp, to_wire},
    events::v1::{
        AppointmentChanged, AreaChanged, CheckInVisitChanged, Event, OrderSnapshot,
        PublishedFigureChanged, RecordChanged, TicketChanged, UnitChanged, event::Payload,
    },
    organization::v1::{AreaKind, FigureBound, FigurePeriod, Post, UnitKind},
    policy::Role,
    reporting::v1::{
        CaseLine, CaseTable, FeedPosition, GetCaseTableRequest, ListFeedPositionsRequest,
        report_service_client::ReportServiceClient,
    },
    tickets::v1::{OrderRole, OrderState, TicketState},
    types::v1::Date,
    volunteers::v1::CheckInVisitState,
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_pg::Database;
use wangge_reporting::{App, MIGRATOR, Sources};
use wangge_testkit::{channel, eventually, stream_channel, token};

use crate::feed::WrittenFeed;

pub(crate) const DISTRICT: &str = "320402";
pub(crate) const COMMUNITY: &str = "320402003005";
pub(crate) const NEIGHBOUR: &str = "320402003006";
pub(crate) const GRID: &str = "320402003005001";
pub(crate) const OTHER_GRID: &str = "320402003005002";

pub(crate) type Reports = ReportServiceClient<ServiceChannel>;

/// The service on a database of its own, at ten in the morning of 28 July 2022
/// in Shanghai.
pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) database: Database,
    pub(crate) url: String,
    pub(crate) organization: WrittenFeed,
    pub(crate) tickets: WrittenFeed,
    pub(crate) volunteers: WrittenFeed,
    stop: CancellationToken,
    _stop: DropGuard,
    _background: JoinSet<()>,
}

impl Bench {
    /// With areas.
    pub(crate) async fn start() -> Self {
        let bench = Self::start_empty().await;
        for code in [DISTRICT, COMMUNITY, NEIGHBOUR, GRID, OTHER_GRID] {
            bench.organization.tell(area(code));
        }
        bench.settle().await;
        bench
    }

    pub(crate) async fn start_empty() -> Self {
        let database = wangge_testkit::database(&MIGRATOR).await;
        let clock = Clock::set_to(moment("2022-07-28T02:00:00Z"));
        let stop = CancellationToken::new();
        let (organization, tickets, volunteers) = Default::default();
        let source = async |feed: &WrittenFeed| {
            let url = wangge_testkit::serve(feed.service(&database), stop.clone()).await;
            stream_channel(&url, &token(&[Role::Service], Some(""), None))
        };
        let sources = Sources {
            organization: source(&organization).await,
            tickets: source(&tickets).await,
            volunteers: source(&volunteers).await,
        };
        let app = App::new(database.clone(), clock, sources);
        let background = app.background(stop.clone());
        let url = wangge_testkit::serve(app.service(stop.clone()), stop.clone()).await;
        Self {
            app,
            database,
            url,
            organization,
            tickets,
            volunteers,
            stop: stop.clone(),
            _stop: stop.drop_guard(),
            _background: background,
        }
    }

    /// Cancelled when the bench is dropped.
    pub(crate) fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Waits until all events were applied or moved to the dead-letter table.
    pub(crate) async fn settle(&self) {
        let feeds = [
            ("organization", &self.organization),
            ("tickets", &self.tickets),
            ("volunteers", &self.volunteers),
        ];
        eventually(|| async {
            let positions = self.positions().await;
            let is_settled = |(service, feed): &(&str, &WrittenFeed)| {
                let end = feed.end();
                let position = positions
                    .iter()
                    .find(|position| position.service == *service);
                position.map_or("", |position| &position.token) == end
            };
            feeds.iter().all(is_settled).then_some(())
        })
        .await;
    }

    pub(crate) async fn positions(&self) -> Vec<FeedPosition> {
        let answer = self
            .leader()
            .list_feed_positions(ListFeedPositionsRequest {})
            .await
            .unwrap();
        answer.into_inner().feed_positions
    }

    pub(crate) async fn set_aside(&self, service: &str) -> i64 {
        let positions = self.positions().await;
        positions
            .iter()
            .find(|position| position.service == service)
            .unwrap()
            .set_aside_count
    }

    /// Returns a client whose leader role covers all areas.
    pub(crate) fn leader(&self) -> Reports {
        self.client(Role::Leader, "")
    }

    pub(crate) fn client(&self, role: Role, area: &str) -> Reports {
        ReportServiceClient::new(channel(&self.url, &token(&[role], Some(area), None)))
    }

    pub(crate) async fn table(&self, area: &str, day: Option<&str>) -> CaseTable {
        case_table(&mut self.leader(), area, day).await.unwrap()
    }

    pub(crate) async fn line(&self, area: &str, day: Option<&str>, key: &str) -> CaseLine {
        let table = self.table(area, day).await;
        table
            .lines
            .into_iter()
            .find(|line| line.figure_key == key)
            .unwrap()
    }

    /// Returns a figure of an area on a day.
    pub(crate) async fn figure(&self, area: &str, day: &str, key: &str) -> i64 {
        self.line(area, Some(day), key).await.computed_value
    }
}

pub(crate) async fn case_table(
    client: &mut Reports,
    area: &str,
    day: Option<&str>,
) -> Result<CaseTable, Status> {
    let request = GetCaseTableRequest {
        area_code: area.into(),
        as_of_date: day.and_then(date),
        at_least: Vec::new(),
        period: 0,
    };
    Ok(client.get_case_table(request).await?.into_inner())
}

pub(crate) fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Parses a time in Shanghai in 2022, such as `07-28 23:50`.
pub(crate) fn shanghai(text: &str) -> Option<Timestamp> {
    let (day, time) = text.split_once(' ').unwrap();
    Some(timestamp(moment(&format!("2022-{day}T{time}:00+08:00"))))
}

/// Parses a day; an empty text is `None`.
pub(crate) fn date(text: &str) -> Option<Date> {
    (!text.is_empty()).then(|| to_wire(text.parse::<NaiveDate>().unwrap()))
}

pub(crate) fn event(record_id: Uuid, revision: i64, payload: Payload) -> Event {
    Event {
        event_id: Uuid::now_v7().to_string(),
        record_id: record_id.to_string(),
        revision,
        payload: Some(payload),
        ..Event::default()
    }
}

pub(crate) fn area(code: &str) -> Event {
    let id = Uuid::now_v7();
    let payload = Payload::AreaChanged(AreaChanged {
        area_id: id.to_string(),
        code: code.into(),
        kind: AreaKind::Community.into(),
        name: "富强新村社区".into(),
        start_date: date("2020-01-01"),
        ..AreaChanged::default()
    });
    event(id, 1, payload)
}

/// Returns a revision of a grid, with its end date if it has ended.
pub(crate) fn grid(id: Uuid, revision: i64, code: &str, end: &str) -> Event {
    let payload = Payload::AreaChanged(AreaChanged {
        area_id: id.to_string(),
        code: code.into(),
        kind: AreaKind::Grid.into(),
        name: "第一网格".into(),
        start_date: date("2020-01-01"),
        end_date: date(end),
        ..AreaChanged::default()
    });
    event(id, revision, payload)
}

/// Returns the first revision of a unit, from one day to another.
pub(crate) fn unit(id: Uuid, kind: UnitKind, area: &str, start: &str, end: &str) -> Event {
    let payload = Payload::UnitChanged(UnitChanged {
        unit_id: id.to_string(),
        kind: kind.into(),
        area_code: area.into(),
        start_date: date(start),
        end_date: date(end),
        ..UnitChanged::default()
    });
    event(id, 1, payload)
}

/// Returns an appointment of a person to a post, from one day to another.
pub(crate) fn appointment(person: Uuid, post: Post, area: &str, start: &str, end: &str) -> Event {
    let id = Uuid::now_v7();
    let payload = Payload::AppointmentChanged(AppointmentChanged {
        appointment_id: id.to_string(),
        person_id: person.to_string(),
        post: post.into(),
        area_code: area.into(),
        start_date: date(start),
        end_date: date(end),
        ..AppointmentChanged::default()
    });
    event(id, 1, payload)
}

/// Returns a revision of a plain record, from one day to another.
pub(crate) fn plain(
    id: Uuid,
    revision: i64,
    kind: &str,
    (area, code): (&str, &str),
    subject: Option<Uuid>,
    (start, end): (&str, &str),
) -> Event {
    amount(id, revision, kind, (area, code), 0, subject, (start, end))
}

/// Returns a revision of a plain record with an amount.
pub(crate) fn amount(
    id: Uuid,
    revision: i64,
    kind: &str,
    (area, code): (&str, &str),
    amount: i64,
    subject: Option<Uuid>,
    (start, end): (&str, &str),
) -> Event {
    let payload = Payload::RecordChanged(RecordChanged {
        kind: kind.into(),
        area_code: area.into(),
        subject_id: subject.map(|id| id.to_string()).unwrap_or_default(),
        code: code.into(),
        amount,
        start_date: date(start),
        end_date: date(end),
        create_time: shanghai("01-01 09:00"),
        update_time: shanghai("01-01 09:00"),
        ..RecordChanged::default()
    });
    event(id, revision, payload)
}

pub(crate) fn published(key: &str, value: i64, bound: FigureBound, day: &str) -> Event {
    let id = Uuid::now_v7();
    let payload = Payload::PublishedFigureChanged(PublishedFigureChanged {
        published_figure_id: id.to_string(),
        area_code: COMMUNITY.into(),
        figure_key: key.into(),
        value,
        bound: bound.into(),
        period: FigurePeriod::AsOf.into(),
        as_of_date: date(day),
    });
    event(id, 1, payload)
}

/// Returns a revision of a visit.
pub(crate) fn visit(
    id: Uuid,
    revision: i64,
    area: &str,
    time: &str,
    state: CheckInVisitState,
) -> Event {
    let payload = Payload::CheckInVisitChanged(CheckInVisitChanged {
        check_in_visit_id: id.to_string(),
        registration_id: Uuid::now_v7().to_string(),
        area_code: area.into(),
        visit_time: shanghai(time),
        state: state.into(),
        person_id: Uuid::now_v7().to_string(),
    });
    event(id, revision, payload)
}

/// Returns a visit that has not been voided.
pub(crate) fn visited(area: &str, time: &str) -> Event {
    visit(Uuid::now_v7(), 1, area, time, CheckInVisitState::Recorded)
}

/// Returns an order that was issued and, unless the text is empty, accepted.
pub(crate) fn order(unit: Uuid, accepted: &str, state: OrderState) -> OrderSnapshot {
    OrderSnapshot {
        order_id: Uuid::now_v7().to_string(),
        unit_id: unit.to_string(),
        role: OrderRole::Lead.into(),
        state: state.into(),
        issued_time: shanghai("07-01 09:00"),
        accepted_time: if accepted.is_empty() {
            None
        } else {
            shanghai(accepted)
        },
    }
}

/// Returns a revision of a ticket.
pub(crate) fn ticket(id: Uuid, revision: i64, area: &str, orders: Vec<OrderSnapshot>) -> Event {
    let payload = Payload::TicketChanged(TicketChanged {
        ticket_id: id.to_string(),
        state: TicketState::Handling.into(),
        area_code: area.into(),
        reported_time: shanghai("07-01 08:00"),
        orders,
        ..TicketChanged::default()
    });
    event(id, revision, payload)
}
