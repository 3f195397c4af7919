//! Every write of every service, in an order in which each is legal.

use std::collections::VecDeque;

use prost::{Message, bytes::Bytes};
use prost_types::FieldMask;
use uuid::Uuid;
use wangge_api::{
    organization::v1 as organization,
    policy::{METHODS, Role, policy},
    tickets::v1 as tickets,
    volunteers::v1 as volunteers,
};
use wangge_tests::{
    City, Service,
    city::{CATEGORY, COMMUNITY, DISTRICT, day, report},
    plain::{KINDS, Kind},
};

/// A write by a caller.
pub(crate) struct Step {
    pub path: &'static str,
    pub role: Role,
    pub unit: Option<Uuid>,
    /// Encodes the request with a request id.
    pub body: Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>,
}

impl Step {
    /// Returns the service that implements it.
    pub(crate) fn service(&self) -> Service {
        Service::of(self.path)[0]
    }
}

/// A verb on the ticket that is being worked on.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Create,
    Find,
    FixOnTheSpot,
    File,
    Decline,
    Dispatch,
    Accept(Side),
    Assign,
    Submit(Side),
    Return,
    Refuse,
    Withdraw,
    ConfirmOrder,
    Confirm,
    SendBack,
    Pass,
    Fail,
    Cancel,
}

/// One of the ticket's two orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Lead,
    Assisting,
}

/// The lifecycles of four tickets, from the report to each of the four possible ends.
const VERBS: &[Verb] = &[
    Verb::Create,
    Verb::Decline,
    Verb::Find,
    Verb::FixOnTheSpot,
    Verb::Create,
    Verb::File,
    Verb::Dispatch,
    Verb::Accept(Side::Lead),
    Verb::Assign,
    Verb::Accept(Side::Assisting),
    Verb::Submit(Side::Assisting),
    Verb::ConfirmOrder,
    Verb::Submit(Side::Lead),
    Verb::SendBack,
    Verb::Submit(Side::Lead),
    Verb::Confirm,
    Verb::Fail,
    Verb::Submit(Side::Lead),
    Verb::Confirm,
    Verb::Pass,
    Verb::Create,
    Verb::File,
    Verb::Dispatch,
    Verb::Withdraw,
    Verb::Return,
    Verb::Dispatch,
    Verb::Refuse,
    Verb::Cancel,
];

/// The sequence of all writes.
pub(crate) struct Course {
    city: City,
    plain: VecDeque<Step>,
    verbs: VecDeque<Verb>,
    ticket: tickets::Ticket,
    /// True if the last step was a verb, whose response is the ticket.
    on_ticket: bool,
}

impl Course {
    pub(crate) fn new(city: &City) -> Self {
        Self {
            city: city.clone(),
            plain: plain(city).into(),
            verbs: VERBS.iter().copied().collect(),
            ticket: tickets::Ticket::default(),
            on_ticket: false,
        }
    }

    /// Returns the next write; none at the end.
    pub(crate) fn next(&mut self) -> Option<Step> {
        let step = self.plain.pop_front();
        self.on_ticket = step.is_none();
        step.or_else(|| self.verbs.pop_front().map(|verb| self.verb(verb)))
    }

    /// Processes the response to the last step.
    pub(crate) fn learn(&mut self, answer: &Bytes) {
        if self.on_ticket {
            self.ticket = tickets::Ticket::decode(answer.clone()).expect("a ticket");
        }
    }

    /// Returns another request that the caller of a step may send to the same service.
    pub(crate) fn other(&self, step: &Step) -> Step {
        let ticket_id = self.city.ticket.clone();
        let order_id = self.city.lead.order.clone();
        let (registration, area_code) = (self.city.registration.clone(), COMMUNITY.to_owned());
        let like = |path, body| Step {
            path,
            role: step.role,
            unit: step.unit,
            body,
        };
        match (step.service(), step.role) {
            (Service::Organization, _) => like(
                "/wangge.organization.v1.PersonService/CreatePerson",
                Box::new(move |id| {
                    let person = organization::Person {
                        name: "别的人".to_owned(),
                        area_code: area_code.clone(),
                        ..Default::default()
                    };
                    let (request_id, person) = (id.to_owned(), Some(person));
                    organization::CreatePersonRequest { request_id, person }.encode_to_vec()
                }),
            ),
            (Service::Volunteers, Role::Leader) => {
                let shift = KINDS.iter().find(|kind| kind.kind == "shift");
                let shift = *shift.expect("a kind");
                let (id, given) = (
                    self.city.plain("shift").to_owned(),
                    shift.given(&self.city, "CertifyShift"),
                );
                like(
                    "/wangge.volunteers.v1.ServiceEventService/CertifyShift",
                    Box::new(move |request_id| {
                        shift.act(&given, "CertifyShift", request_id, &id, "")
                    }),
                )
            }
            (Service::Volunteers, _) => like(
                "/wangge.volunteers.v1.OfficialService/EndRegistration",
                Box::new(move |id| {
                    volunteers::EndRegistrationRequest {
                        request_id: id.to_owned(),
                        id: registration.clone(),
                        end_date: day(2039, 1, 1),
                        etag: String::new(),
                        correction_reason: String::new(),
                    }
                    .encode_to_vec()
                }),
            ),
            (_, Role::Admin) => like(
                "/wangge.tickets.v1.CategoryService/CreateCategory",
                Box::new(|id| category(id, "0197")),
            ),
            (_, Role::Department) => Step {
                path: "/wangge.tickets.v1.TicketService/RefuseOrder",
                role: Role::Department,
                unit: Some(self.city.lead.unit),
                body: Box::new(move |id| {
                    tickets::RefuseOrderRequest {
                        request_id: id.to_owned(),
                        ticket_id: ticket_id.clone(),
                        order_id: order_id.clone(),
                        reason: "别的事".to_owned(),
                        etag: String::new(),
                    }
                    .encode_to_vec()
                }),
            },
            _ => like(
                "/wangge.tickets.v1.TicketService/CreateTicket",
                Box::new(|id| {
                    let ticket = tickets::Ticket {
                        title: "别的事".to_owned(),
                        ..report()
                    };
                    let (request_id, ticket) = (id.to_owned(), Some(ticket));
                    tickets::CreateTicketRequest { request_id, ticket }.encode_to_vec()
                }),
            ),
        }
    }

    fn verb(&self, verb: Verb) -> Step {
        let (path, role) = self.path_and_role(verb);
        let side = match verb {
            Verb::Accept(side) | Verb::Submit(side) => side,
            Verb::Withdraw | Verb::ConfirmOrder => Side::Assisting,
            _ => Side::Lead,
        };
        let holder = if side == Side::Lead {
            self.city.lead.unit
        } else {
            self.city.assisting.unit
        };
        let mine = |order: &&tickets::Order| order.unit_id == holder.to_string();
        let order = self.ticket.orders.iter().rev().find(mine);
        let order_id = order.map(|order| order.id.clone()).unwrap_or_default();
        let (lead, assisting) = (self.city.lead.unit, self.city.assisting.unit);
        let ticket_id = self.ticket.id.clone();
        let body = move |id: &str| {
            verb_body(
                verb,
                id.to_owned(),
                ticket_id.clone(),
                order_id.clone(),
                lead,
                assisting,
            )
        };
        Step {
            path,
            role,
            unit: Some(holder),
            body: Box::new(body),
        }
    }

    fn path_and_role(&self, verb: Verb) -> (&'static str, Role) {
        match verb {
            Verb::Create => (
                "/wangge.tickets.v1.TicketService/CreateTicket",
                Role::Dispatcher,
            ),
            Verb::Find => (
                "/wangge.tickets.v1.TicketService/CreateTicket",
                Role::GridWorker,
            ),
            Verb::FixOnTheSpot => (
                "/wangge.tickets.v1.TicketService/FixTicketOnTheSpot",
                Role::GridWorker,
            ),
            Verb::File => (
                "/wangge.tickets.v1.TicketService/FileTicket",
                Role::Dispatcher,
            ),
            Verb::Decline => (
                "/wangge.tickets.v1.TicketService/DeclineTicket",
                Role::Dispatcher,
            ),
            Verb::Dispatch => (
                "/wangge.tickets.v1.TicketService/DispatchTicket",
                Role::Dispatcher,
            ),
            Verb::Accept(_) => (
                "/wangge.tickets.v1.TicketService/AcceptOrder",
                Role::Department,
            ),
            Verb::Assign => (
                "/wangge.tickets.v1.TicketService/AssignOrder",
                Role::Department,
            ),
            Verb::Submit(_) => (
                "/wangge.tickets.v1.TicketService/SubmitOrder",
                Role::Department,
            ),
            Verb::Return => (
                "/wangge.tickets.v1.TicketService/ReturnOrder",
                Role::Department,
            ),
            Verb::Refuse => (
                "/wangge.tickets.v1.TicketService/RefuseOrder",
                Role::Department,
            ),
            Verb::Withdraw => (
                "/wangge.tickets.v1.TicketService/WithdrawOrder",
                Role::Dispatcher,
            ),
            Verb::ConfirmOrder => (
                "/wangge.tickets.v1.TicketService/ConfirmOrder",
                Role::Dispatcher,
            ),
            Verb::Confirm => (
                "/wangge.tickets.v1.TicketService/ConfirmTicket",
                Role::Dispatcher,
            ),
            Verb::SendBack => (
                "/wangge.tickets.v1.TicketService/SendBackTicket",
                Role::Dispatcher,
            ),
            Verb::Pass => (
                "/wangge.tickets.v1.TicketService/PassTicket",
                Role::Dispatcher,
            ),
            Verb::Fail => (
                "/wangge.tickets.v1.TicketService/FailTicket",
                Role::Dispatcher,
            ),
            Verb::Cancel => (
                "/wangge.tickets.v1.TicketService/CancelTicket",
                Role::Leader,
            ),
        }
    }
}

fn verb_body(
    verb: Verb,
    request_id: String,
    ticket_id: String,
    order_id: String,
    lead: Uuid,
    assisting: Uuid,
) -> Vec<u8> {
    use tickets::*;
    let etag = String::new();
    let reason = "有原因".to_owned();
    let fixed = TicketOutcome::Fixed.into();
    match verb {
        Verb::Create => {
            let ticket = Some(report());
            CreateTicketRequest { request_id, ticket }.encode_to_vec()
        }
        Verb::Find => {
            let ticket = Some(Ticket {
                source: TicketSource::GridWorker.into(),
                ..report()
            });
            CreateTicketRequest { request_id, ticket }.encode_to_vec()
        }
        Verb::FixOnTheSpot => FixTicketOnTheSpotRequest {
            request_id,
            ticket_id,
            etag,
            result: "已扶正".to_owned(),
        }
        .encode_to_vec(),
        Verb::File => FileTicketRequest {
            request_id,
            ticket_id,
            etag,
        }
        .encode_to_vec(),
        Verb::Decline => DeclineTicketRequest {
            request_id,
            ticket_id,
            etag,
            reason,
            outcome: fixed,
        }
        .encode_to_vec(),
        Verb::Dispatch => DispatchTicketRequest {
            request_id,
            ticket_id,
            etag,
            lead_unit_id: lead.to_string(),
            assisting_unit_ids: vec![assisting.to_string()],
        }
        .encode_to_vec(),
        Verb::Accept(_) => {
            let handler_person_id = String::new();
            AcceptOrderRequest {
                request_id,
                ticket_id,
                etag,
                order_id,
                handler_person_id,
            }
            .encode_to_vec()
        }
        Verb::Assign => {
            let handler_person_id = lead.to_string();
            AssignOrderRequest {
                request_id,
                ticket_id,
                etag,
                order_id,
                handler_person_id,
            }
            .encode_to_vec()
        }
        Verb::Submit(_) => SubmitOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            result: reason,
        }
        .encode_to_vec(),
        Verb::Return => {
            let return_reason = ReturnReason::NotOurDuty.into();
            ReturnOrderRequest {
                request_id,
                ticket_id,
                etag,
                order_id,
                return_reason,
                reason,
            }
            .encode_to_vec()
        }
        Verb::Refuse => RefuseOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            reason,
        }
        .encode_to_vec(),
        Verb::Withdraw => WithdrawOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            reason,
        }
        .encode_to_vec(),
        Verb::ConfirmOrder => ConfirmOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
        }
        .encode_to_vec(),
        Verb::Confirm => ConfirmTicketRequest {
            request_id,
            ticket_id,
            etag,
        }
        .encode_to_vec(),
        Verb::SendBack => SendBackTicketRequest {
            request_id,
            ticket_id,
            etag,
            reason,
        }
        .encode_to_vec(),
        Verb::Pass => PassTicketRequest {
            request_id,
            ticket_id,
            etag,
            outcome: fixed,
        }
        .encode_to_vec(),
        Verb::Fail => FailTicketRequest {
            request_id,
            ticket_id,
            etag,
            reason,
        }
        .encode_to_vec(),
        Verb::Cancel => CancelTicketRequest {
            request_id,
            ticket_id,
            etag,
            reason,
        }
        .encode_to_vec(),
    }
}

fn category(request_id: &str, code: &str) -> Vec<u8> {
    let limit = tickets::Limit {
        kind: tickets::LimitKind::CalendarDays.into(),
        amount: 3,
    };
    let category = tickets::Category {
        code: code.to_owned(),
        name: "其他".to_owned(),
        handling_limit: Some(limit),
        ..Default::default()
    };
    let (request_id, category) = (request_id.to_owned(), Some(category));
    tickets::CreateCategoryRequest {
        request_id,
        category,
    }
    .encode_to_vec()
}

/// Returns the writes that only need the city. Each is sent with the request id that the
/// test chooses, so that a retry that took effect twice is detected.
fn plain(city: &City) -> Vec<Step> {
    let mut steps = of_organization(city);
    steps.extend(KINDS.iter().flat_map(|kind| of_plain(city, *kind)));
    let unit_id = city.lead.unit.to_string();
    let step = |path, role, body| Step {
        path,
        role,
        unit: None,
        body,
    };
    steps.push(step(
        "/wangge.tickets.v1.CategoryService/CreateCategory",
        Role::Admin,
        Box::new(|id: &str| category(id, "0198")),
    ));
    steps.push(step(
        "/wangge.tickets.v1.CategoryService/CreateResponsibility",
        Role::Admin,
        Box::new(move |id: &str| {
            let entry = tickets::Responsibility {
                category_code: CATEGORY.to_owned(),
                area_code: DISTRICT.to_owned(),
                unit_id: unit_id.clone(),
                ..Default::default()
            };
            let (request_id, responsibility) = (id.to_owned(), Some(entry));
            tickets::CreateResponsibilityRequest {
                request_id,
                responsibility,
            }
            .encode_to_vec()
        }),
    ));
    steps.extend(of_volunteers(city));
    steps
}

/// Creates one more record of the kind, and changes and ends the city's own.
fn of_plain(city: &City, kind: Kind) -> Vec<Step> {
    let step = |verb, body| Step {
        path: kind.path(verb).expect("a method"),
        role: kind.writer,
        unit: None,
        body,
    };
    // Its days precede those of the city's own record.
    let record = kind.sample(city, 2010, true);
    let create = move |id: &str| kind.create(id, record.clone());
    let mut steps = vec![step("Create", Box::new(create))];
    let kept = city.plain(kind.kind).to_owned();
    if kind.change.is_some() {
        // A record at the start of its course: the city's own may have reached an end.
        let fresh = city.courses.get(&(kind.kind, 0));
        let kept = fresh.unwrap_or(&kept).clone();
        let update = move |id: &str| kind.update(id, &kept, "").expect("a change");
        steps.push(step("Update", Box::new(update)));
    }
    if kind.dated {
        let end = move |id: &str| kind.end(id, &kept, "");
        steps.push(step("End", Box::new(end)));
    }
    for (number, course) in kind.courses.iter().enumerate() {
        let id = &city.courses[&(kind.kind, number)];
        for verb in *course {
            if let Some((kind, record)) = kind.needed(city, verb, id) {
                let create = move |id: &str| kind.create(id, record.clone());
                steps.push(Step {
                    path: kind.path("Create").expect("a method"),
                    role: kind.writer,
                    unit: None,
                    body: Box::new(create),
                });
            }
            let path = kind.verb_path(verb);
            let path = METHODS.iter().copied().find(|known| *known == path);
            let path = path.expect("a method");
            // Evaluated once, so that every retry of the step has the same content.
            let (id, given) = (id.clone(), kind.given(city, verb));
            steps.push(Step {
                path,
                role: policy(path).expect("a policy").roles[0],
                unit: None,
                body: Box::new(move |request_id: &str| kind.act(&given, verb, request_id, &id, "")),
            });
        }
    }
    steps
}

fn of_organization(city: &City) -> Vec<Step> {
    use organization::*;
    let (unit, person) = (city.unit.clone(), city.person.clone());
    let (kept, appointment) = (city.unit.clone(), city.appointment.clone());
    let mask = || {
        Some(FieldMask {
            paths: vec!["name".to_owned()],
        })
    };
    let step = |path, body: Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>| Step {
        path,
        role: Role::Admin,
        unit: None,
        body,
    };
    vec![
        step(
            "/wangge.organization.v1.AreaService/CreateArea",
            Box::new(|id| {
                let area = wangge_tests::city::area("320402003005009", AreaKind::Grid, COMMUNITY);
                CreateAreaRequest {
                    request_id: id.to_owned(),
                    area: Some(area),
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.organization.v1.AreaService/UpdateArea",
            Box::new(move |id| {
                let area = Area {
                    code: COMMUNITY.to_owned(),
                    name: "新名字".to_owned(),
                    ..Area::default()
                };
                let update_mask = mask();
                UpdateAreaRequest {
                    request_id: id.to_owned(),
                    area: Some(area),
                    update_mask,
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.organization.v1.AreaService/CreateAddress",
            Box::new(|id| {
                let address = Address {
                    text: "和平里3幢".to_owned(),
                    area_code: COMMUNITY.to_owned(),
                    ..Address::default()
                };
                CreateAddressRequest {
                    request_id: id.to_owned(),
                    address: Some(address),
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.organization.v1.UnitService/CreateUnit",
            Box::new(|id| {
                let unit = Unit {
                    code: "NEW".to_owned(),
                    kind: UnitKind::Company.into(),
                    name: "物业".to_owned(),
                    area_code: COMMUNITY.to_owned(),
                    start_date: day(2020, 1, 1),
                    ..Unit::default()
                };
                CreateUnitRequest {
                    request_id: id.to_owned(),
                    unit: Some(unit),
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.organization.v1.UnitService/UpdateUnit",
            Box::new(move |id| {
                let unit = Unit {
                    id: unit.clone(),
                    name: "新名字".to_owned(),
                    ..Unit::default()
                };
                let update_mask = mask();
                UpdateUnitRequest {
                    request_id: id.to_owned(),
                    unit: Some(unit),
                    update_mask,
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.organization.v1.PersonService/CreateAppointment",
            Box::new(move |id| {
                let appointment = Appointment {
                    person_id: person.clone(),
                    post: Post::Staff.into(),
                    unit_id: kept.clone(),
                    start_date: day(2015, 1, 1),
                    end_date: day(2016, 1, 1),
                    ..Appointment::default()
                };
                let (request_id, appointment) = (id.to_owned(), Some(appointment));
                CreateAppointmentRequest {
                    request_id,
                    appointment,
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.organization.v1.PersonService/EndAppointment",
            Box::new(move |id| {
                EndAppointmentRequest {
                    request_id: id.to_owned(),
                    id: appointment.clone(),
                    end_date: day(2030, 1, 1),
                    etag: String::new(),
                    correction_reason: String::new(),
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.organization.v1.PersonService/CreatePerson",
            Box::new(|id| {
                let person = Person {
                    name: "李丙".to_owned(),
                    area_code: COMMUNITY.to_owned(),
                    ..Person::default()
                };
                CreatePersonRequest {
                    request_id: id.to_owned(),
                    person: Some(person),
                }
                .encode_to_vec()
            }),
        ),
    ]
}

fn of_volunteers(city: &City) -> Vec<Step> {
    use volunteers::*;
    let (home, under) = (city.stranger.to_string(), city.registration.clone());
    let (visit, ended) = (city.visit.clone(), city.registration.clone());
    let step = |path, body: Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>| Step {
        path,
        role: Role::Staff,
        unit: None,
        body,
    };
    let person = Uuid::now_v7().to_string();
    vec![
        step(
            "/wangge.volunteers.v1.OfficialService/CreateRegistration",
            Box::new(move |id| {
                let registration = Registration {
                    person_id: person.clone(),
                    home_unit_id: home.clone(),
                    area_code: COMMUNITY.to_owned(),
                    start_date: day(2021, 1, 1),
                    ..Registration::default()
                };
                let (request_id, registration) = (id.to_owned(), Some(registration));
                CreateRegistrationRequest {
                    request_id,
                    registration,
                }
                .encode_to_vec()
            }),
        ),
        // First, since two visits within ten minutes count as one entered twice.
        step(
            "/wangge.volunteers.v1.OfficialService/VoidCheckInVisit",
            Box::new(move |id| {
                VoidCheckInVisitRequest {
                    request_id: id.to_owned(),
                    id: visit.clone(),
                    reason: "重复登记".to_owned(),
                    etag: String::new(),
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.volunteers.v1.OfficialService/CreateCheckInVisit",
            Box::new(move |id| {
                let visit = CheckInVisit {
                    registration_id: under.clone(),
                    handled: "走访".to_owned(),
                    ..CheckInVisit::default()
                };
                let (request_id, check_in_visit) = (id.to_owned(), Some(visit));
                CreateCheckInVisitRequest {
                    request_id,
                    check_in_visit,
                }
                .encode_to_vec()
            }),
        ),
        step(
            "/wangge.volunteers.v1.OfficialService/EndRegistration",
            Box::new(move |id| {
                EndRegistrationRequest {
                    request_id: id.to_owned(),
                    id: ended.clone(),
                    end_date: day(2030, 1, 1),
                    etag: String::new(),
                    correction_reason: String::new(),
                }
                .encode_to_vec()
            }),
        ),
    ]
}
