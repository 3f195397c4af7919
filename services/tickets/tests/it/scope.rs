//! Visibility of tickets. A hidden ticket reads like a missing one.

use tonic::{Code, Status};
use uuid::Uuid;
use wangge_api::{
    policy::Role,
    tickets::v1::{
        ExplainTicketClocksRequest, ListResponsibilitiesRequest, ListTicketHistoryRequest,
        ListTicketsRequest, Ticket,
    },
};
use wangge_testkit::{channel, fields, reason, token};

use crate::{
    ASSISTING, Bench, COMMUNITY, FOREIGN, GRID, LEAD, NEIGHBOUR, OTHER_GRID, THIRD, Tickets, Verb,
    act_as, create, get, order_of, report, request_id,
};

const VERBS_BY_AREA: [Verb; 9] = [
    Verb::File,
    Verb::Decline,
    Verb::Dispatch,
    Verb::Withdraw,
    Verb::ConfirmOrder,
    Verb::Confirm,
    Verb::SendBack,
    Verb::Pass,
    Verb::Fail,
];
const VERBS_BY_HOLDING: [Verb; 5] = [
    Verb::Accept,
    Verb::Assign,
    Verb::Submit,
    Verb::Return,
    Verb::Refuse,
];

/// Returns a refusal's code, message and details, without the id that was asked for.
pub(crate) fn told(status: &Status, id: &str) -> (Code, String, String) {
    let details = String::from_utf8_lossy(status.details()).replace(id, "ID");
    (status.code(), status.message().replace(id, "ID"), details)
}

async fn explain(client: &mut Tickets, id: &str) -> Result<(), Status> {
    let request = ExplainTicketClocksRequest {
        ticket_id: id.into(),
    };
    client.explain_ticket_clocks(request).await.map(drop)
}

async fn history(client: &mut Tickets, id: &str) -> Result<(), Status> {
    let request = ListTicketHistoryRequest {
        ticket_id: id.into(),
        ..Default::default()
    };
    client.list_ticket_history(request).await.map(drop)
}

async fn listed(client: &mut Tickets) -> Vec<String> {
    let page = client
        .list_tickets(ListTicketsRequest::default())
        .await
        .unwrap()
        .into_inner();
    page.tickets.into_iter().map(|ticket| ticket.id).collect()
}

/// Asserts that every call on a ticket is refused as for a missing one.
async fn assert_hidden(client: &Tickets, ticket: &Ticket, verbs: &[Verb]) {
    let missing = request_id();
    let mut client = client.clone();
    let hidden = get(&mut client, &ticket.id).await.unwrap_err();
    assert_eq!(
        (hidden.code(), reason(&hidden).as_str()),
        (Code::NotFound, "RECORD_NOT_FOUND")
    );
    let pairs = [
        (hidden, get(&mut client, &missing).await.unwrap_err()),
        (
            explain(&mut client, &ticket.id).await.unwrap_err(),
            explain(&mut client, &missing).await.unwrap_err(),
        ),
        (
            history(&mut client, &ticket.id).await.unwrap_err(),
            history(&mut client, &missing).await.unwrap_err(),
        ),
    ];
    for (hidden, absent) in pairs {
        assert_eq!(told(&hidden, &ticket.id), told(&absent, &missing));
    }
    let order = order_of(ticket, LEAD);
    for verb in verbs {
        let call = |id: String, etag: &'static str| {
            let (client, order) = (client.clone(), order.clone());
            async move {
                act_as(client, &id, *verb, &order, &request_id(), etag)
                    .await
                    .unwrap_err()
            }
        };
        for etag in ["", "1"] {
            let hidden = call(ticket.id.clone(), etag).await;
            assert_eq!(reason(&hidden), "RECORD_NOT_FOUND");
            let absent = call(missing.clone(), etag).await;
            assert_eq!(
                told(&hidden, &ticket.id),
                told(&absent, &missing),
                "{verb:?}"
            );
        }
    }
    assert!(!listed(&mut client).await.contains(&ticket.id));
}

#[tokio::test]
async fn another_community_sees_nothing() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    for area in [NEIGHBOUR, FOREIGN, OTHER_GRID, "999999"] {
        let dispatcher = bench.client(Role::Dispatcher, Some(area), None);
        assert_hidden(&dispatcher, &ticket, &VERBS_BY_AREA).await;
        let leader = bench.client(Role::Leader, Some(area), None);
        assert_hidden(&leader, &ticket, &[Verb::Cancel]).await;
    }
    // A caller without an area sees nothing by area.
    let nowhere = bench.client(Role::Dispatcher, None, None);
    assert_hidden(&nowhere, &ticket, &VERBS_BY_AREA).await;
    assert_eq!(bench.get(&ticket.id).await, ticket);
}

#[tokio::test]
async fn whoever_is_above_sees_what_lies_below() {
    let bench = Bench::start().await;
    let in_grid = bench.reported().await;
    let waiting = bench
        .report(Ticket {
            area_code: COMMUNITY.into(),
            ..report()
        })
        .await
        .unwrap();
    let both = [waiting.id.clone(), in_grid.id.clone()];
    for area in ["", "320402", "320402003", COMMUNITY] {
        let mut leader = bench.client(Role::Leader, Some(area), None);
        assert_eq!(listed(&mut leader).await, both);
        get(&mut leader, &in_grid.id).await.unwrap();
    }
    let mut worker = bench.client(Role::GridWorker, Some(GRID), None);
    assert_eq!(listed(&mut worker).await, both[1..]);
    assert_eq!(
        get(&mut worker, &waiting.id).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn a_unit_sees_a_ticket_while_it_holds_a_live_order() {
    let bench = Bench::start().await;
    let ticket = bench.reported().await;
    bench.go(&ticket, Verb::File).await;
    let mut clerk = bench.clerk(LEAD);
    assert_hidden(&clerk, &ticket, &VERBS_BY_HOLDING).await;
    let dispatched = bench.go(&ticket, Verb::Dispatch).await;
    assert_eq!(get(&mut clerk, &ticket.id).await.unwrap(), dispatched);
    assert_eq!(listed(&mut clerk).await, std::slice::from_ref(&ticket.id));
    history(&mut clerk, &ticket.id).await.unwrap();
    explain(&mut clerk, &ticket.id).await.unwrap();
    assert_hidden(&bench.clerk(THIRD), &dispatched, &VERBS_BY_HOLDING).await;

    // Once returned, it is hidden, for the assisting unit too.
    bench.go(&ticket, Verb::Return).await;
    for unit in [LEAD, ASSISTING] {
        assert_hidden(&bench.clerk(unit), &dispatched, &VERBS_BY_HOLDING).await;
    }
    let again = bench.go(&ticket, Verb::Dispatch).await;
    bench.go_by(&ticket, Verb::Withdraw, ASSISTING).await;
    assert_hidden(&bench.clerk(ASSISTING), &again, &VERBS_BY_HOLDING).await;
    // A unit that has completed its order still sees the ticket.
    for verb in [Verb::Accept, Verb::Submit, Verb::Confirm, Verb::Pass] {
        bench.go(&ticket, verb).await;
        get(&mut clerk, &ticket.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_clerk_with_an_area_sees_nothing_by_it() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    let clerk = bench.client(Role::Department, Some(COMMUNITY), Some(THIRD));
    assert_hidden(&clerk, &ticket, &VERBS_BY_HOLDING).await;
    let unitless = bench.client(Role::Department, Some(COMMUNITY), None);
    assert_hidden(&unitless, &ticket, &VERBS_BY_HOLDING).await;
}

#[tokio::test]
async fn a_dispatcher_handles_no_order_of_others() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    let order = order_of(&ticket, LEAD);
    for verb in VERBS_BY_HOLDING {
        let dispatcher = bench.dispatcher.clone();
        let status = act_as(dispatcher, &ticket.id, verb, &order, &request_id(), "")
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "{verb:?}");
    }
    // A dispatcher with a unit can act on that unit's orders.
    let client = bench.client(Role::Dispatcher, Some(COMMUNITY), Some(LEAD));
    act_as(client, &ticket.id, Verb::Accept, &order, &request_id(), "")
        .await
        .unwrap();
}

#[tokio::test]
async fn another_units_order_is_not_there() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    let other = bench.dispatched().await;
    let missing = request_id();
    for verb in VERBS_BY_HOLDING {
        let call = |order: String| {
            let (client, id) = (bench.clerk(ASSISTING), ticket.id.clone());
            async move {
                act_as(client, &id, verb, &order, &request_id(), "")
                    .await
                    .unwrap_err()
            }
        };
        let absent = call(missing.clone()).await;
        assert_eq!(
            (absent.code(), reason(&absent).as_str()),
            (Code::NotFound, "RECORD_NOT_FOUND")
        );
        // The lead's order, and the unit's own order on another ticket.
        for order in [order_of(&ticket, LEAD), order_of(&other, ASSISTING)] {
            let hidden = call(order.clone()).await;
            assert_eq!(told(&hidden, &order), told(&absent, &missing), "{verb:?}");
        }
    }
    assert_eq!(bench.get(&ticket.id).await, ticket);
}

#[tokio::test]
async fn roles_are_asked_before_anything_else() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    let worker = bench.client(Role::GridWorker, Some(COMMUNITY), None);
    for verb in VERBS_BY_AREA
        .iter()
        .chain(&VERBS_BY_HOLDING)
        .chain(&[Verb::Cancel])
    {
        // Authorisation comes first: not even the format of the request is validated.
        let status = act_as(worker.clone(), "x", *verb, "x", "x", "")
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{verb:?}");
        assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
    }
    let dispatcher = bench.dispatcher.clone();
    let status = act_as(dispatcher, &ticket.id, Verb::Cancel, "", &request_id(), "")
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
    let status = bench
        .clerk(LEAD)
        .create_ticket(create(report()))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "ROLE_NOT_ALLOWED");
}

#[tokio::test]
async fn reports_are_taken_for_ones_own_area_only() {
    let bench = Bench::start().await;
    for area in [NEIGHBOUR, FOREIGN, "320402003005999", "320402"] {
        let status = bench
            .report(Ticket {
                area_code: area.into(),
                ..report()
            })
            .await
            .unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_str()),
            (Code::InvalidArgument, "REFERENCE_UNKNOWN")
        );
        assert_eq!(fields(&status), ["ticket.area_code"]);
    }
    let mut everywhere = bench.client(Role::Leader, Some(""), None);
    let unplaced = create(Ticket {
        area_code: String::new(),
        ..report()
    });
    let status = everywhere.create_ticket(unplaced).await.unwrap_err();
    assert_eq!(
        (reason(&status).as_str(), fields(&status)),
        ("FIELD_INVALID", vec!["ticket.area_code".to_owned()])
    );
}

#[tokio::test]
async fn the_duty_list_is_read_within_ones_area() {
    let bench = Bench::start().await;
    bench.duty(crate::DAYS, FOREIGN, THIRD).await;
    for (area, count) in [("", 2), (COMMUNITY, 1), (FOREIGN, 1), (NEIGHBOUR, 0)] {
        let token = token(&[Role::Staff], Some(area), None);
        let mut client = crate::Categories::new(channel(&bench.url, &token));
        let page = client
            .list_responsibilities(ListResponsibilitiesRequest::default())
            .await
            .unwrap();
        assert_eq!(page.into_inner().responsibilities.len(), count, "{area}");
    }
    let unit = Uuid::now_v7();
    let mut clerk = bench.clerk(unit);
    assert!(listed(&mut clerk).await.is_empty());
}
