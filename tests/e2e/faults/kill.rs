//! The process is stopped by a signal, or killed.

use futures::{StreamExt as _, stream::FuturesUnordered};
use sqlx::{Connection as _, PgConnection};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use wangge_api::{
    events::v1::{SubscribeRequest, event::Payload, feed_service_client::FeedServiceClient},
    policy::Role,
    tickets::v1::{CreateTicketRequest, Ticket},
};
use wangge_testkit::HANG_TIMEOUT;
use wangge_tests::{
    DataDir, Dice, Service, Wangge,
    city::{make_ground, report, request_id, tickets},
    feed, until,
};

/// An idle client, an open watch and an open stream would each block a graceful shutdown
/// forever.
#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_it_ends_whatever_its_clients_do() {
    let data_dir = DataDir::new();
    let up = Wangge::up(&data_dir, &[], &[]).await;
    let mut watches = Vec::new();
    for service in Service::ALL {
        let mut idle = HealthClient::new(up.bare(service));
        idle.check(HealthCheckRequest::default())
            .await
            .expect("health answers");
        let mut watching = HealthClient::new(up.bare(service));
        let watch = watching
            .watch(HealthCheckRequest::default())
            .await
            .expect("a watch");
        watches.push((idle, watch.into_inner()));
    }
    let mut streams = Vec::new();
    for service in Service::FEEDS {
        let request = SubscribeRequest {
            follow: true,
            ..Default::default()
        };
        let channel = up.everywhere(service, Role::System);
        let stream = FeedServiceClient::new(channel)
            .subscribe(request)
            .await
            .expect("a feed");
        let mut stream = stream.into_inner();
        stream.message().await.expect("a checkpoint");
        streams.push(stream);
    }
    let ended = tokio::time::timeout(HANG_TIMEOUT, up.terminate()).await;
    let (ended, stderr) = ended.expect("it ends although it is held");
    assert!(ended.success(), "{ended}: {}", stderr.text());
    // Readers of feeds receive a reason, so that they can continue at another replica.
    for mut stream in streams {
        let last = loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the feed ended as if that were its end"),
                Err(status) => break status,
            }
        };
        assert_eq!(last.code(), Code::Unavailable, "{last:?}");
        assert_eq!(wangge_testkit::reason(&last), "SHUTTING_DOWN");
    }
}

/// Writes are in flight when the process is killed. An acknowledged one has taken effect
/// exactly once, any other at most once, and retrying all of them completes the rest.
#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_writes_nothing_acknowledged_is_lost() {
    let mut dice = Dice::new();
    let data_dir = DataDir::new();
    let mut up = Wangge::up(&data_dir, &[], &[]).await;
    make_ground(&up).await;
    let requests: Vec<CreateTicketRequest> = (0..600)
        .map(|number| {
            let ticket = Ticket {
                description: format!("第{number}件"),
                ..report()
            };
            CreateTicketRequest {
                request_id: request_id(),
                ticket: Some(ticket),
            }
        })
        .collect();
    let mut acknowledged: Vec<Option<String>> = vec![None; requests.len()];
    for _ in 0..3 {
        let enough = 20 + dice.below(150);
        write_until_killed(up, &requests, &mut acknowledged, enough).await;
        up = Wangge::up(&data_dir, &[], &[]).await;
    }
    let done = acknowledged.iter().flatten().count();
    println!(
        "{done} of {} were acknowledged before the last kill",
        requests.len()
    );

    // Every request once more, including those that were acknowledged.
    let staff = tickets(&up, Role::Staff, "", None);
    for (request, before) in requests.iter().zip(&acknowledged) {
        let made = until(|| {
            let (mut staff, request) = (staff.clone(), request.clone());
            async move { staff.create_ticket(request).await.ok() }
        })
        .await
        .into_inner();
        if let Some(id) = before {
            assert_eq!(&made.id, id, "the second answer is of another ticket");
        }
        assert_eq!(made.revision, 1);
    }
    let options = data_dir.database("tickets");
    let mut database = PgConnection::connect_with(&options)
        .await
        .expect("the database");
    // Wait until each event has been numbered.
    let mut open = 1_i64;
    while open > 0 {
        let count = sqlx::query_scalar("select count(*) from outbox where position is null");
        open = count.fetch_one(&mut database).await.expect("a count");
    }
    let events = feed::read(&up, Service::Tickets).await.expect("the feed");
    feed::assert_whole(&events);
    let made = events
        .iter()
        .filter(|event| matches!(event.payload, Some(Payload::TicketChanged(_))));
    // Plus the first ticket, created by `make_ground`.
    assert_eq!(
        made.count(),
        requests.len() + 1,
        "a request took effect twice"
    );
    up.terminate().await;
}

/// Sends the unacknowledged requests concurrently, and kills the process once enough of
/// them have been acknowledged.
async fn write_until_killed(
    up: Wangge,
    requests: &[CreateTicketRequest],
    acknowledged: &mut [Option<String>],
    enough: usize,
) {
    let staff = tickets(&up, Role::Staff, "", None);
    let open: Vec<usize> = (0..requests.len())
        .filter(|number| acknowledged[*number].is_none())
        .collect();
    let mut calls: FuturesUnordered<_> = open
        .into_iter()
        .map(|number| {
            let (mut staff, request) = (staff.clone(), requests[number].clone());
            async move { (number, staff.create_ticket(request).await) }
        })
        .collect();
    let mut up = Some(up);
    let mut answered = 0;
    while let Some((number, answer)) = calls.next().await {
        if let Ok(ticket) = answer {
            acknowledged[number] = Some(ticket.into_inner().id);
            answered += 1;
        }
        if answered >= enough
            && let Some(up) = up.take()
        {
            up.kill().await;
        }
    }
}
