//! Another round of a city's work: every kind of record is created and taken through all
//! its courses. A round can run at any time, against any release, and concurrently with
//! others; calls are retried as the contracts allow.

use prost::Message;
use uuid::Uuid;
use wangge_api::{
    organization::v1::{Appointment, CreateAppointmentRequest, CreatePersonRequest, Person, Post},
    policy::Role,
    tickets::v1::{
        AcceptOrderRequest, ConfirmTicketRequest, CreateTicketRequest, DeclineTicketRequest,
        DispatchTicketRequest, FileTicketRequest, PassTicketRequest, SubmitOrderRequest, Ticket,
        TicketOutcome,
    },
    volunteers::v1::{
        CheckInVisit, CreateCheckInVisitRequest, CreateRegistrationRequest, Registration,
    },
};

use crate::{
    City, Service,
    city::{COMMUNITY, day, report, request_id},
    plain, raw,
    site::Site,
    until,
};

const PEOPLE: &str = "/wangge.organization.v1.PersonService";
const OFFICIALS: &str = "/wangge.volunteers.v1.OfficialService";
const TICKETS: &str = "/wangge.tickets.v1.TicketService";

impl City {
    /// Runs a round and returns the city with its new people, tickets and records.
    /// Records that can be changed are changed, and dated ones are ended.
    ///
    /// # Panics
    /// Panics if a call is refused permanently.
    pub async fn again(&self, site: &Site) -> Self {
        let mut city = self.clone();
        // The old ones may have been used up by the round that they were made for.
        city.spares.clear();
        city.spare_resources.clear();
        let (person, appointment) = enter_person(site, &city).await;
        (city.person, city.appointment) = (person, appointment);
        (city.registration, city.visit) = enter_visit(site, &city).await;
        (city.ticket, city.declined) = work_on_tickets(site, &city).await;
        plain::make_all(site, &mut city).await;
        for kind in city.kinds() {
            for (number, course) in kind.courses.iter().enumerate() {
                let id = &city.courses[&(kind.kind, number)];
                // First: later it may be in a state in which it can't be changed. No record of
                // its own, since it would take a place of a kind with a limit in each round.
                if number == 0 {
                    plain::change_and_end(site, kind, id).await;
                }
                for verb in *course {
                    plain::take(site, &city, kind, verb, id).await;
                }
            }
        }
        for kind in city.kinds().filter(|kind| kind.verbs.is_empty()) {
            plain::change_and_end(site, kind, city.plain(kind.kind)).await;
        }
        city
    }
}

/// Calls a method until the response is final and the feeds have delivered the records
/// that the request names.
async fn call<R: Message + Default>(
    site: &Site,
    (role, unit): (Role, Option<Uuid>),
    (service, method): (&str, &str),
    request: impl Message,
) -> R {
    let path = format!("{service}/{method}");
    let token = site.token(role, Some(""), unit);
    let channel = site.bare(Service::of(&path)[0]);
    let body = request.encode_to_vec();
    let answer = until(|| async {
        // The referenced record arrives over another service's feed.
        let answer = raw::settle(&channel, Some(&token), &path, &body).await;
        (answer.reason() != "REFERENCE_UNKNOWN").then_some(answer)
    });
    let answer = answer.await;
    let message = answer.messages.first();
    let message = message.unwrap_or_else(|| panic!("{path}: {:?}", answer.status));
    R::decode(message.clone()).expect("an answer of the method")
}

async fn enter_person(site: &Site, city: &City) -> (String, String) {
    let person = Person {
        name: "张甲二".to_owned(),
        area_code: COMMUNITY.to_owned(),
        ..Person::default()
    };
    let request = CreatePersonRequest {
        request_id: request_id(),
        person: Some(person),
    };
    let admin = (Role::Admin, None);
    let person: Person = call(site, admin, (PEOPLE, "CreatePerson"), request).await;
    let appointment = Appointment {
        person_id: person.id.clone(),
        post: Post::Staff.into(),
        unit_id: city.unit.clone(),
        start_date: day(2021, 1, 1),
        ..Appointment::default()
    };
    let request = CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(appointment),
    };
    let made: Appointment = call(site, admin, (PEOPLE, "CreateAppointment"), request).await;
    (person.id, made.id)
}

async fn enter_visit(site: &Site, city: &City) -> (String, String) {
    let registration = Registration {
        person_id: city.person.clone(),
        home_unit_id: city.stranger.to_string(),
        area_code: COMMUNITY.to_owned(),
        start_date: day(2021, 1, 1),
        ..Registration::default()
    };
    let request = CreateRegistrationRequest {
        request_id: request_id(),
        registration: Some(registration),
    };
    let staff = (Role::Staff, None);
    let made: Registration = call(site, staff, (OFFICIALS, "CreateRegistration"), request).await;
    let visit = CheckInVisit {
        registration_id: made.id.clone(),
        handled: "协助清理楼道堆物".to_owned(),
        ..CheckInVisit::default()
    };
    let request = CreateCheckInVisitRequest {
        request_id: request_id(),
        check_in_visit: Some(visit),
    };
    let visit: CheckInVisit = call(site, staff, (OFFICIALS, "CreateCheckInVisit"), request).await;
    (made.id, visit.id)
}

async fn act(
    site: &Site,
    who: (Role, Option<Uuid>),
    method: &str,
    request: impl Message,
) -> Ticket {
    call(site, who, (TICKETS, method), request).await
}

/// Works on two tickets: one is closed, the other declined.
async fn work_on_tickets(site: &Site, city: &City) -> (String, String) {
    let dispatcher = (Role::Dispatcher, None);
    let department = (Role::Department, Some(city.lead.unit));
    let report = || CreateTicketRequest {
        request_id: request_id(),
        ticket: Some(report()),
    };
    let ticket = act(site, dispatcher, "CreateTicket", report()).await;
    let ticket_id = || ticket.id.clone();
    let file = FileTicketRequest {
        request_id: request_id(),
        ticket_id: ticket_id(),
        ..FileTicketRequest::default()
    };
    act(site, dispatcher, "FileTicket", file).await;
    let dispatch = DispatchTicketRequest {
        request_id: request_id(),
        ticket_id: ticket_id(),
        lead_unit_id: city.lead.unit.to_string(),
        ..DispatchTicketRequest::default()
    };
    let dispatched = act(site, dispatcher, "DispatchTicket", dispatch).await;
    let order_id = dispatched.orders[0].id.clone();
    let accept = AcceptOrderRequest {
        request_id: request_id(),
        ticket_id: ticket_id(),
        order_id: order_id.clone(),
        ..AcceptOrderRequest::default()
    };
    act(site, department, "AcceptOrder", accept).await;
    let submit = SubmitOrderRequest {
        request_id: request_id(),
        ticket_id: ticket_id(),
        order_id,
        result: "已修好".to_owned(),
        ..SubmitOrderRequest::default()
    };
    act(site, department, "SubmitOrder", submit).await;
    let confirm = ConfirmTicketRequest {
        request_id: request_id(),
        ticket_id: ticket_id(),
        ..ConfirmTicketRequest::default()
    };
    act(site, dispatcher, "ConfirmTicket", confirm).await;
    let pass = PassTicketRequest {
        request_id: request_id(),
        ticket_id: ticket_id(),
        outcome: TicketOutcome::Fixed.into(),
        ..PassTicketRequest::default()
    };
    act(site, dispatcher, "PassTicket", pass).await;
    let other = act(site, dispatcher, "CreateTicket", report()).await;
    let decline = DeclineTicketRequest {
        request_id: request_id(),
        ticket_id: other.id.clone(),
        reason: "不属实".to_owned(),
        outcome: TicketOutcome::Answered.into(),
        ..DeclineTicketRequest::default()
    };
    act(site, dispatcher, "DeclineTicket", decline).await;
    (ticket.id, other.id)
}
