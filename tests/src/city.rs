//! A small city: two districts, and a record of every kind in one community of the first.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use uuid::Uuid;
use wangge_api::{
    organization::v1::{
        Address, Appointment, Area, AreaKind, CreateAddressRequest, CreateAppointmentRequest,
        CreateAreaRequest, CreatePersonRequest, CreateUnitRequest, Person, Post, Unit, UnitKind,
        area_service_client::AreaServiceClient, person_service_client::PersonServiceClient,
        unit_service_client::UnitServiceClient,
    },
    policy::Role,
    tickets::v1::{
        AcceptOrderRequest, Category, CreateCategoryRequest, CreateResponsibilityRequest,
        CreateTicketRequest, DeclineTicketRequest, DispatchTicketRequest, FileTicketRequest, Limit,
        LimitKind, Responsibility, ReturnOrderRequest, ReturnReason, Ticket, TicketOutcome,
        TicketSource, category_service_client::CategoryServiceClient,
        ticket_service_client::TicketServiceClient,
    },
    types::v1::Date,
    volunteers::v1::{
        CheckInVisit, CreateCheckInVisitRequest, CreateRegistrationRequest, Registration,
        official_service_client::OfficialServiceClient,
    },
};
use wangge_client::ServiceChannel;

use crate::{
    plain::{self, KINDS, Kind},
    site::{Service, Site},
    until,
};

/// The city's district; the areas below lead down to a grid of it.
pub const DISTRICT: &str = "320402";
/// A street of [`DISTRICT`].
pub const STREET: &str = "320402003";
/// The community in [`STREET`] that the records belong to.
pub const COMMUNITY: &str = "320402003005";
/// A grid of [`COMMUNITY`].
pub const GRID: &str = "320402003005001";
/// Another community of [`STREET`].
pub const SIBLING: &str = "320402003006";
/// Another district; the areas below lead down to a community of it.
pub const FOREIGN: &str = "320403";
/// A street of [`FOREIGN`].
pub const FOREIGN_STREET: &str = "320403001";
/// A community of [`FOREIGN_STREET`].
pub const FOREIGN_COMMUNITY: &str = "320403001001";
/// The code of an area that doesn't exist.
pub const NOWHERE: &str = "320402003099";

/// Code of the category of all tickets.
pub const CATEGORY: &str = "0105";
/// Text of an address in [`GRID`].
pub const ADDRESS: &str = "和平里1幢";
/// Title of the tickets. It must not appear outside of the records: in events, logs or
/// traces.
pub const TITLE: &str = "张甲一家门口的外墙剥落";

/// Address of the tickets, which is in no address book.
pub const PLACE: &str = "中山路拐角的小卖部旁";

/// Ids of the city's records.
#[derive(Debug, Clone)]
pub struct City {
    /// A committee of the community.
    pub unit: String,
    /// A person of the community.
    pub person: String,
    /// The person's appointment in the committee.
    pub appointment: String,
    /// An entry of the duty list for the community.
    pub responsibility: String,
    /// The person's registration as an official.
    pub registration: String,
    /// A check-in visit under the registration.
    pub visit: String,
    /// A ticket of the community, in handling.
    pub ticket: String,
    /// A ticket of the community that was declined.
    pub declined: String,
    /// The leading department with its order.
    pub lead: Holder,
    /// The assisting department with its order.
    pub assisting: Holder,
    /// The department that returned its order.
    pub former: Holder,
    /// A department that never held an order.
    pub stranger: Uuid,
    /// Ids of one plain record per kind.
    pub plain: BTreeMap<&'static str, String>,
    /// One more record for each course of a kind, by the course's index.
    pub courses: BTreeMap<(&'static str, usize), String>,
    /// Volunteers for tests that need one without any shift or claim.
    pub spares: Vec<String>,
    /// Resources for tests that need one without a match.
    pub spare_resources: Vec<String>,
}

/// A unit that holds or held an order of the ticket.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Id of the unit.
    pub unit: Uuid,
    /// Id of its order.
    pub order: String,
}

/// Returns a new random request id.
pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// Returns a date as it is set in requests.
pub fn day(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

/// Returns an area that holds since 2000, for its creation.
pub fn area(code: &str, kind: AreaKind, parent: &str) -> Area {
    Area {
        code: code.to_owned(),
        kind: kind.into(),
        name: format!("区域{code}"),
        parent_code: parent.to_owned(),
        start_date: day(2000, 1, 1),
        ..Area::default()
    }
}

/// Returns a report in the community whose address belongs to no known grid.
pub fn report() -> Ticket {
    Ticket {
        source: TicketSource::Resident.into(),
        category_code: CATEGORY.to_owned(),
        title: TITLE.to_owned(),
        address: PLACE.to_owned(),
        area_code: COMMUNITY.to_owned(),
        ..Ticket::default()
    }
}

/// Creates an area.
///
/// # Panics
/// Panics if it is refused.
pub async fn make_area(site: &Site, area: Area) -> Area {
    let request = CreateAreaRequest {
        request_id: request_id(),
        area: Some(area),
    };
    let mut areas = AreaServiceClient::new(site.everywhere(Service::Organization, Role::Admin));
    areas
        .create_area(request)
        .await
        .expect("an area")
        .into_inner()
}

/// Creates a unit and returns its id.
///
/// # Panics
/// Panics if it is refused.
pub async fn make_unit(site: &Site, code: &str, kind: UnitKind, area_code: &str) -> Uuid {
    let unit = Unit {
        code: code.to_owned(),
        kind: kind.into(),
        name: format!("单位{code}"),
        area_code: area_code.to_owned(),
        start_date: day(2000, 1, 1),
        ..Unit::default()
    };
    let request = CreateUnitRequest {
        request_id: request_id(),
        unit: Some(unit),
    };
    let mut units = UnitServiceClient::new(site.everywhere(Service::Organization, Role::Admin));
    let unit = units
        .create_unit(request)
        .await
        .expect("a unit")
        .into_inner();
    unit.id.parse().expect("an id")
}

/// Creates the areas and a category, and waits until a first ticket can be reported, that
/// is until tickets has read the areas from the feed.
pub async fn make_ground(site: &Site) {
    for (code, kind, parent) in [
        (DISTRICT, AreaKind::District, ""),
        (STREET, AreaKind::Street, DISTRICT),
        (COMMUNITY, AreaKind::Community, STREET),
        (GRID, AreaKind::Grid, COMMUNITY),
        (SIBLING, AreaKind::Community, STREET),
        (FOREIGN, AreaKind::District, ""),
        (FOREIGN_STREET, AreaKind::Street, FOREIGN),
        (FOREIGN_COMMUNITY, AreaKind::Community, FOREIGN_STREET),
    ] {
        make_area(site, area(code, kind, parent)).await;
    }
    make_category(site).await;
    let tickets = tickets(site, Role::System, "", None);
    let request = CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(report()),
    };
    until(|| {
        let (mut tickets, request) = (tickets.clone(), request.clone());
        async move { tickets.create_ticket(request).await.ok() }
    })
    .await;
}

async fn make_category(site: &Site) {
    let limit = Limit {
        kind: LimitKind::CalendarDays.into(),
        amount: 10,
    };
    let category = Category {
        code: CATEGORY.to_owned(),
        name: "外墙剥落".to_owned(),
        handling_limit: Some(limit),
        ..Category::default()
    };
    let request = CreateCategoryRequest {
        request_id: request_id(),
        category: Some(category),
    };
    let mut categories = CategoryServiceClient::new(site.everywhere(Service::Tickets, Role::Admin));
    categories
        .create_category(request)
        .await
        .expect("a category");
}

/// Returns a client of tickets for a caller.
pub fn tickets(
    site: &Site,
    role: Role,
    area: &str,
    unit: Option<Uuid>,
) -> TicketServiceClient<ServiceChannel> {
    TicketServiceClient::new(site.channel(Service::Tickets, role, Some(area), unit))
}

impl City {
    /// Returns ids that belong to no records, for tests that only count the tables built
    /// from a city.
    pub fn unmade() -> Self {
        let id = || Uuid::now_v7().to_string();
        let holder = || Holder {
            unit: Uuid::now_v7(),
            order: id(),
        };
        Self {
            unit: id(),
            person: id(),
            appointment: id(),
            responsibility: id(),
            registration: id(),
            visit: id(),
            ticket: id(),
            lead: holder(),
            assisting: holder(),
            former: holder(),
            stranger: Uuid::now_v7(),
            declined: request_id(),
            plain: plain::unmade(),
            courses: BTreeMap::new(),
            spares: vec![request_id()],
            spare_resources: vec![request_id()],
        }
    }

    /// Returns a volunteer without any shift or claim; reuses them in turn once all have
    /// been returned.
    pub fn spare(&self) -> &str {
        next_of(&self.spares)
    }

    /// Returns a resource without a match; reuses them in turn once all have been
    /// returned.
    pub fn spare_resource(&self) -> &str {
        next_of(&self.spare_resources)
    }

    /// Returns the id of the plain record of a kind.
    ///
    /// # Panics
    /// Panics if none has been created.
    pub fn plain(&self, kind: &str) -> &str {
        &self.plain[kind]
    }

    /// Returns the kinds of plain records that the release serves.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> {
        let made = |kind: &&Kind| self.plain.contains_key(kind.kind);
        KINDS.iter().filter(made)
    }

    /// Creates the whole city.
    ///
    /// # Panics
    /// Panics if anything is refused.
    pub async fn build(site: &Site) -> Self {
        make_ground(site).await;
        let mut areas = AreaServiceClient::new(site.everywhere(Service::Organization, Role::Admin));
        let address = Address {
            text: ADDRESS.to_owned(),
            area_code: GRID.to_owned(),
            ..Address::default()
        };
        let request = CreateAddressRequest {
            request_id: request_id(),
            address: Some(address),
        };
        areas.create_address(request).await.expect("an address");
        let unit = make_unit(site, "COMMITTEE", UnitKind::Committee, COMMUNITY).await;
        let mut departments = Vec::new();
        for code in ["LEAD", "ASSISTING", "FORMER", "STRANGER"] {
            departments.push(make_unit(site, code, UnitKind::Department, DISTRICT).await);
        }
        let (person, appointment) = make_person(site, unit).await;
        let (registration, visit) = make_visit(site, &person, departments[3]).await;
        let responsibility = make_responsibility(site, departments[0]).await;
        let ticket = make_ticket(site, &departments).await;
        let holder = |unit: Uuid| {
            let order = ticket
                .orders
                .iter()
                .find(|order| order.unit_id == unit.to_string());
            Holder {
                unit,
                order: order.expect("an order").id.clone(),
            }
        };
        let mut city = Self {
            unit: unit.to_string(),
            person,
            appointment,
            responsibility,
            registration,
            visit,
            lead: holder(departments[0]),
            assisting: holder(departments[1]),
            former: holder(departments[2]),
            stranger: departments[3],
            ticket: ticket.id.clone(),
            declined: make_declined(site).await,
            plain: BTreeMap::new(),
            courses: BTreeMap::new(),
            spares: Vec::new(),
            spare_resources: Vec::new(),
        };
        plain::make_all(site, &mut city).await;
        city
    }
}

fn next_of(spares: &[String]) -> &str {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    &spares[next % spares.len()]
}

async fn make_person(site: &Site, unit: Uuid) -> (String, String) {
    let mut people = PersonServiceClient::new(site.everywhere(Service::Organization, Role::Admin));
    let person = Person {
        name: "张甲一".to_owned(),
        area_code: COMMUNITY.to_owned(),
        ..Person::default()
    };
    let request = CreatePersonRequest {
        request_id: request_id(),
        person: Some(person),
    };
    let person = people
        .create_person(request)
        .await
        .expect("a person")
        .into_inner();
    let appointment = Appointment {
        person_id: person.id.clone(),
        post: Post::Staff.into(),
        unit_id: unit.to_string(),
        start_date: day(2021, 1, 1),
        ..Appointment::default()
    };
    let request = CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(appointment),
    };
    let made = people
        .create_appointment(request)
        .await
        .expect("an appointment")
        .into_inner();
    (person.id, made.id)
}

async fn make_visit(site: &Site, person: &str, home: Uuid) -> (String, String) {
    let officials = OfficialServiceClient::new(site.everywhere(Service::Volunteers, Role::Staff));
    let registration = Registration {
        person_id: person.to_owned(),
        home_unit_id: home.to_string(),
        area_code: COMMUNITY.to_owned(),
        start_date: day(2021, 1, 1),
        ..Registration::default()
    };
    // Retried until the feed has delivered the area and the unit.
    let registration = until(|| {
        let (mut officials, registration) = (officials.clone(), registration.clone());
        async move {
            let request = CreateRegistrationRequest {
                request_id: request_id(),
                registration: Some(registration),
            };
            officials.create_registration(request).await.ok()
        }
    })
    .await
    .into_inner();
    let visit = CheckInVisit {
        registration_id: registration.id.clone(),
        handled: "协助清理楼道堆物".to_owned(),
        ..CheckInVisit::default()
    };
    let request = CreateCheckInVisitRequest {
        request_id: request_id(),
        check_in_visit: Some(visit),
    };
    let visit = officials
        .clone()
        .create_check_in_visit(request)
        .await
        .expect("a visit");
    (registration.id, visit.into_inner().id)
}

async fn make_responsibility(site: &Site, unit: Uuid) -> String {
    let categories = CategoryServiceClient::new(site.everywhere(Service::Tickets, Role::Admin));
    let responsibility = Responsibility {
        category_code: CATEGORY.to_owned(),
        area_code: COMMUNITY.to_owned(),
        unit_id: unit.to_string(),
        ..Responsibility::default()
    };
    // Retried until the feed has delivered the unit.
    until(|| {
        let (mut categories, entry) = (categories.clone(), responsibility.clone());
        async move {
            let request = CreateResponsibilityRequest {
                request_id: request_id(),
                responsibility: Some(entry),
            };
            categories.create_responsibility(request).await.ok()
        }
    })
    .await
    .into_inner()
    .id
}

/// Creates a ticket that was dispatched to the third department, returned, and then
/// dispatched to the first, which accepted, and the second.
async fn make_ticket(site: &Site, departments: &[Uuid]) -> Ticket {
    let mut dispatcher = tickets(site, Role::Dispatcher, "", None);
    let request = CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(report()),
    };
    let ticket = dispatcher
        .create_ticket(request)
        .await
        .expect("a ticket")
        .into_inner();
    let ticket_id = ticket.id;
    let request = FileTicketRequest {
        request_id: request_id(),
        ticket_id: ticket_id.clone(),
        ..FileTicketRequest::default()
    };
    dispatcher.file_ticket(request).await.expect("filed");
    let dispatched = dispatch(site, &ticket_id, departments[2], &[]).await;
    let request = ReturnOrderRequest {
        request_id: request_id(),
        ticket_id: ticket_id.clone(),
        order_id: dispatched.orders[0].id.clone(),
        return_reason: ReturnReason::NotOurDuty.into(),
        ..ReturnOrderRequest::default()
    };
    let mut former = tickets(site, Role::Department, "", Some(departments[2]));
    former.return_order(request).await.expect("returned");
    let dispatched = dispatch(site, &ticket_id, departments[0], &[departments[1]]).await;
    let lead = departments[0].to_string();
    let order = dispatched
        .orders
        .iter()
        .find(|order| order.unit_id == lead)
        .expect("an order");
    let request = AcceptOrderRequest {
        request_id: request_id(),
        ticket_id,
        order_id: order.id.clone(),
        ..AcceptOrderRequest::default()
    };
    let mut lead = tickets(site, Role::Department, "", Some(departments[0]));
    lead.accept_order(request)
        .await
        .expect("accepted")
        .into_inner()
}

async fn make_declined(site: &Site) -> String {
    let mut dispatcher = tickets(site, Role::Dispatcher, "", None);
    let request = CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(report()),
    };
    let ticket = dispatcher.create_ticket(request).await.expect("a ticket");
    let ticket_id = ticket.into_inner().id;
    let request = DeclineTicketRequest {
        request_id: request_id(),
        ticket_id: ticket_id.clone(),
        reason: "不属实".to_owned(),
        outcome: TicketOutcome::Answered.into(),
        ..DeclineTicketRequest::default()
    };
    dispatcher.decline_ticket(request).await.expect("declined");
    ticket_id
}

async fn dispatch(site: &Site, ticket_id: &str, lead: Uuid, assisting: &[Uuid]) -> Ticket {
    let dispatcher = tickets(site, Role::Dispatcher, "", None);
    // Retried until the feed has delivered the units.
    until(|| {
        let mut dispatcher = dispatcher.clone();
        let request = DispatchTicketRequest {
            request_id: request_id(),
            ticket_id: ticket_id.to_owned(),
            lead_unit_id: lead.to_string(),
            assisting_unit_ids: assisting.iter().map(Uuid::to_string).collect(),
            ..DispatchTicketRequest::default()
        };
        async move { dispatcher.dispatch_ticket(request).await.ok() }
    })
    .await
    .into_inner()
}
