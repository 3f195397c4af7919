//! Lists: complete, in order, filtered.

use chrono::Duration;
use wangge_api::{
    policy::Role,
    tickets::v1::{
        HistoryEntry, ListTicketHistoryRequest, ListTicketsRequest, Ticket, TicketState,
    },
};

use crate::{
    ASSISTING, Bench, COMMUNITY, FOREIGN, GRID, LEAD, NEIGHBOUR, OTHER_GRID, THIRD, Tickets, Verb,
    create, report,
};

/// Returns all pages of a list.
async fn all(client: &Tickets, request: ListTicketsRequest) -> Vec<Ticket> {
    let (mut client, mut request, mut tickets) = (client.clone(), request, Vec::new());
    loop {
        let page = client
            .list_tickets(request.clone())
            .await
            .unwrap()
            .into_inner();
        let asked = usize::try_from(request.page_size).unwrap();
        assert!(asked == 0 || page.tickets.len() <= asked);
        assert!(page.next_page_token.is_empty() || page.tickets.len() == asked);
        tickets.extend(page.tickets);
        if page.next_page_token.is_empty() {
            return tickets;
        }
        request.page_token = page.next_page_token;
    }
}

fn ids(tickets: &[Ticket]) -> Vec<String> {
    tickets.iter().map(|ticket| ticket.id.clone()).collect()
}

fn list() -> ListTicketsRequest {
    ListTicketsRequest::default()
}

#[tokio::test]
async fn pages_hold_everything_once_newest_first() {
    let bench = Bench::start().await;
    let mut made = Vec::new();
    for number in 0..26 {
        // Several tickets have the same report time.
        if number % 4 == 0 {
            bench.clock.advance(Duration::seconds(1));
        }
        made.push(bench.reported().await);
    }
    made.sort_by_key(|ticket| {
        let time = ticket.reported_time.unwrap();
        std::cmp::Reverse((time.seconds, time.nanos, ticket.id.clone()))
    });
    for page_size in [1, 7, 13, 26, 50, 0, i32::MAX] {
        let listed = all(
            &bench.leader,
            ListTicketsRequest {
                page_size,
                ..list()
            },
        )
        .await;
        assert_eq!(listed, made, "{page_size}");
    }
    // Tickets reported while paging are newer than any page to come.
    let request = ListTicketsRequest {
        page_size: 10,
        ..list()
    };
    let first = bench
        .leader
        .clone()
        .list_tickets(request.clone())
        .await
        .unwrap()
        .into_inner();
    bench.clock.advance(Duration::seconds(1));
    bench.reported().await;
    let request = ListTicketsRequest {
        page_token: first.next_page_token,
        ..request
    };
    let rest = all(&bench.leader, request).await;
    assert_eq!([first.tickets, rest].concat(), made);
}

#[tokio::test]
async fn filters_narrow_and_never_widen() {
    let bench = Bench::start().await;
    let reported = bench.reported().await;
    let filed = bench
        .report(Ticket {
            area_code: OTHER_GRID.into(),
            ..report()
        })
        .await
        .unwrap();
    bench.go(&filed, Verb::File).await;
    let dispatched = bench.dispatched().await;
    let mut neighbour = bench.client(Role::Leader, Some(NEIGHBOUR), None);
    let beside = create(Ticket {
        area_code: NEIGHBOUR.into(),
        ..report()
    });
    let beside = neighbour.create_ticket(beside).await.unwrap().into_inner();

    let states = |states: &[TicketState]| ListTicketsRequest {
        states: states.iter().map(|state| (*state).into()).collect(),
        ..list()
    };
    let listed = |request: ListTicketsRequest| async { ids(&all(&bench.leader, request).await) };
    assert_eq!(
        listed(states(&[TicketState::Reported])).await,
        [reported.id.clone()]
    );
    let two = states(&[TicketState::PendingDispatch, TicketState::PendingAcceptance]);
    assert_eq!(listed(two).await, [dispatched.id.clone(), filed.id.clone()]);
    assert!(listed(states(&[TicketState::Closed])).await.is_empty());

    let unit = |unit: uuid::Uuid| ListTicketsRequest {
        unit_id: unit.to_string(),
        ..list()
    };
    assert_eq!(listed(unit(LEAD)).await, [dispatched.id.clone()]);
    assert_eq!(listed(unit(ASSISTING)).await, [dispatched.id.clone()]);
    assert!(listed(unit(THIRD)).await.is_empty());
    bench.go_by(&dispatched, Verb::Withdraw, ASSISTING).await;
    assert!(listed(unit(ASSISTING)).await.is_empty());

    let within = |code: &str| ListTicketsRequest {
        within_code: code.into(),
        ..list()
    };
    assert_eq!(
        listed(within(GRID)).await,
        [dispatched.id.clone(), reported.id.clone()]
    );
    assert_eq!(listed(within(COMMUNITY)).await.len(), 3);
    // An area around the caller's own, and one beside it.
    assert_eq!(listed(within("320402")).await.len(), 3);
    assert!(listed(within(NEIGHBOUR)).await.is_empty());
    let street = bench.client(Role::Leader, Some("320402003"), None);
    assert_eq!(
        ids(&all(&street, within(NEIGHBOUR)).await),
        [beside.id.clone()]
    );
    assert_eq!(all(&street, list()).await.len(), 4);
    // A clerk's own tickets can be filtered by area, too.
    let clerk = bench.clerk(LEAD);
    assert_eq!(
        ids(&all(&clerk, within(COMMUNITY)).await),
        [dispatched.id.clone()]
    );
    assert!(all(&clerk, within(FOREIGN)).await.is_empty());
    // All filters combined.
    let request = ListTicketsRequest {
        unit_id: LEAD.to_string(),
        ..states(&[TicketState::PendingAcceptance])
    };
    assert_eq!(
        listed(ListTicketsRequest {
            within_code: GRID.into(),
            ..request.clone()
        })
        .await,
        [dispatched.id]
    );
    assert!(
        listed(ListTicketsRequest {
            within_code: OTHER_GRID.into(),
            ..request
        })
        .await
        .is_empty()
    );
}

#[tokio::test]
async fn a_history_has_pages() {
    let bench = Bench::start().await;
    let ticket = bench.dispatched().await;
    bench.go(&ticket, Verb::Accept).await;
    bench.go(&ticket, Verb::Submit).await;
    let whole = bench.history(&ticket.id).await;
    assert_eq!(whole.len(), 5);
    for page_size in [1, 2, 5, 6] {
        let mut lines: Vec<HistoryEntry> = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListTicketHistoryRequest {
                page_size,
                page_token,
                ticket_id: ticket.id.clone(),
            };
            let page = bench
                .leader
                .clone()
                .list_ticket_history(request)
                .await
                .unwrap()
                .into_inner();
            lines.extend(page.entries);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(lines, whole);
    }
}
