//! Calls that create a record which references others, and import rows that do.

use prost::{Message as _, bytes::Bytes};
use uuid::Uuid;
use wangge_api::{
    organization::v1 as organization,
    tickets::v1 as tickets,
    types::v1::{ImportHeader, RowResult},
    volunteers::v1 as volunteers,
};
use wangge_tests::{
    City,
    city::{CATEGORY, COMMUNITY, DISTRICT, NOWHERE, day, report, request_id},
    plain::{KINDS, Kind},
    raw::frame,
};

/// A call that creates a record which references another.
pub(crate) struct Reference {
    pub path: &'static str,
    /// Area that the referenced record belongs to.
    pub area: &'static str,
    /// Its name, and one that doesn't exist.
    pub name: String,
    pub missing: String,
    /// Encodes the request of a caller with an area, referencing a name.
    pub body: Box<dyn Fn(&str, &str) -> Vec<u8> + Send + Sync>,
}

fn to_area(
    path: &'static str,
    body: impl Fn(&str, &str) -> Vec<u8> + Send + Sync + 'static,
) -> Reference {
    Reference {
        path,
        area: COMMUNITY,
        name: COMMUNITY.to_owned(),
        missing: NOWHERE.to_owned(),
        body: Box::new(body),
    }
}

fn to_record(
    path: &'static str,
    name: &str,
    body: impl Fn(&str, &str) -> Vec<u8> + Send + Sync + 'static,
) -> Reference {
    let (name, missing) = (name.to_owned(), Uuid::now_v7().to_string());
    Reference {
        path,
        area: COMMUNITY,
        name,
        missing,
        body: Box::new(body),
    }
}

/// Returns the call that creates a plain record, referencing what decides its area.
fn of_plain(city: &City, kind: Kind) -> Reference {
    let path = kind.path("Create").expect("a method");
    let sample = kind.sample(city, 2031, true);
    let name = sample[kind.placed_by].as_str().expect("a name").to_owned();
    let body = move |name: &str, _: &str| {
        let mut record = sample.clone();
        record[kind.placed_by] = name.into();
        kind.create(&request_id(), record)
    };
    if kind.placed_by == "area_code" {
        to_area(path, body)
    } else {
        // The area of the record that it belongs to.
        let placing = kind.placed_by.trim_end_matches("_id");
        let placing = KINDS.iter().find(|kind| kind.kind == placing);
        Reference {
            area: placing.expect("a kind").area,
            ..to_record(path, &name, body)
        }
    }
}

/// Returns every call that creates a record which references another.
pub(crate) fn table(city: &City) -> Vec<Reference> {
    let mut table = of_organization(city);
    table.extend(KINDS.iter().map(|kind| of_plain(city, *kind)));
    let lead = city.lead.unit.to_string();
    let home = lead.clone();
    table.extend([
        to_area(
            "/wangge.tickets.v1.TicketService/CreateTicket",
            |area, _| {
                let ticket = tickets::Ticket {
                    area_code: area.to_owned(),
                    ..report()
                };
                tickets::CreateTicketRequest {
                    request_id: request_id(),
                    ticket: Some(ticket),
                }
                .encode_to_vec()
            },
        ),
        to_area(
            "/wangge.tickets.v1.CategoryService/CreateResponsibility",
            move |area, _| {
                let entry = tickets::Responsibility {
                    category_code: CATEGORY.to_owned(),
                    area_code: area.to_owned(),
                    unit_id: lead.clone(),
                    ..Default::default()
                };
                tickets::CreateResponsibilityRequest {
                    request_id: request_id(),
                    responsibility: Some(entry),
                }
                .encode_to_vec()
            },
        ),
        to_area(
            "/wangge.volunteers.v1.OfficialService/CreateRegistration",
            move |area, _| {
                let registration = volunteers::Registration {
                    person_id: Uuid::now_v7().to_string(),
                    home_unit_id: home.clone(),
                    area_code: area.to_owned(),
                    start_date: day(2021, 1, 1),
                    ..Default::default()
                };
                volunteers::CreateRegistrationRequest {
                    request_id: request_id(),
                    registration: Some(registration),
                }
                .encode_to_vec()
            },
        ),
        to_record(
            "/wangge.volunteers.v1.OfficialService/CreateCheckInVisit",
            &city.registration,
            |registration, _| {
                let visit = volunteers::CheckInVisit {
                    registration_id: registration.to_owned(),
                    handled: "走访".to_owned(),
                    ..Default::default()
                };
                volunteers::CreateCheckInVisitRequest {
                    request_id: request_id(),
                    check_in_visit: Some(visit),
                }
                .encode_to_vec()
            },
        ),
    ]);
    table
}

fn of_organization(city: &City) -> Vec<Reference> {
    let person = city.person.clone();
    vec![
        to_area(
            "/wangge.organization.v1.AreaService/CreateArea",
            |parent, _| {
                let area = organization::Area {
                    code: format!("{parent}777"),
                    kind: organization::AreaKind::Grid.into(),
                    name: "网格".to_owned(),
                    parent_code: parent.to_owned(),
                    start_date: day(2020, 1, 1),
                    ..Default::default()
                };
                organization::CreateAreaRequest {
                    request_id: request_id(),
                    area: Some(area),
                }
                .encode_to_vec()
            },
        ),
        to_area(
            "/wangge.organization.v1.AreaService/CreateAddress",
            |area, _| {
                let address = organization::Address {
                    text: "和平里2幢".to_owned(),
                    area_code: area.to_owned(),
                    ..Default::default()
                };
                organization::CreateAddressRequest {
                    request_id: request_id(),
                    address: Some(address),
                }
                .encode_to_vec()
            },
        ),
        to_area(
            "/wangge.organization.v1.UnitService/CreateUnit",
            |area, _| {
                let unit = organization::Unit {
                    code: "NEW".to_owned(),
                    kind: organization::UnitKind::Committee.into(),
                    name: "委员会".to_owned(),
                    area_code: area.to_owned(),
                    start_date: day(2020, 1, 1),
                    ..Default::default()
                };
                organization::CreateUnitRequest {
                    request_id: request_id(),
                    unit: Some(unit),
                }
                .encode_to_vec()
            },
        ),
        to_area(
            "/wangge.organization.v1.PersonService/CreatePerson",
            |area, _| {
                let person = organization::Person {
                    name: "王乙".to_owned(),
                    area_code: area.to_owned(),
                    ..Default::default()
                };
                organization::CreatePersonRequest {
                    request_id: request_id(),
                    person: Some(person),
                }
                .encode_to_vec()
            },
        ),
        to_record(
            "/wangge.organization.v1.PersonService/CreateAppointment",
            &city.unit,
            move |unit, _| {
                let appointment = organization::Appointment {
                    person_id: person.clone(),
                    post: organization::Post::Staff.into(),
                    unit_id: unit.to_owned(),
                    start_date: day(2021, 1, 1),
                    ..Default::default()
                };
                organization::CreateAppointmentRequest {
                    request_id: request_id(),
                    appointment: Some(appointment),
                }
                .encode_to_vec()
            },
        ),
    ]
}

/// An import of one row that names an area.
pub(crate) struct Import {
    pub path: &'static str,
    /// The area's code, and one that doesn't exist.
    pub name: String,
    pub missing: String,
    /// Encodes the whole stream, framed.
    pub body: Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>,
}

/// Returns an import for each service.
pub(crate) fn imports(city: &City) -> Vec<Import> {
    let home = city.lead.unit.to_string();
    let import = |path, body| Import {
        path,
        name: DISTRICT.to_owned() + "003005",
        missing: NOWHERE.to_owned(),
        body,
    };
    vec![
        import(
            "/wangge.organization.v1.ImportService/ImportRecords",
            Box::new(move |area: &str| {
                use organization::{ImportRecordsRequest, import_records_request::Record};
                let person = organization::Person {
                    id: Uuid::now_v7().to_string(),
                    name: "王乙".to_owned(),
                    area_code: area.to_owned(),
                    ..Default::default()
                };
                let record = Some(Record::Person(person));
                stream(
                    ImportRecordsRequest {
                        header: Some(ImportHeader::default()),
                        ..Default::default()
                    }
                    .encode_to_vec(),
                    ImportRecordsRequest {
                        row_number: 7,
                        record,
                        ..Default::default()
                    }
                    .encode_to_vec(),
                )
            }),
        ),
        import(
            "/wangge.tickets.v1.ImportService/ImportRecords",
            Box::new(move |area: &str| {
                use tickets::{ImportRecordsRequest, import_records_request::Record};
                let history = tickets::HistoryRecord {
                    action: tickets::TicketAction::Report.into(),
                    action_time: Some(prost_types::Timestamp {
                        seconds: 1_600_000_000,
                        nanos: 0,
                    }),
                    ..Default::default()
                };
                let ticket = tickets::TicketRecord {
                    id: Uuid::now_v7().to_string(),
                    source: tickets::TicketSource::Hotline.into(),
                    category_code: CATEGORY.to_owned(),
                    title: "外墙剥落".to_owned(),
                    area_code: area.to_owned(),
                    history: vec![history],
                    ..Default::default()
                };
                let record = Some(Record::Ticket(ticket));
                stream(
                    ImportRecordsRequest {
                        header: Some(ImportHeader::default()),
                        ..Default::default()
                    }
                    .encode_to_vec(),
                    ImportRecordsRequest {
                        row_number: 7,
                        record,
                        ..Default::default()
                    }
                    .encode_to_vec(),
                )
            }),
        ),
        import(
            "/wangge.volunteers.v1.ImportService/ImportRecords",
            Box::new(move |area: &str| {
                use volunteers::{ImportRecordsRequest, import_records_request::Record};
                let registration = volunteers::Registration {
                    id: Uuid::now_v7().to_string(),
                    person_id: Uuid::now_v7().to_string(),
                    home_unit_id: home.clone(),
                    area_code: area.to_owned(),
                    start_date: day(2021, 1, 1),
                    ..Default::default()
                };
                let record = Some(Record::Registration(registration));
                stream(
                    ImportRecordsRequest {
                        header: Some(ImportHeader::default()),
                        ..Default::default()
                    }
                    .encode_to_vec(),
                    ImportRecordsRequest {
                        row_number: 7,
                        record,
                        ..Default::default()
                    }
                    .encode_to_vec(),
                )
            }),
        ),
    ]
}

fn stream(header: Vec<u8>, row: Vec<u8>) -> Vec<u8> {
    [frame(&header), frame(&row)].concat()
}

/// Decodes the first result of an import's response, which has one format in all
/// services.
pub(crate) fn first_result(message: &Bytes) -> RowResult {
    let answer = organization::ImportRecordsResponse::decode(message.clone()).expect("an answer");
    answer.results.into_iter().next().expect("a result")
}
