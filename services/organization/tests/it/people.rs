//! People: create, get and list.

use wangge_api::organization::v1::{
    CreatePersonRequest, GetPersonRequest, ListPeopleRequest, Person,
};

use crate::support::*;

async fn list(world: &World, scope: &str, mut request: ListPeopleRequest) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let page = world
            .people(scope)
            .list_people(request.clone())
            .await
            .expect("a page")
            .into_inner();
        ids.extend(page.people.into_iter().map(|person| person.id));
        if page.next_page_token.is_empty() {
            return ids;
        }
        request.page_token = page.next_page_token;
    }
}

fn request(name: &str, area: &str) -> CreatePersonRequest {
    let person = Person {
        name: name.into(),
        area_code: area.into(),
        ..Person::default()
    };
    CreatePersonRequest {
        request_id: request_id(),
        person: Some(person),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_entered_and_no_event_tells_of_it() {
    let world = World::with_tree().await;
    let before = world.events().await.len();
    let entered = world.make_person(GRID).await;
    let read = GetPersonRequest {
        id: entered.id.clone(),
    };
    let read = world
        .people(COMMUNITY)
        .get_person(read)
        .await
        .expect("read")
        .into_inner();
    assert_eq!(read, entered);
    assert_eq!((read.revision, read.etag.is_empty()), (1, false));
    assert_eq!(world.events().await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_person_is_refused() {
    let world = World::with_tree().await;
    let refused = refusal(world.people("").create_person(request("", "")).await);
    assert_eq!(
        refused,
        expected("FIELD_INVALID", &["person.name", "person.area_code"])
    );
    for (scope, area) in [("", "320402009"), (STREET, FOREIGN)] {
        let refused = refusal(world.people(scope).create_person(request("王", area)).await);
        assert_eq!(
            refused,
            expected("REFERENCE_UNKNOWN", &["person.area_code"])
        );
    }
    let entered = world.make_person(FOREIGN).await;
    for id in [entered.id, new_id()] {
        let refused = refusal(
            world
                .people(DISTRICT)
                .get_person(GetPersonRequest { id })
                .await,
        );
        assert_eq!(refused, expected("RECORD_NOT_FOUND", &[]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_one_effect() {
    let world = World::with_tree().await;
    let first = request("王", GRID);
    let mut client = world.people("");
    let entered = client
        .create_person(first.clone())
        .await
        .expect("entered")
        .into_inner();
    let again = client
        .create_person(first.clone())
        .await
        .expect("again")
        .into_inner();
    assert_eq!(entered, again);
    let other = CreatePersonRequest {
        request_id: first.request_id,
        ..request("李", GRID)
    };
    let refused = refusal(client.create_person(other).await);
    assert_eq!(refused, expected("REQUEST_ID_REUSED", &["request_id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_whole_and_in_the_order_of_entry() {
    let world = World::with_tree().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let area = if number % 2 == 0 { GRID } else { FOREIGN };
        ids.push(world.make_person(area).await.id);
    }
    for page_size in [0, 1, 3, 7] {
        let request = ListPeopleRequest {
            page_size,
            ..ListPeopleRequest::default()
        };
        assert_eq!(list(&world, "", request).await, ids, "{page_size}");
    }
    let own: Vec<_> = ids.iter().step_by(2).cloned().collect();
    let request = ListPeopleRequest {
        page_size: 2,
        ..ListPeopleRequest::default()
    };
    assert_eq!(list(&world, STREET, request.clone()).await, own);
    let within = ListPeopleRequest {
        within_code: GRID.into(),
        ..request.clone()
    };
    assert_eq!(list(&world, "", within).await, own);
    let page = world
        .people("")
        .list_people(request.clone())
        .await
        .expect("a page")
        .into_inner();
    let other = ListPeopleRequest {
        within_code: GRID.into(),
        page_token: page.next_page_token,
        ..request
    };
    let refused = refusal(world.people("").list_people(other).await);
    assert_eq!(refused, expected("PAGE_TOKEN_INVALID", &["page_token"]));
}
