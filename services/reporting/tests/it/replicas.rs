//! Two replicas on one database: one applies a feed, the other stands by, shows what was
//! applied, and takes over when the first one is gone.

use uuid::Uuid;
use wangge_api::{
    organization::v1::UnitKind,
    policy::Role,
    reporting::v1::{WatchWallRequest, wall_service_client::WallServiceClient},
    tickets::v1::OrderState,
};
use wangge_kernel::clock::Clock;
use wangge_reporting::{App, Sources};
use wangge_testkit::{eventually, stream_channel, token};

use crate::{Bench, COMMUNITY, GRID, moment, order, ticket, unit};

const DAY: &str = "2022-07-28";
const RESPONSES: &str = "responses_started";

impl Bench {
    /// Starts a second replica with its background tasks.
    async fn replica(&self) -> (String, tokio::task::JoinSet<()>) {
        let source = async |feed: &crate::feed::WrittenFeed| {
            let url = wangge_testkit::serve(feed.service(&self.database), self.stop()).await;
            stream_channel(&url, &token(&[Role::Service], Some(""), None))
        };
        let sources = Sources {
            organization: source(&self.organization).await,
            tickets: source(&self.tickets).await,
            volunteers: source(&self.volunteers).await,
        };
        let clock = Clock::set_to(moment("2022-07-28T02:00:00Z"));
        let app = App::new(self.database.clone(), clock, sources);
        let background = app.background(self.stop());
        let url = wangge_testkit::serve(app.service(self.stop()), self.stop()).await;
        (url, background)
    }

    fn tell_of_response(&self, department: Uuid) {
        let accepted = order(department, "07-28 09:00", OrderState::Handling);
        self.tickets
            .tell(ticket(Uuid::now_v7(), 4, GRID, vec![accepted]));
    }
}

#[tokio::test]
async fn another_replica_shows_what_the_first_applies_and_takes_over() {
    let mut bench = Bench::start().await;
    let (url, _background) = bench.replica().await;
    let department = Uuid::now_v7();
    bench.organization.tell(unit(
        department,
        UnitKind::Department,
        "320402",
        "2020-01-01",
        "",
    ));
    bench.settle().await;

    // The wall of the second replica is notified of what the first one applies.
    let channel = stream_channel(&url, &token(&[Role::Leader], Some(COMMUNITY), None));
    let request = WatchWallRequest {
        area_code: COMMUNITY.to_owned(),
    };
    let mut walls = WallServiceClient::new(channel)
        .watch_wall(request)
        .await
        .unwrap()
        .into_inner();
    walls.message().await.unwrap().expect("a wall");
    bench.tell_of_response(department);
    loop {
        let wall = walls.message().await.unwrap().expect("the stream goes on");
        let mut figures = wall.figures.iter();
        if figures.any(|line| line.figure_key == RESPONSES && line.computed_value == 1) {
            break;
        }
    }

    // After the first one is gone, nothing is lost and nothing counted twice.
    bench._background.shutdown().await;
    bench.tell_of_response(department);
    eventually(|| async { (bench.figure(COMMUNITY, DAY, RESPONSES).await == 2).then_some(()) })
        .await;
    for feed in ["organization", "tickets"] {
        assert_eq!(bench.set_aside(feed).await, 0, "{feed}");
    }
}
