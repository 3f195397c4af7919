//! Claims on wishes expire by themselves, even if no service was running at the time.

use chrono::Duration;

use tokio_util::sync::CancellationToken;
use wangge_api::{
    policy::Role,
    volunteers::v1::{
        ClaimWishRequest, CreateWishRequest, GetWishRequest, ReleaseWishRequest, ReviewWishRequest,
        Wish, WishState, project_service_client::ProjectServiceClient,
    },
};
use wangge_client::ServiceChannel;
use wangge_testkit::{channel, eventually, fields, reason, token};

use crate::{Bench, COMMUNITY, UNIT, request_id};

fn projects(bench: &Bench) -> ProjectServiceClient<ServiceChannel> {
    let token = token(&[Role::Staff], Some(COMMUNITY), None);
    ProjectServiceClient::new(channel(&bench.url, &token))
}

/// Returns a wish that the unit has claimed.
async fn claimed(bench: &Bench) -> Wish {
    let mut client = projects(bench);
    let request = CreateWishRequest {
        request_id: request_id(),
        wish: Some(Wish {
            title: "想要一个收音机".into(),
            area_code: COMMUNITY.into(),
            ..Wish::default()
        }),
    };
    let wish = client.create_wish(request).await.unwrap().into_inner();
    let request = ReviewWishRequest {
        request_id: request_id(),
        id: wish.id.clone(),
        etag: wish.etag,
    };
    let wish = client.review_wish(request).await.unwrap().into_inner();
    let request = ClaimWishRequest {
        request_id: request_id(),
        id: wish.id.clone(),
        etag: wish.etag,
        unit_id: UNIT.to_string(),
        volunteer_id: String::new(),
    };
    client.claim_wish(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_claim_ends_when_its_time_is_over_and_once() {
    let bench = Bench::start().await;
    let wish = claimed(&bench).await;
    assert_eq!(wish.state(), WishState::Claimed);
    let until = wish.claim_until_time.unwrap();
    // Another replica polls for overdue claims at the same time.
    let stop = CancellationToken::new();
    let _other = bench.app.background(stop.clone());
    bench.clock.advance(Duration::days(15));
    let ended = eventually(|| async {
        let request = GetWishRequest {
            id: wish.id.clone(),
        };
        let wish = projects(&bench)
            .get_wish(request)
            .await
            .unwrap()
            .into_inner();
        (wish.state() == WishState::Reviewed).then_some(wish)
    })
    .await;
    stop.cancel();
    assert_eq!((ended.unit_id.as_str(), ended.claim_until_time), ("", None));
    assert_eq!(ended.revision, wish.revision + 1);
    let last = ended.steps.last().unwrap();
    assert_eq!((last.action.as_str(), last.actor.as_str()), ("expire", ""));
    // It expired as of its deadline, however late that was processed.
    assert_eq!(last.step_time, Some(until));
}

#[tokio::test]
async fn what_a_verb_is_given_is_named_as_it_stands_in_the_request() {
    let bench = Bench::start().await;
    let wish = claimed(&bench).await;
    let mut client = projects(&bench);
    let request = ReleaseWishRequest {
        request_id: request_id(),
        id: wish.id.clone(),
        etag: String::new(),
        reason: "没有空".into(),
    };
    client.release_wish(request).await.unwrap();
    let request = ClaimWishRequest {
        request_id: request_id(),
        id: wish.id,
        ..ClaimWishRequest::default()
    };
    let refused = client.claim_wish(request).await.unwrap_err();
    assert_eq!(reason(&refused), "FIELD_INVALID");
    assert_eq!(fields(&refused), ["unit_id"]);
    assert!(refused.message().starts_with("unit_id: "), "{refused:?}");
}
