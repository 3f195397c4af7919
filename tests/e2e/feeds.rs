//! The kinds of records in the feeds of all services.

use std::collections::BTreeSet;

use tonic::{Code, Status};
use wangge_api::{
    events::v1::{Event, SubscribeRequest, feed_service_client::FeedServiceClient},
    policy::Role,
};
use wangge_tests::{City, Service, World, feed, plain::KINDS, until};

/// Kinds whose events have payloads of their own, which the table of kinds leaves out.
const OTHERS: [(Service, &[&str]); 3] = [
    (
        Service::Organization,
        &["address", "appointment", "area", "published_figure", "unit"],
    ),
    (Service::Tickets, &["category", "responsibility", "ticket"]),
    (Service::Volunteers, &["check_in_visit", "registration"]),
];

/// Returns the kinds of records in the feed of a service.
fn kinds(service: Service) -> BTreeSet<&'static str> {
    let plain = KINDS.iter();
    let plain = plain.filter(|kind| Service::of(kind.list()) == [service]);
    let others = OTHERS.iter().filter(|(other, _)| *other == service);
    let others = others.flat_map(|(_, kinds)| kinds.iter().copied());
    plain.map(|kind| kind.kind).chain(others).collect()
}

async fn read(world: &World, service: Service, kinds: &[&str]) -> Result<Vec<Event>, Status> {
    let channel = world.everywhere(service, Role::Service);
    let request = SubscribeRequest {
        kinds: kinds.iter().copied().map(str::to_owned).collect(),
        ..SubscribeRequest::default()
    };
    let mut client = FeedServiceClient::new(channel);
    let mut messages = client.subscribe(request).await?.into_inner();
    let mut events = Vec::new();
    while let Some(message) = messages.message().await? {
        events.extend(message.events);
    }
    Ok(events)
}

/// A feed can be limited to every kind that it has events of, and to no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_feed_can_be_limited_to_each_of_its_kinds() {
    let world = World::start().await;
    let _city = City::build(&world).await;
    let all: BTreeSet<&str> = Service::FEEDS.into_iter().flat_map(kinds).collect();
    for service in Service::FEEDS {
        until(|| async {
            let pool = &world.databases.of(service).calls;
            let waiting: i64 =
                sqlx::query_scalar("select count(*) from outbox where position is null")
                    .fetch_one(pool)
                    .await
                    .expect("a count");
            (waiting == 0).then_some(())
        })
        .await;
        let events = feed::read(&world, service).await.expect("the feed");
        let seen: BTreeSet<&str> = events.iter().map(|event| event.kind.as_str()).collect();
        let own = kinds(service);
        // Figures are imported only, and no city of these tests has one.
        let expected: BTreeSet<&str> = own
            .iter()
            .copied()
            .filter(|kind| *kind != "published_figure")
            .collect();
        assert_eq!(seen, expected, "{}", service.name());
        for kind in &all {
            let read = read(&world, service, &[kind]).await;
            if own.contains(kind) {
                let of_kind = events.iter().filter(|event| event.kind == **kind);
                assert!(read.expect("the feed").iter().eq(of_kind), "{kind}");
            } else {
                assert_eq!(read.expect_err(kind).code(), Code::InvalidArgument);
            }
        }
        let people = read(&world, service, &["person"]).await;
        assert_eq!(people.expect_err("no events").code(), Code::InvalidArgument);
    }
}
