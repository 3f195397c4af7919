//! PostgreSQL stops under running services, and comes back.

use tokio::sync::watch;
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use wangge_api::{
    events::v1::{Event, SubscribeRequest, feed_service_client::FeedServiceClient},
    organization::v1::AreaKind,
    policy::{METHODS, Role, policy},
    reporting::v1::{GetCaseTableRequest, report_service_client::ReportServiceClient},
    tickets::v1::{CreateTicketRequest, Ticket},
};
use wangge_private_postgres::{Lifetime, Options, PrivatePostgres};
use wangge_server::ServerArgs;
use wangge_tests::{
    City, DataDir, Service, Site, World,
    city::{COMMUNITY, STREET, area, make_area, report, request_id, tickets},
    feed, raw, until,
    world::Databases,
};

use crate::authorisation::bodies;

/// A PostgreSQL that the test may stop, and whose log it can read.
pub(crate) async fn postgres(data_dir: &DataDir) -> PrivatePostgres {
    let options = Options {
        data_dir: data_dir.join("postgres"),
        durable: false,
        lifetime: Lifetime::DiesWithParent,
        max_connections: 200,
        remove_on_exit: false,
    };
    PrivatePostgres::start(options).await.expect("PostgreSQL")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_a_service_says_so_and_goes_on_when_it_is_back() {
    let data_dir = DataDir::new();
    let database = postgres(&data_dir).await;
    let world = World::on(Databases::on(&database).await, &ServerArgs::default()).await;
    let city = City::build(&world).await;
    let (stop_reading, reader) = follow(&world);
    all_serve(&world).await;

    database.stop().await.expect("it stops");
    for service in Service::ALL {
        until(|| async { (!serves(&world, service, "").await).then_some(()) }).await;
        for name in names(service) {
            assert!(!serves(&world, service, name).await, "{name}");
        }
        assert!(
            serves(&world, service, "liveness").await,
            "{} is dead",
            service.name()
        );
    }
    every_call_is_told_to_come_again(&world, &city).await;

    let database = postgres(&data_dir).await;
    all_serve(&world).await;
    everything_works(&world).await;

    // Readers of the feed have neither missed nor received twice any event.
    let all = feed::read(&world, Service::Organization)
        .await
        .expect("the feed");
    let last = all.last().expect("an event").token.clone();
    stop_reading.send(Some(last)).expect("the reader reads");
    let read = reader.await.expect("the reader reads");
    feed::assert_whole(&read);
    assert_eq!(read, all);
    drop(world);
    database.stop().await.expect("it stops");
}

async fn every_call_is_told_to_come_again(world: &World, city: &City) {
    let mut asked = Vec::new();
    for (path, body) in bodies(city) {
        for service in Service::of(path) {
            let (channel, body) = (world.bare(service), body.clone());
            let role = policy(path).expect("a policy").roles[0];
            let token = world.token(role, Some(""), Some(city.lead.unit));
            asked.push(async move {
                let request = raw::request(path, Some(&token), body.into());
                (path, raw::send(&channel, request).await)
            });
        }
    }
    let answers = futures::future::join_all(asked).await;
    assert!(answers.len() >= METHODS.len(), "methods were left out");
    for (path, answer) in answers {
        assert_eq!(
            answer.code(),
            Code::Unavailable,
            "{path}: {:?}",
            answer.status
        );
        assert_eq!(answer.reason(), "DATABASE_UNAVAILABLE", "{path}");
        let pause = wangge_testkit::retry_after(&answer.status);
        assert!(
            pause.is_some_and(|pause| !pause.is_zero()),
            "{path} does not say when"
        );
    }
}

/// Asserts that a change propagates from organization to tickets and reporting.
async fn everything_works(world: &World) {
    let code = format!("{STREET}042");
    make_area(world, area(&code, AreaKind::Community, STREET)).await;
    let dispatcher = tickets(world, Role::Dispatcher, "", None);
    let made = until(|| {
        let mut dispatcher = dispatcher.clone();
        let ticket = Ticket {
            area_code: code.clone(),
            ..report()
        };
        let request = CreateTicketRequest {
            request_id: request_id(),
            ticket: Some(ticket),
        };
        async move { dispatcher.create_ticket(request).await.ok() }
    })
    .await;
    assert_eq!(made.get_ref().area_code, code);
    let reports = ReportServiceClient::new(world.everywhere(Service::Reporting, Role::Leader));
    for area_code in [COMMUNITY.to_owned(), code] {
        until(|| {
            let (mut reports, area_code) = (reports.clone(), area_code.clone());
            async move {
                let request = GetCaseTableRequest {
                    area_code,
                    ..Default::default()
                };
                reports.get_case_table(request).await.ok()
            }
        })
        .await;
    }
}

/// Follows organization's feed through all outages. Returns its events once it has read
/// the one with the token that it is sent.
fn follow(
    site: &Site,
) -> (
    watch::Sender<Option<String>>,
    tokio::task::JoinHandle<Vec<Event>>,
) {
    let (sender, until_token) = watch::channel(None);
    let channel = site.everywhere(Service::Organization, Role::System);
    let reader = tokio::spawn(async move {
        let mut events: Vec<Event> = Vec::new();
        let mut after_token = String::new();
        loop {
            let request = SubscribeRequest {
                after_token: after_token.clone(),
                follow: true,
                ..Default::default()
            };
            let stream = FeedServiceClient::new(channel.clone())
                .subscribe(request)
                .await;
            let Ok(mut stream) = stream.map(tonic::Response::into_inner) else {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            };
            // The token of the last event may be sent only after that event has been
            // read.
            loop {
                let last = events.last().map(|event| event.token.clone());
                if last.is_some() && *until_token.borrow() == last {
                    return events;
                }
                let pause = std::time::Duration::from_millis(100);
                match tokio::time::timeout(pause, stream.message()).await {
                    Err(_) => {}
                    Ok(Ok(Some(message))) => {
                        events.extend(message.events);
                        after_token = message.checkpoint_token;
                    }
                    Ok(_) => break,
                }
            }
        }
    });
    (sender, reader)
}

fn names(service: Service) -> Vec<&'static str> {
    let served = METHODS
        .iter()
        .filter(|path| Service::of(path).contains(&service));
    served.filter_map(|path| path.split('/').nth(1)).collect()
}

async fn all_serve(site: &Site) {
    for service in Service::ALL {
        until(|| async { serves(site, service, "").await.then_some(()) }).await;
        for name in names(service) {
            assert!(serves(site, service, name).await, "{name}");
        }
        assert!(serves(site, service, "liveness").await);
    }
}

async fn serves(site: &Site, service: Service, name: &str) -> bool {
    let request = HealthCheckRequest {
        service: name.to_owned(),
    };
    let answer = HealthClient::new(site.bare(service)).check(request).await;
    answer.expect("health answers").get_ref().status == 1
}
