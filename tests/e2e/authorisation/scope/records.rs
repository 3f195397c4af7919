//! Calls that name one record.

use prost::Message as _;
use prost_types::FieldMask;
use serde_json::json;
use uuid::Uuid;
use wangge_api::{
    organization::v1 as organization,
    policy::{METHODS, Role},
    reporting::v1 as reporting,
    tickets::v1 as tickets,
    volunteers::v1 as volunteers,
};
use wangge_tests::{
    City, Service, World,
    city::{ADDRESS, COMMUNITY, GRID, NOWHERE, day, request_id},
    plain::{KINDS, Kind, encode},
    until,
};

/// A call that names a record.
pub(crate) struct Record {
    /// Path of the method.
    pub path: &'static str,
    /// Area that the record belongs to.
    pub area: &'static str,
    /// Units that reach it by holding.
    pub holders: Vec<Uuid>,
    /// The record's name, and one that doesn't exist.
    pub name: String,
    pub missing: String,
    /// Encodes the request for a record with a name.
    pub body: Body,
}

type Body = Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// An etag that no ticket has: a caller that reaches the ticket gets a mismatch, and
/// nothing changes.
const STALE: &str = "ffffff";

/// Verbs of an order that its own unit performs.
pub(crate) const ORDER_VERBS: [&str; 5] = [
    "/wangge.tickets.v1.TicketService/ReturnOrder",
    "/wangge.tickets.v1.TicketService/RefuseOrder",
    "/wangge.tickets.v1.TicketService/AcceptOrder",
    "/wangge.tickets.v1.TicketService/AssignOrder",
    "/wangge.tickets.v1.TicketService/SubmitOrder",
];

/// Encodes a request of one of [`ORDER_VERBS`].
pub(crate) fn order_verb(path: &str, ticket: &str, order: &str, etag: &str) -> Vec<u8> {
    let (request_id, ticket_id, order_id) = (request_id(), ticket.to_owned(), order.to_owned());
    let etag = etag.to_owned();
    let person = Uuid::now_v7().to_string();
    match path.rsplit('/').next().expect("a name") {
        "AcceptOrder" => tickets::AcceptOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            handler_person_id: String::new(),
        }
        .encode_to_vec(),
        "AssignOrder" => tickets::AssignOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            handler_person_id: person,
        }
        .encode_to_vec(),
        "SubmitOrder" => tickets::SubmitOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            result: "修好了".to_owned(),
        }
        .encode_to_vec(),
        "ReturnOrder" => tickets::ReturnOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            return_reason: tickets::ReturnReason::NotOurArea.into(),
            reason: String::new(),
        }
        .encode_to_vec(),
        "RefuseOrder" => tickets::RefuseOrderRequest {
            request_id,
            ticket_id,
            etag,
            order_id,
            reason: "不归我们管".to_owned(),
        }
        .encode_to_vec(),
        other => panic!("{other} is no verb of an order"),
    }
}

/// Waits until reporting knows the community.
pub(crate) async fn wait_for_reporting(world: &World) {
    let channel = world.everywhere(Service::Reporting, Role::Leader);
    until(|| {
        let mut reports =
            reporting::report_service_client::ReportServiceClient::new(channel.clone());
        let area_code = COMMUNITY.to_owned();
        async move {
            let request = reporting::GetCaseTableRequest {
                area_code,
                ..Default::default()
            };
            reports.get_case_table(request).await.ok()
        }
    })
    .await;
}

fn record(
    path: &'static str,
    name: &str,
    body: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
) -> Record {
    Record {
        path,
        area: COMMUNITY,
        holders: Vec::new(),
        name: name.to_owned(),
        missing: Uuid::now_v7().to_string(),
        body: Box::new(body),
    }
}

/// Returns every call that names one record.
pub(crate) fn table(city: &City) -> Vec<Record> {
    let mut table = of_organization(city);
    table.extend(of_volunteers(city));
    table.extend(of_reporting());
    table.extend(of_tickets(city));
    table.extend(KINDS.iter().flat_map(|kind| of_plain(city, *kind)));
    table.extend(beside_plain(city));
    table
}

/// Calls on plain records besides the methods that all kinds have.
fn beside_plain(city: &City) -> [Record; 2] {
    const DAYS: &str = "/wangge.volunteers.v1.StationWorkService/ListSessionDays";
    const GAPS: &str = "/wangge.tickets.v1.DutyService/ListDutyGaps";
    let date = |year: i32| json!({"year": year, "month": 1, "day": 1});
    [
        record(DAYS, city.plain("recurring_session"), move |id| {
            let asked = json!({"recurring_session_id": id, "start_date": date(2022), "end_date": date(2023)});
            encode(DAYS, asked)
        }),
        Record {
            missing: NOWHERE.to_owned(),
            ..record(GAPS, COMMUNITY, |code| {
                let asked = json!({
                    "area_code": code,
                    "kind": "DUTY_KIND_CHAT_GROUP",
                    "start_time": "2022-01-01T00:00:00Z",
                    "end_time": "2022-01-02T00:00:00Z",
                });
                encode(GAPS, asked)
            })
        },
    ]
}

fn of_plain(city: &City, kind: Kind) -> Vec<Record> {
    let id = city.plain(kind.kind);
    let get: Body = Box::new(move |id| kind.get(id));
    let end: Body = Box::new(move |id| kind.end(&request_id(), id, STALE));
    let mut bodies = vec![(kind.path("Get"), get)];
    if kind.dated {
        bodies.push((kind.path("End"), end));
    }
    if kind.change.is_some() {
        let update = move |id: &str| kind.update(&request_id(), id, STALE).expect("a change");
        bodies.push((kind.path("Update"), Box::new(update)));
    }
    for verb in kind.verbs {
        let given = kind.given(city, verb.name);
        let act = move |id: &str| kind.act(&given, verb.name, &request_id(), id, STALE);
        let path = kind.verb_path(verb.name);
        let path = METHODS.iter().copied().find(|known| *known == path);
        bodies.push((path, Box::new(act)));
    }
    let of = |(path, body): (Option<&'static str>, Body)| Record {
        area: kind.area,
        ..record(path.expect("a method"), id, body)
    };
    bodies.into_iter().map(of).collect()
}

fn of_organization(city: &City) -> Vec<Record> {
    let mask = || {
        Some(FieldMask {
            paths: vec!["name".to_owned()],
        })
    };
    let area = |path, body: fn(&str) -> Vec<u8>| Record {
        missing: NOWHERE.to_owned(),
        ..record(path, COMMUNITY, body)
    };
    vec![
        area("/wangge.organization.v1.AreaService/GetArea", |code| {
            organization::GetAreaRequest {
                code: code.to_owned(),
            }
            .encode_to_vec()
        }),
        Record {
            missing: NOWHERE.to_owned(),
            ..record(
                "/wangge.organization.v1.AreaService/UpdateArea",
                COMMUNITY,
                move |code| {
                    let area = organization::Area {
                        code: code.to_owned(),
                        name: "新名字".to_owned(),
                        ..Default::default()
                    };
                    organization::UpdateAreaRequest {
                        request_id: request_id(),
                        area: Some(area),
                        update_mask: mask(),
                    }
                    .encode_to_vec()
                },
            )
        },
        Record {
            area: GRID,
            missing: "没有这个地方1号".to_owned(),
            ..record(
                "/wangge.organization.v1.AreaService/LocateArea",
                ADDRESS,
                |address| {
                    organization::LocateAreaRequest {
                        point: None,
                        address: address.to_owned(),
                    }
                    .encode_to_vec()
                },
            )
        },
        record(
            "/wangge.organization.v1.UnitService/GetUnit",
            &city.unit,
            |id| organization::GetUnitRequest { id: id.to_owned() }.encode_to_vec(),
        ),
        record(
            "/wangge.organization.v1.UnitService/UpdateUnit",
            &city.unit,
            move |id| {
                let unit = organization::Unit {
                    id: id.to_owned(),
                    name: "新名字".to_owned(),
                    ..Default::default()
                };
                let update_mask = mask();
                organization::UpdateUnitRequest {
                    request_id: request_id(),
                    unit: Some(unit),
                    update_mask,
                }
                .encode_to_vec()
            },
        ),
        record(
            "/wangge.organization.v1.PersonService/GetPerson",
            &city.person,
            |id| organization::GetPersonRequest { id: id.to_owned() }.encode_to_vec(),
        ),
        record(
            "/wangge.organization.v1.PersonService/EndAppointment",
            &city.appointment,
            |id| {
                organization::EndAppointmentRequest {
                    request_id: request_id(),
                    id: id.to_owned(),
                    end_date: day(2030, 1, 1),
                    etag: String::new(),
                    correction_reason: String::new(),
                }
                .encode_to_vec()
            },
        ),
    ]
}

fn of_volunteers(city: &City) -> Vec<Record> {
    vec![
        record(
            "/wangge.volunteers.v1.OfficialService/GetRegistration",
            &city.registration,
            |id| volunteers::GetRegistrationRequest { id: id.to_owned() }.encode_to_vec(),
        ),
        record(
            "/wangge.volunteers.v1.OfficialService/EndRegistration",
            &city.registration,
            |id| {
                volunteers::EndRegistrationRequest {
                    request_id: request_id(),
                    id: id.to_owned(),
                    end_date: day(2030, 1, 1),
                    etag: String::new(),
                    correction_reason: String::new(),
                }
                .encode_to_vec()
            },
        ),
        record(
            "/wangge.volunteers.v1.OfficialService/GetCheckInVisit",
            &city.visit,
            |id| volunteers::GetCheckInVisitRequest { id: id.to_owned() }.encode_to_vec(),
        ),
        record(
            "/wangge.volunteers.v1.OfficialService/VoidCheckInVisit",
            &city.visit,
            |id| {
                volunteers::VoidCheckInVisitRequest {
                    request_id: request_id(),
                    id: id.to_owned(),
                    reason: "重复登记".to_owned(),
                    etag: String::new(),
                }
                .encode_to_vec()
            },
        ),
    ]
}

fn of_reporting() -> Vec<Record> {
    let area = |path, body: fn(&str) -> Vec<u8>| Record {
        missing: NOWHERE.to_owned(),
        ..record(path, COMMUNITY, body)
    };
    vec![
        area("/wangge.reporting.v1.ReportService/GetCaseTable", |code| {
            reporting::GetCaseTableRequest {
                area_code: code.to_owned(),
                ..Default::default()
            }
            .encode_to_vec()
        }),
        area("/wangge.reporting.v1.ReportService/ExportTable", |code| {
            reporting::ExportTableRequest {
                area_code: code.to_owned(),
                table: reporting::ReportTable::Wall.into(),
                ..Default::default()
            }
            .encode_to_vec()
        }),
        area("/wangge.reporting.v1.WallService/GetWall", |code| {
            reporting::GetWallRequest {
                area_code: code.to_owned(),
                at_time: None,
            }
            .encode_to_vec()
        }),
        area(
            "/wangge.reporting.v1.ReportService/ListFigureRecords",
            |code| {
                reporting::ListFigureRecordsRequest {
                    area_code: code.to_owned(),
                    figure_key: "responses_started".to_owned(),
                    ..Default::default()
                }
                .encode_to_vec()
            },
        ),
    ]
}

fn of_tickets(city: &City) -> Vec<Record> {
    let ticket = |path, body: Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>| Record {
        holders: vec![city.lead.unit, city.assisting.unit],
        body,
        ..record(path, &city.ticket, |_| Vec::new())
    };
    macro_rules! verb {
        ($path:literal, $request:ident { $($field:ident: $value:expr),* }) => {
            ticket($path, Box::new(move |id| {
                tickets::$request {
                    request_id: request_id(),
                    ticket_id: id.to_owned(),
                    etag: STALE.to_owned(),
                    $($field: $value),*
                }
                .encode_to_vec()
            }))
        };
    }
    let assisting = city.assisting.order.clone();
    let confirmed = assisting.clone();
    let stranger = city.stranger.to_string();
    let fixed = tickets::TicketOutcome::Fixed.into();
    let mut table = vec![
        ticket(
            "/wangge.tickets.v1.TicketService/GetTicket",
            Box::new(|id| tickets::GetTicketRequest { id: id.to_owned() }.encode_to_vec()),
        ),
        ticket(
            "/wangge.tickets.v1.TicketService/ListTicketHistory",
            Box::new(|id| {
                tickets::ListTicketHistoryRequest {
                    ticket_id: id.to_owned(),
                    ..Default::default()
                }
                .encode_to_vec()
            }),
        ),
        ticket(
            "/wangge.tickets.v1.TicketService/ExplainTicketClocks",
            Box::new(|id| {
                tickets::ExplainTicketClocksRequest {
                    ticket_id: id.to_owned(),
                }
                .encode_to_vec()
            }),
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/FileTicket",
            FileTicketRequest {}
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/DeclineTicket",
            DeclineTicketRequest {
                reason: "不属实".to_owned(),
                outcome: fixed
            }
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/FixTicketOnTheSpot",
            FixTicketOnTheSpotRequest {
                result: "已扶正".to_owned()
            }
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/DispatchTicket",
            DispatchTicketRequest {
                lead_unit_id: stranger.clone(),
                assisting_unit_ids: Vec::new()
            }
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/WithdrawOrder",
            WithdrawOrderRequest {
                order_id: assisting.clone(),
                reason: "不用了".to_owned()
            }
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/ConfirmOrder",
            ConfirmOrderRequest {
                order_id: confirmed.clone()
            }
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/ConfirmTicket",
            ConfirmTicketRequest {}
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/SendBackTicket",
            SendBackTicketRequest {
                reason: "没修好".to_owned()
            }
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/PassTicket",
            PassTicketRequest { outcome: fixed }
        ),
        verb!(
            "/wangge.tickets.v1.TicketService/FailTicket",
            FailTicketRequest {
                reason: "没修好".to_owned()
            }
        ),
    ];
    for path in ORDER_VERBS {
        let order = city.lead.order.clone();
        let body = move |id: &str| order_verb(path, id, &order, STALE);
        table.push(Record {
            holders: vec![city.lead.unit, city.assisting.unit],
            ..record(path, &city.ticket, body)
        });
    }
    table.push(verb!(
        "/wangge.tickets.v1.TicketService/CancelTicket",
        CancelTicketRequest {
            reason: "误报".to_owned()
        }
    ));
    table
}
