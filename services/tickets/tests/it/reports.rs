//! Reports: validated, placed in a grid, or routed later. Organization is down in all tests.

use chrono::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    events::v1::{Event, SubscribeRequest, event::Payload},
    policy::Role,
    tickets::v1::{
        CreateTicketRequest, DeclineTicketRequest, ListTicketHistoryRequest, ListTicketsRequest,
        Ticket, TicketAction, TicketSource, TicketState,
    },
    types::v1::{CoordinateSystem, Point},
};
use wangge_places::coordinates::wgs84_to_gcj02;
use wangge_testkit::{eventually, fields, reason};

use crate::{
    ASSISTING, Bench, COMMUNITY, GRID, LEAD, NEIGHBOUR, OTHER_GRID, THIRD, Verb, a_while, act_as,
    create, feed::reader_of, report, request_id, square,
};

/// A point in the first grid. A map app shows a place in the second at these coordinates.
const PLACE: (f64, f64) = (119.978, 31.8);

fn point((longitude, latitude): (f64, f64), system: CoordinateSystem) -> Option<Point> {
    Some(Point {
        longitude,
        latitude,
        coordinate_system: system.into(),
    })
}

/// Returns a report without an area: the service must find its grid.
fn unplaced() -> Ticket {
    Ticket {
        area_code: String::new(),
        ..report()
    }
}

async fn refusal(bench: &Bench, ticket: Ticket) -> (Code, String, Vec<String>) {
    parts(&bench.report(ticket).await.unwrap_err())
}

fn parts(status: &Status) -> (Code, String, Vec<String>) {
    (status.code(), reason(status), fields(status))
}

fn invalid(fields: &[&str]) -> (Code, String, Vec<String>) {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    (Code::InvalidArgument, "FIELD_INVALID".into(), fields)
}

async fn unrouted(bench: &Bench) -> Vec<String> {
    let request = ListTicketsRequest {
        only_unrouted: true,
        ..Default::default()
    };
    let page = bench
        .leader
        .clone()
        .list_tickets(request)
        .await
        .unwrap()
        .into_inner();
    page.tickets.into_iter().map(|ticket| ticket.id).collect()
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let bench = Bench::start().await;
    let named = ["ticket.source", "ticket.category_code", "ticket.title"];
    assert_eq!(refusal(&bench, Ticket::default()).await, invalid(&named));
    let blank = Ticket {
        title: " 　".into(),
        ..report()
    };
    assert_eq!(refusal(&bench, blank).await, invalid(&["ticket.title"]));
    let mut client = bench.dispatcher.clone();
    let empty = CreateTicketRequest {
        request_id: request_id(),
        ticket: None,
    };
    let status = client.create_ticket(empty).await.unwrap_err();
    assert_eq!(parts(&status), invalid(&["ticket"]));
    for id in ["", "x", "0190"] {
        let request = CreateTicketRequest {
            request_id: id.into(),
            ..create(report())
        };
        let status = client.create_ticket(request).await.unwrap_err();
        assert_eq!(parts(&status), invalid(&["request_id"]));
    }
    let ticket = bench.reported().await;
    let unreasoned = DeclineTicketRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        ..DeclineTicketRequest::default()
    };
    let status = client.decline_ticket(unreasoned).await.unwrap_err();
    assert_eq!(parts(&status), invalid(&["reason", "outcome"]));
    let status = act_as(client, "x", Verb::Withdraw, "y", &request_id(), "")
        .await
        .unwrap_err();
    assert_eq!(parts(&status), invalid(&["ticket_id", "order_id"]));
}

#[tokio::test]
async fn what_breaks_a_rule_is_named() {
    let bench = Bench::start().await;
    let at = |longitude, latitude, system| Ticket {
        point: point((longitude, latitude), system),
        ..report()
    };
    let wgs = CoordinateSystem::Wgs84;
    for (ticket, field) in [
        (
            Ticket {
                id: "x".into(),
                ..report()
            },
            "ticket.id",
        ),
        (
            Ticket {
                source: 99,
                ..report()
            },
            "ticket.source",
        ),
        (
            Ticket {
                category_code: "city".into(),
                ..report()
            },
            "ticket.category_code",
        ),
        (
            Ticket {
                area_code: "32040é".into(),
                ..report()
            },
            "ticket.area_code",
        ),
        (
            Ticket {
                description: "长".repeat(2001),
                ..report()
            },
            "ticket.description",
        ),
        (
            Ticket {
                address: "长".repeat(201),
                ..report()
            },
            "ticket.address",
        ),
        (at(181.0, 0.0, wgs), "ticket.point.longitude"),
        (at(0.0, -91.0, wgs), "ticket.point.latitude"),
        (at(f64::NAN, 0.0, wgs), "ticket.point.longitude"),
        (
            at(119.9, 31.7, CoordinateSystem::Unspecified),
            "ticket.point.coordinate_system",
        ),
    ] {
        let (code, reason, mut fields) = refusal(&bench, ticket).await;
        fields.dedup();
        assert_eq!((code, reason, fields), invalid(&[field]));
    }
}

#[tokio::test]
async fn a_title_has_a_hundred_characters_at_most() {
    let bench = Bench::start().await;
    let titled = |length| Ticket {
        title: "长".repeat(length),
        ..report()
    };
    bench.report(titled(100)).await.unwrap();
    assert_eq!(
        refusal(&bench, titled(101)).await,
        invalid(&["ticket.title"])
    );
}

#[tokio::test]
async fn characters_that_cannot_be_kept_are_the_callers_fault() {
    let bench = Bench::start().await;
    for ticket in [
        Ticket {
            title: "占\0道".into(),
            ..report()
        },
        Ticket {
            description: "\0".into(),
            ..report()
        },
        Ticket {
            address: "\0".into(),
            ..report()
        },
    ] {
        let (code, reason, _) = refusal(&bench, ticket).await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::InvalidArgument, "FIELD_INVALID")
        );
    }
    let ticket = bench.reported().await;
    let request = DeclineTicketRequest {
        request_id: request_id(),
        ticket_id: ticket.id.clone(),
        reason: "a\0b".into(),
        outcome: 1,
        ..DeclineTicketRequest::default()
    };
    let status = bench
        .dispatcher
        .clone()
        .decline_ticket(request)
        .await
        .unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "FIELD_INVALID")
    );
    assert_eq!(bench.get(&ticket.id).await, ticket);
    // Any other text is returned unchanged.
    let odd = "\u{1}\u{feff}𠮷\"\\u0000{}'\u{202e}\n";
    let kept = bench
        .report(Ticket {
            title: odd.into(),
            ..report()
        })
        .await
        .unwrap();
    assert_eq!(bench.get(&kept.id).await.title, odd);
}

#[tokio::test]
async fn unknown_categories_and_areas_are_named() {
    let bench = Bench::start().await;
    let unknown = |field: &str| {
        (
            Code::InvalidArgument,
            "REFERENCE_UNKNOWN".to_owned(),
            vec![field.to_owned()],
        )
    };
    let ticket = Ticket {
        category_code: "0999".into(),
        ..report()
    };
    assert_eq!(
        refusal(&bench, ticket).await,
        unknown("ticket.category_code")
    );
    let ticket = Ticket {
        area_code: "320402003005009".into(),
        ..report()
    };
    assert_eq!(refusal(&bench, ticket).await, unknown("ticket.area_code"));
}

#[tokio::test]
async fn with_organization_down_a_report_is_taken_and_routed() {
    let bench = Bench::start().await;
    let ticket = Ticket {
        point: point(PLACE, CoordinateSystem::Wgs84),
        ..unplaced()
    };
    let made = bench.report(ticket).await.unwrap();
    assert_eq!((made.area_code.as_str(), made.routed), (GRID, true));
    assert_eq!(made.suggested_unit_id, LEAD.to_string());
    assert_eq!((made.state(), made.revision), (TicketState::Reported, 1));
    assert_eq!(
        made.reported_time.unwrap().seconds,
        bench.clock.now().timestamp()
    );
    assert_eq!(bench.get(&made.id).await, made);
    // A grid worker's own grid is the default.
    let mut worker = bench.client(Role::GridWorker, Some(OTHER_GRID), None);
    let made = worker
        .create_ticket(create(unplaced()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((made.area_code.as_str(), made.routed), (OTHER_GRID, true));
    assert_eq!(made.source(), TicketSource::GridWorker);
}

#[tokio::test]
async fn a_point_is_read_in_its_own_system() {
    let bench = Bench::start().await;
    let numbers = wgs84_to_gcj02(PLACE);
    for (system, grid) in [
        (CoordinateSystem::Gcj02, GRID),
        (CoordinateSystem::Wgs84, OTHER_GRID),
        (CoordinateSystem::Cgcs2000, OTHER_GRID),
    ] {
        let ticket = Ticket {
            point: point(numbers, system),
            ..unplaced()
        };
        let made = bench.report(ticket).await.unwrap();
        assert_eq!(
            (made.area_code.as_str(), made.routed),
            (grid, true),
            "{system:?}"
        );
        let kept = made.point.unwrap();
        assert_eq!(kept.coordinate_system(), CoordinateSystem::Wgs84);
        let expected = if grid == GRID { PLACE } else { numbers };
        assert!((kept.longitude - expected.0).abs() < 1e-6, "{kept:?}");
        assert!((kept.latitude - expected.1).abs() < 1e-6, "{kept:?}");
    }
    // A named grid takes precedence over the point.
    let ticket = Ticket {
        point: point(numbers, CoordinateSystem::Wgs84),
        ..report()
    };
    assert_eq!(bench.report(ticket).await.unwrap().area_code, GRID);
}

#[tokio::test]
async fn an_address_is_looked_up_in_the_address_book() {
    let bench = Bench::start().await;
    for (text, area) in [("富强新村12幢", GRID), ("富强新村", COMMUNITY)] {
        sqlx::query("insert into address_copy values ($1, $2, $3, 1)")
            .bind(Uuid::now_v7())
            .bind(text)
            .bind(area)
            .execute(&bench.database.background)
            .await
            .unwrap();
    }
    // Triggers a refresh of the snapshot.
    bench.duty(crate::DAYS, GRID, THIRD).await;
    let at = |address: &str| Ticket {
        address: address.into(),
        ..unplaced()
    };
    let made = bench.report(at("富强新村 １２幢３单元")).await.unwrap();
    assert_eq!((made.area_code.as_str(), made.routed), (GRID, true));
    // It is known to be in the community and waits for its grid.
    let made = bench.report(at("富强新村13幢")).await.unwrap();
    assert_eq!((made.area_code.as_str(), made.routed), (COMMUNITY, false));
    let made = bench.report(at("别的地方")).await.unwrap();
    assert_eq!((made.area_code.as_str(), made.routed), (COMMUNITY, false));
}

/// Reports a ticket to the district's hotline.
async fn to_hotline(bench: &Bench, ticket: Ticket) -> Result<Ticket, Status> {
    let mut hotline = bench.client(Role::System, Some("320402"), None);
    let taken = hotline.create_ticket(create(ticket)).await?;
    Ok(taken.into_inner())
}

#[tokio::test]
async fn what_two_communities_claim_goes_to_neither_in_silence() {
    let bench = Bench::start().await;
    // The neighbour's grid, with a code of the maximum length, overlaps ours, and so does
    // its address book.
    let greedy = format!("{NEIGHBOUR}00100000000000000001");
    bench.area(&greedy, 4, &square(119.97)).await;
    for (text, area) in [("富强新村", COMMUNITY), ("富强新村12幢", &greedy)] {
        sqlx::query("insert into address_copy values ($1, $2, $3, 1)")
            .bind(Uuid::now_v7())
            .bind(text)
            .bind(area)
            .execute(&bench.database.background)
            .await
            .unwrap();
    }
    bench.duty(crate::DAYS, GRID, THIRD).await;
    let at_point = Ticket {
        point: point(PLACE, CoordinateSystem::Wgs84),
        ..unplaced()
    };
    let at_address = Ticket {
        address: "富强新村12幢3单元".into(),
        ..unplaced()
    };
    for ticket in [at_point.clone(), at_address] {
        let taken = to_hotline(&bench, ticket).await.unwrap();
        assert_eq!((taken.area_code.as_str(), taken.routed), ("320402", false));
    }
    // A report that names the community, or whose caller belongs to it, means its grids.
    let named = Ticket {
        area_code: COMMUNITY.into(),
        ..at_point.clone()
    };
    let taken = to_hotline(&bench, named).await.unwrap();
    assert_eq!((taken.area_code.as_str(), taken.routed), (GRID, true));
    assert_eq!(bench.report(at_point).await.unwrap().area_code, GRID);
}

#[tokio::test]
async fn a_point_on_the_side_of_a_grid_lies_in_it_and_a_far_one_is_refused() {
    let bench = Bench::start().await;
    let at = |longitude: f64, latitude: f64| Ticket {
        point: point((longitude, latitude), CoordinateSystem::Wgs84),
        ..unplaced()
    };
    let taken = bench.report(at(119.969_99, 31.8)).await.unwrap();
    assert_eq!((taken.area_code.as_str(), taken.routed), (GRID, true));
    let taken = bench.report(at(119.9699, 31.8)).await.unwrap();
    assert_eq!((taken.area_code.as_str(), taken.routed), (COMMUNITY, false));
    for (longitude, latitude) in [(0.0, 0.0), (116.4, 39.9), (119.97, 32.1)] {
        let far = at(longitude, latitude);
        assert_eq!(
            refusal(&bench, far.clone()).await,
            invalid(&["ticket.point"])
        );
        let refused = to_hotline(&bench, far).await.unwrap_err();
        assert_eq!(parts(&refused), invalid(&["ticket.point"]));
    }
}

#[tokio::test]
async fn names_of_areas_may_stand_before_an_address() {
    let bench = Bench::start().await;
    sqlx::query("insert into address_copy values ($1, '富强新村17幢', $2, 1)")
        .bind(Uuid::now_v7())
        .bind(GRID)
        .execute(&bench.database.background)
        .await
        .unwrap();
    sqlx::query(
        "insert into area_copy_name select id, '天宁区', 1 from area_copy where code = '320402'",
    )
    .execute(&bench.database.background)
    .await
    .unwrap();
    bench.duty(crate::DAYS, GRID, THIRD).await;
    for address in [
        "常州市天宁区富强新村十七号楼",
        "富強新村１７栋2单元",
        "富强新村17号楼",
    ] {
        let ticket = Ticket {
            address: address.into(),
            ..unplaced()
        };
        let taken = bench.report(ticket).await.unwrap();
        assert_eq!(
            (taken.area_code.as_str(), taken.routed),
            (GRID, true),
            "{address}"
        );
    }
    let ticket = Ticket {
        address: "富强新村117幢".into(),
        ..unplaced()
    };
    assert!(!bench.report(ticket).await.unwrap().routed);
}

#[tokio::test]
async fn a_ticket_that_cannot_be_read_keeps_no_other_from_being_routed() {
    let bench = Bench::start().await;
    let far = Ticket {
        point: point((120.025, 31.8), CoordinateSystem::Wgs84),
        ..unplaced()
    };
    let broken = bench.report(far.clone()).await.unwrap();
    let waiting = bench.report(far).await.unwrap();
    let write_source = async |source: i16| {
        sqlx::query("update ticket set source = $2 where id = $1")
            .bind(Uuid::parse_str(&broken.id).unwrap())
            .bind(source)
            .execute(&bench.database.background)
            .await
            .unwrap();
    };
    write_source(99).await;
    bench.area("320402003005003", 4, &square(120.02)).await;
    eventually(|| async { bench.get(&waiting.id).await.routed.then_some(()) }).await;
    // Repaired, it is routed after the next change.
    write_source(1).await;
    assert!(!bench.get(&broken.id).await.routed);
    bench.area("320402003005004", 4, "").await;
    eventually(|| async { bench.get(&broken.id).await.routed.then_some(()) }).await;
}

#[tokio::test]
async fn what_cannot_be_routed_waits_and_is_routed_when_its_grid_comes() {
    let bench = Bench::start().await;
    let far = Ticket {
        point: point((120.025, 31.8), CoordinateSystem::Wgs84),
        ..unplaced()
    };
    let waiting = bench.report(far.clone()).await.unwrap();
    assert_eq!(
        (waiting.area_code.as_str(), waiting.routed),
        (COMMUNITY, false)
    );
    let declined = bench.report(far.clone()).await.unwrap();
    bench.go(&declined, Verb::Decline).await;
    let at_work = bench.report(far).await.unwrap();
    bench.go(&at_work, Verb::File).await;
    bench.go(&at_work, Verb::Dispatch).await;
    bench.reported().await;
    let ids = [at_work.id.clone(), declined.id.clone(), waiting.id.clone()];
    assert_eq!(unrouted(&bench).await, ids);

    let grid = "320402003005003";
    bench.duty(crate::HOURS, "320402", THIRD).await;
    bench.area(grid, 4, &square(120.02)).await;
    eventually(|| async { (unrouted(&bench).await == ids[1..2]).then_some(()) }).await;
    let routed = bench.get(&waiting.id).await;
    assert_eq!(
        (routed.area_code.as_str(), routed.routed, routed.revision),
        (grid, true, 2)
    );
    assert_eq!(
        (routed.state(), routed.suggested_unit_id),
        (TicketState::Reported, LEAD.to_string())
    );
    let history = bench.history(&waiting.id).await;
    assert_eq!(
        (history[1].action(), history[1].actor.as_str()),
        (TicketAction::Route, "wangge")
    );
    let events = bench.events_of(&waiting.id, 2).await;
    assert!(events.iter().map(|event| event.revision).eq(1..=2));
    // From now on, readers of the grid's feed receive the ticket, with its whole state.
    let mut messages = reader_of(&bench, grid)
        .subscribe(SubscribeRequest::default())
        .await
        .unwrap()
        .into_inner();
    let mut seen = Vec::new();
    while let Some(message) = messages.message().await.unwrap() {
        let of_ticket = |event: &Event| event.record_id == waiting.id;
        seen.extend(message.events.into_iter().filter(of_ticket));
    }
    assert_eq!(seen, events[1..]);
    let Some(Payload::TicketChanged(changed)) = &seen[0].payload else {
        panic!("{seen:?}");
    };
    assert_eq!(
        (
            changed.area_code.as_str(),
            changed.state(),
            &changed.category_code
        ),
        (grid, TicketState::Reported, &waiting.category_code)
    );
    let routed = bench.get(&at_work.id).await;
    assert_eq!(
        (routed.state(), routed.revision),
        (TicketState::PendingAcceptance, 4)
    );
    assert_eq!(routed.orders.len(), 2);
    // Routed exactly once.
    a_while().await;
    assert_eq!(bench.get(&waiting.id).await.revision, 2);
    assert_eq!(bench.get(&declined.id).await.revision, 2);
    bench.go_by(&at_work, Verb::Accept, ASSISTING).await;
}

#[tokio::test]
async fn a_grid_takes_reports_from_its_first_day_to_its_last() {
    let bench = Bench::start().await;
    let insert = "with new as (update reference_version set version = version + 1) \
                  insert into area_copy values ($1, '320402003005004', 4, $2, '2022-07-29', '2022-07-30', 1)";
    sqlx::query(insert)
        .bind(Uuid::now_v7())
        .bind(square(120.03))
        .execute(&bench.database.background)
        .await
        .unwrap();
    bench.duty(crate::DAYS, GRID, THIRD).await;
    let there = Ticket {
        point: point((120.035, 31.8), CoordinateSystem::Wgs84),
        ..unplaced()
    };
    let waiting = bench.report(there.clone()).await.unwrap();
    assert!(!waiting.routed);
    // Advances to midnight in Shanghai.
    bench.clock.advance(Duration::hours(14));
    eventually(|| async { bench.get(&waiting.id).await.routed.then_some(()) }).await;
    assert!(bench.report(there.clone()).await.unwrap().routed);
    bench.clock.advance(Duration::hours(24));
    eventually(|| async {
        let made = bench.report(there.clone()).await.unwrap();
        (!made.routed).then_some(())
    })
    .await;
}

#[tokio::test]
async fn lists_refuse_bad_pages() {
    let bench = Bench::start().await;
    bench.reported().await;
    let second = bench.reported().await;
    let mut client = bench.leader.clone();
    let list = |page_token: &str, page_size, states| ListTicketsRequest {
        page_token: page_token.into(),
        page_size,
        states,
        ..ListTicketsRequest::default()
    };
    let page = client
        .list_tickets(list("", 1, vec![]))
        .await
        .unwrap()
        .into_inner();
    let token = page.next_page_token;
    assert_eq!(page.tickets, [second.clone()]);
    let bad_token = (
        Code::InvalidArgument,
        "PAGE_TOKEN_INVALID".to_owned(),
        vec!["page_token".to_owned()],
    );
    for request in [
        list("x", 1, vec![]),
        list("☃", 1, vec![]),
        list(&token, 1, vec![1]),
    ] {
        let status = client.list_tickets(request).await.unwrap_err();
        assert_eq!(parts(&status), bad_token);
    }
    let lines = ListTicketHistoryRequest {
        ticket_id: second.id.clone(),
        page_token: token.clone(),
        ..ListTicketHistoryRequest::default()
    };
    assert_eq!(
        parts(&client.list_ticket_history(lines).await.unwrap_err()),
        bad_token
    );
    let status = client.list_tickets(list("", -1, vec![])).await.unwrap_err();
    assert_eq!(parts(&status), invalid(&["page_size"]));
    let status = client.list_tickets(list("", 0, vec![0])).await.unwrap_err();
    assert_eq!(parts(&status), invalid(&["states[0]"]));
    // A page token grants nothing: every page is read within the caller's scope.
    let mut neighbour = bench.client(Role::Leader, Some(crate::NEIGHBOUR), None);
    let page = neighbour
        .list_tickets(list(&token, 1, vec![]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((page.tickets.len(), page.next_page_token.as_str()), (0, ""));
}
