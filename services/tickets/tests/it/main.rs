//! Tests the tickets service over real gRPC and a real PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cloned_ref_to_slice_refs
)]

mod changes;
mod clocks;
mod duplicates;
mod feed;
mod guards;
mod imports;
mod journey;
mod lists;
mod plans;
mod references;
mod repetitions;
mod reports;
mod rosters;
mod scope;
mod statements;
mod states;
mod writers;

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Status;
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, SubscribeRequest, feed_service_client::FeedServiceClient},
    policy::Role,
    tickets::v1::{
        AcceptOrderRequest, AssignOrderRequest, CancelTicketRequest, Category, ConfirmOrderRequest,
        ConfirmTicketRequest, CreateCategoryRequest, CreateResponsibilityRequest,
        CreateTicketRequest, DeclineTicketRequest, DispatchTicketRequest, FailTicketRequest,
        FileTicketRequest, FixTicketOnTheSpotRequest, GetTicketRequest, HistoryEntry, Limit,
        LimitKind, ListTicketHistoryRequest, PassTicketRequest, RefuseOrderRequest, Responsibility,
        ReturnOrderRequest, ReturnReason, SendBackTicketRequest, SubmitOrderRequest, Ticket,
        TicketOutcome, TicketSource, WithdrawOrderRequest,
        category_service_client::CategoryServiceClient, import_service_client::ImportServiceClient,
        ticket_service_client::TicketServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_kernel::clock::Clock;
use wangge_pg::Database;
use wangge_testkit::{channel, eventually, stream_channel, token};
use wangge_tickets::{App, Feeds, MIGRATOR};

/// The community of most tests, a neighbouring one, one of another district, and two grids
/// of the first.
pub(crate) const COMMUNITY: &str = "320402003005";
pub(crate) const NEIGHBOUR: &str = "320402003006";
pub(crate) const FOREIGN: &str = "320403001001";
pub(crate) const GRID: &str = "320402003005001";
pub(crate) const OTHER_GRID: &str = "320402003005002";
/// Known units. The duty list names the first for [`HOURS`] in the community.
pub(crate) const LEAD: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
pub(crate) const ASSISTING: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);
pub(crate) const THIRD: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003);
/// Categories: ten continuous hours, with a unit on the duty list; three calendar days,
/// without one.
pub(crate) const HOURS: &str = "0105";
pub(crate) const DAYS: &str = "0201";
/// An address that no server listens on.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

pub(crate) type Tickets = TicketServiceClient<ServiceChannel>;
pub(crate) type Categories = CategoryServiceClient<ServiceChannel>;
pub(crate) type Imports = ImportServiceClient<ServiceChannel>;

/// A service with its background tasks, on its own database. Its clock starts at 10:00 on
/// 28 July 2022 in Shanghai. Organization is down.
pub(crate) struct Bench {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) url: String,
    pub(crate) dispatcher: Tickets,
    pub(crate) leader: Tickets,
    /// Reports tickets and fixes them on the spot.
    pub(crate) worker: Tickets,
    lead: Tickets,
    assisting: Tickets,
    third: Tickets,
    _stop: DropGuard,
    _background: JoinSet<()>,
}

/// A verb on a ticket or an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    File,
    Decline,
    FixOnTheSpot,
    Dispatch,
    Withdraw,
    Accept,
    Assign,
    Submit,
    Return,
    Refuse,
    ConfirmOrder,
    Confirm,
    SendBack,
    Pass,
    Fail,
    Cancel,
}

impl Bench {
    /// Starts a service with areas, units, categories and a duty list.
    pub(crate) async fn start() -> Self {
        let bench = Self::start_empty().await;
        bench.furnish().await;
        bench
    }

    pub(crate) async fn start_empty() -> Self {
        Self::start_on(wangge_testkit::database(&MIGRATOR).await, true).await
    }

    pub(crate) async fn start_on(database: Database, background: bool) -> Self {
        let clock = Clock::set_to("2022-07-28T02:00:00Z".parse().unwrap());
        let stop = CancellationToken::new();
        let feed = stream_channel(NOWHERE, &token(&[Role::Service], Some(""), None));
        let feeds = Feeds {
            organization: feed.clone(),
            volunteers: feed,
        };
        let app = App::new(database.clone(), clock.clone(), feeds);
        let tasks = if background {
            app.background(stop.clone())
        } else {
            JoinSet::new()
        };
        let url = wangge_testkit::serve(app.service(stop.clone()), stop.clone()).await;
        let client = |role, area, unit| tickets(&url, role, area, unit);
        Self {
            dispatcher: client(Role::Dispatcher, Some(COMMUNITY), None),
            leader: client(Role::Leader, Some(COMMUNITY), None),
            worker: client(Role::GridWorker, Some(COMMUNITY), None),
            lead: client(Role::Department, None, Some(LEAD)),
            assisting: client(Role::Department, None, Some(ASSISTING)),
            third: client(Role::Department, None, Some(THIRD)),
            database,
            clock,
            url,
            _stop: stop.drop_guard(),
            _background: tasks,
        }
    }

    pub(crate) async fn furnish(&self) {
        for (code, kind) in [("320402", 1), (COMMUNITY, 3), (NEIGHBOUR, 3), (FOREIGN, 3)] {
            self.area(code, kind, "").await;
        }
        for (code, west) in [(GRID, 119.97), (OTHER_GRID, 119.98)] {
            self.area(code, 4, &square(west)).await;
        }
        for unit in [LEAD, ASSISTING, THIRD] {
            self.unit(unit).await;
        }
        self.category(HOURS, LimitKind::ContinuousHours, 10).await;
        self.category(DAYS, LimitKind::CalendarDays, 3).await;
        self.duty(HOURS, COMMUNITY, LEAD).await;
    }

    /// Inserts an area into the copy, as organization's feed would.
    pub(crate) async fn area(&self, code: &str, kind: i16, boundary: &str) {
        sqlx::query(
            "with new as (update reference_version set version = version + 1) \
             insert into area_copy values ($1, $2, $3, $4, '2020-01-01', null, 1)",
        )
        .bind(Uuid::now_v7())
        .bind(code)
        .bind(kind)
        .bind(boundary)
        .execute(&self.database.background)
        .await
        .unwrap();
    }

    async fn unit(&self, id: Uuid) {
        self.unit_of_days(id, "2020-01-01", None).await;
    }

    /// Inserts a unit with its first and last day into the copy, as organization's feed would.
    pub(crate) async fn unit_of_days(&self, id: Uuid, start: &str, end: Option<&str>) {
        sqlx::query(
            "with new as (update reference_version set version = version + 1) \
             insert into unit_copy values ($1, 11, '320402', $2::text::date, $3::text::date, 1)",
        )
        .bind(id)
        .bind(start)
        .bind(end)
        .execute(&self.database.background)
        .await
        .unwrap();
    }

    pub(crate) async fn category(&self, code: &str, kind: LimitKind, amount: i32) -> Category {
        let request = CreateCategoryRequest {
            request_id: request_id(),
            category: Some(Category {
                code: code.into(),
                name: "占道经营".into(),
                handling_limit: Some(Limit {
                    kind: kind.into(),
                    amount,
                }),
                ..Category::default()
            }),
        };
        self.categories()
            .create_category(request)
            .await
            .unwrap()
            .into_inner()
    }

    pub(crate) async fn duty(&self, category: &str, area: &str, unit: Uuid) {
        let request = CreateResponsibilityRequest {
            request_id: request_id(),
            responsibility: Some(Responsibility {
                category_code: category.into(),
                area_code: area.into(),
                unit_id: unit.to_string(),
                ..Responsibility::default()
            }),
        };
        self.categories()
            .create_responsibility(request)
            .await
            .unwrap();
    }

    pub(crate) fn categories(&self) -> Categories {
        CategoryServiceClient::new(channel(&self.url, &token(&[Role::Admin], Some(""), None)))
    }

    pub(crate) fn client(&self, role: Role, area: Option<&str>, unit: Option<Uuid>) -> Tickets {
        tickets(&self.url, role, area, unit)
    }

    /// Returns a client of an importer of an area.
    pub(crate) fn importer(&self, area: &str) -> Imports {
        let token = token(&[Role::Importer], Some(area), None);
        ImportServiceClient::new(stream_channel(&self.url, &token))
    }

    /// Returns a client of a unit's clerk.
    pub(crate) fn clerk(&self, unit: Uuid) -> Tickets {
        match unit {
            LEAD => self.lead.clone(),
            ASSISTING => self.assisting.clone(),
            THIRD => self.third.clone(),
            other => self.client(Role::Department, None, Some(other)),
        }
    }

    /// Reports a ticket in the community's first grid.
    pub(crate) async fn reported(&self) -> Ticket {
        self.report(report()).await.unwrap()
    }

    pub(crate) async fn report(&self, ticket: Ticket) -> Result<Ticket, Status> {
        let answer = self.worker.clone().create_ticket(create(ticket)).await?;
        Ok(answer.into_inner())
    }

    /// Returns a ticket that was dispatched to both units.
    pub(crate) async fn dispatched(&self) -> Ticket {
        let ticket = self.reported().await;
        self.go(&ticket, Verb::File).await;
        self.go(&ticket, Verb::Dispatch).await
    }

    pub(crate) async fn get(&self, id: &str) -> Ticket {
        get(&mut self.leader.clone(), id).await.unwrap()
    }

    pub(crate) async fn history(&self, id: &str) -> Vec<HistoryEntry> {
        let request = ListTicketHistoryRequest {
            ticket_id: id.into(),
            page_size: 1000,
            ..ListTicketHistoryRequest::default()
        };
        self.leader
            .clone()
            .list_ticket_history(request)
            .await
            .unwrap()
            .into_inner()
            .entries
    }

    /// Applies a verb that must succeed; a verb on an order is applied to the lead's.
    pub(crate) async fn go(&self, ticket: &Ticket, verb: Verb) -> Ticket {
        self.go_by(ticket, verb, LEAD).await
    }

    /// Applies a verb that must succeed, to the unit's latest order.
    pub(crate) async fn go_by(&self, ticket: &Ticket, verb: Verb, unit: Uuid) -> Ticket {
        let now = self.get(&ticket.id).await;
        let order = order_of(&now, unit);
        self.act(&now.id, verb, &order, unit)
            .await
            .unwrap_or_else(|status| panic!("{verb:?} of {now:?}: {status:?}"))
    }

    /// Applies a verb as a caller whose role allows it.
    pub(crate) async fn act(
        &self,
        ticket_id: &str,
        verb: Verb,
        order_id: &str,
        unit: Uuid,
    ) -> Result<Ticket, Status> {
        let client = match verb {
            Verb::Accept | Verb::Assign | Verb::Submit | Verb::Return | Verb::Refuse => {
                self.clerk(unit)
            }
            Verb::Cancel => self.leader.clone(),
            Verb::FixOnTheSpot => self.worker.clone(),
            _ => self.dispatcher.clone(),
        };
        act_as(client, ticket_id, verb, order_id, &request_id(), "").await
    }

    /// Returns the whole feed once it has `count` events.
    pub(crate) async fn events(&self, count: usize) -> Vec<Event> {
        let events = eventually(|| async {
            let events = self.feed("").await;
            (events.len() >= count).then_some(events)
        })
        .await;
        assert_eq!(events.len(), count, "{events:?}");
        events
    }

    /// Returns the events of a record once there are `count`.
    pub(crate) async fn events_of(&self, record_id: &str, count: usize) -> Vec<Event> {
        let events = eventually(|| async {
            let mut events = self.feed("").await;
            events.retain(|event| event.record_id == record_id);
            (events.len() >= count).then_some(events)
        })
        .await;
        assert_eq!(events.len(), count, "{events:?}");
        events
    }

    /// Returns the events after a token that the feed has now.
    pub(crate) async fn feed(&self, after: &str) -> Vec<Event> {
        let request = SubscribeRequest {
            after_token: after.into(),
            ..Default::default()
        };
        let mut messages = self.reader().subscribe(request).await.unwrap().into_inner();
        let mut events = Vec::new();
        while let Some(message) = messages.message().await.unwrap() {
            events.extend(message.events);
        }
        events
    }

    pub(crate) fn reader(&self) -> FeedServiceClient<ServiceChannel> {
        let token = token(&[Role::Service], Some(""), None);
        FeedServiceClient::new(stream_channel(&self.url, &token))
    }
}

fn tickets(url: &str, role: Role, area: Option<&str>, unit: Option<Uuid>) -> Tickets {
    TicketServiceClient::new(channel(url, &token(&[role], area, unit)))
}

pub(crate) async fn get(client: &mut Tickets, id: &str) -> Result<Ticket, Status> {
    Ok(client
        .get_ticket(GetTicketRequest { id: id.into() })
        .await?
        .into_inner())
}

/// Does a verb as a caller, with a request id and an etag.
pub(crate) async fn act_as(
    mut client: Tickets,
    ticket_id: &str,
    verb: Verb,
    order_id: &str,
    request_id: &str,
    etag: &str,
) -> Result<Ticket, Status> {
    let (ticket_id, order_id) = (ticket_id.to_owned(), order_id.to_owned());
    let (request_id, etag) = (request_id.to_owned(), etag.to_owned());
    let reason = "说明".to_owned();
    let answer = match verb {
        Verb::File => {
            client
                .file_ticket(FileTicketRequest {
                    request_id,
                    ticket_id,
                    etag,
                })
                .await
        }
        Verb::Decline => {
            let outcome = TicketOutcome::NotResponsible.into();
            client
                .decline_ticket(DeclineTicketRequest {
                    request_id,
                    ticket_id,
                    etag,
                    reason,
                    outcome,
                })
                .await
        }
        Verb::FixOnTheSpot => {
            let result = "已扶正".to_owned();
            client
                .fix_ticket_on_the_spot(FixTicketOnTheSpotRequest {
                    request_id,
                    ticket_id,
                    etag,
                    result,
                })
                .await
        }
        Verb::Dispatch => {
            let request = DispatchTicketRequest {
                request_id,
                ticket_id,
                etag,
                lead_unit_id: LEAD.to_string(),
                assisting_unit_ids: vec![ASSISTING.to_string()],
            };
            client.dispatch_ticket(request).await
        }
        Verb::Withdraw => {
            client
                .withdraw_order(WithdrawOrderRequest {
                    request_id,
                    ticket_id,
                    etag,
                    order_id,
                    reason,
                })
                .await
        }
        Verb::Accept => {
            let handler_person_id = String::new();
            client
                .accept_order(AcceptOrderRequest {
                    request_id,
                    ticket_id,
                    etag,
                    order_id,
                    handler_person_id,
                })
                .await
        }
        Verb::Assign => {
            let handler_person_id = Uuid::now_v7().to_string();
            client
                .assign_order(AssignOrderRequest {
                    request_id,
                    ticket_id,
                    etag,
                    order_id,
                    handler_person_id,
                })
                .await
        }
        Verb::Submit => {
            let result = "已清理".to_owned();
            client
                .submit_order(SubmitOrderRequest {
                    request_id,
                    ticket_id,
                    etag,
                    order_id,
                    result,
                })
                .await
        }
        Verb::Return => {
            let return_reason = ReturnReason::NotOurDuty.into();
            client
                .return_order(ReturnOrderRequest {
                    request_id,
                    ticket_id,
                    etag,
                    order_id,
                    return_reason,
                    reason,
                })
                .await
        }
        Verb::Refuse => {
            client
                .refuse_order(RefuseOrderRequest {
                    request_id,
                    ticket_id,
                    etag,
                    order_id,
                    reason,
                })
                .await
        }
        Verb::ConfirmOrder => {
            client
                .confirm_order(ConfirmOrderRequest {
                    request_id,
                    ticket_id,
                    etag,
                    order_id,
                })
                .await
        }
        Verb::Confirm => {
            client
                .confirm_ticket(ConfirmTicketRequest {
                    request_id,
                    ticket_id,
                    etag,
                })
                .await
        }
        Verb::SendBack => {
            client
                .send_back_ticket(SendBackTicketRequest {
                    request_id,
                    ticket_id,
                    etag,
                    reason,
                })
                .await
        }
        Verb::Pass => {
            let outcome = TicketOutcome::Fixed.into();
            client
                .pass_ticket(PassTicketRequest {
                    request_id,
                    ticket_id,
                    etag,
                    outcome,
                })
                .await
        }
        Verb::Fail => {
            client
                .fail_ticket(FailTicketRequest {
                    request_id,
                    ticket_id,
                    etag,
                    reason,
                })
                .await
        }
        Verb::Cancel => {
            client
                .cancel_ticket(CancelTicketRequest {
                    request_id,
                    ticket_id,
                    etag,
                    reason,
                })
                .await
        }
    };
    answer.map(tonic::Response::into_inner)
}

/// Returns the id of a unit's latest order; an unknown id if it has none.
pub(crate) fn order_of(ticket: &Ticket, unit: Uuid) -> String {
    let unit = unit.to_string();
    let last = ticket
        .orders
        .iter()
        .rev()
        .find(|order| order.unit_id == unit);
    last.map_or_else(request_id, |order| order.id.clone())
}

pub(crate) fn request_id() -> String {
    Uuid::now_v7().to_string()
}

/// Returns a report that names its grid.
pub(crate) fn report() -> Ticket {
    Ticket {
        source: TicketSource::GridWorker.into(),
        category_code: HOURS.into(),
        title: "占道经营".into(),
        area_code: GRID.into(),
        ..Ticket::default()
    }
}

pub(crate) fn create(ticket: Ticket) -> CreateTicketRequest {
    CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(ticket),
    }
}

/// Returns a square of a hundredth of a degree of longitude, as GeoJSON.
pub(crate) fn square(west: f64) -> String {
    let east = west + 0.01;
    format!(
        r#"{{"type":"Polygon","coordinates":[[[{west},31.7],[{east},31.7],[{east},31.9],[{west},31.9],[{west},31.7]]]}}"#
    )
}

/// Sleeps long enough to notice an effect that must not happen.
pub(crate) async fn a_while() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}
