//! Requests that the contract's rules reject before any handler is called.

use wangge_api::organization::v1::{
    Area, AreaKind, CreateAreaRequest, GetAreaRequest, GetUnitRequest, ListAreasRequest,
};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_checked_before_they_are_handled() {
    let world = World::start().await;
    let mut areas = world.areas("");
    let request = ListAreasRequest {
        page_size: -1,
        ..ListAreasRequest::default()
    };
    assert_eq!(
        refusal(areas.list_areas(request).await),
        expected("FIELD_INVALID", &["page_size"])
    );
    let request = GetAreaRequest { code: "32x".into() };
    assert_eq!(
        refusal(areas.get_area(request).await),
        expected("FIELD_INVALID", &["code"])
    );
    let long = Area {
        name: "名".repeat(101),
        ..area(DISTRICT, AreaKind::District, "")
    };
    let request = CreateAreaRequest {
        request_id: request_id(),
        area: Some(long),
    };
    assert_eq!(
        refusal(areas.create_area(request).await),
        expected("FIELD_INVALID", &["area.name"])
    );
    let request = CreateAreaRequest {
        request_id: "x".into(),
        area: Some(area(DISTRICT, AreaKind::District, "")),
    };
    assert_eq!(
        refusal(areas.create_area(request).await),
        expected("FIELD_INVALID", &["request_id"])
    );
    let request = CreateAreaRequest {
        request_id: request_id(),
        area: None,
    };
    assert_eq!(
        refusal(areas.create_area(request).await),
        expected("FIELD_INVALID", &["area"])
    );
    let request = GetUnitRequest { id: "x".into() };
    assert_eq!(
        refusal(world.units("").get_unit(request).await),
        expected("FIELD_INVALID", &["id"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_is_refused_and_never_our_fault() {
    let world = World::with_tree().await;
    let named = Area {
        name: "a\0b".into(),
        ..area("320402004", AreaKind::Street, DISTRICT)
    };
    assert_eq!(
        refusal(world.make_area(named).await),
        expected("FIELD_INVALID", &["area.name"])
    );
    let page_token = wangge_kernel::page::encode(&"\0".to_owned(), &["ListAreas", "", "0"]);
    let request = ListAreasRequest {
        page_token,
        ..ListAreasRequest::default()
    };
    let refused = refusal(world.areas("").list_areas(request).await);
    assert_eq!(refused, expected("PAGE_TOKEN_INVALID", &["page_token"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_is_refused() {
    use wangge_api::{organization::v1::area_service_client::AreaServiceClient, policy::Role};
    let world = World::start().await;
    let token = wangge_testkit::token(&[Role::GridWorker], Some(""), None);
    let mut client = AreaServiceClient::new(wangge_testkit::channel(&world.url, &token));
    let request = CreateAreaRequest {
        request_id: request_id(),
        area: None,
    };
    assert_eq!(
        refusal(client.create_area(request).await),
        expected("ROLE_NOT_ALLOWED", &[])
    );
}
