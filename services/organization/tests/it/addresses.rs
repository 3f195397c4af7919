//! Entries of the address book.

use tonic::Status;
use wangge_api::organization::v1::{Address, CreateAddressRequest};

use crate::support::*;

async fn enter(world: &World, scope: &str, text: &str, area: &str) -> Result<Address, Status> {
    let request = CreateAddressRequest {
        request_id: request_id(),
        address: Some(Address {
            text: text.into(),
            area_code: area.into(),
            ..Address::default()
        }),
    };
    world
        .areas(scope)
        .create_address(request)
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_entered_once() {
    let world = World::with_tree().await;
    let entered = enter(&world, "", "富强新村12幢", GRID)
        .await
        .expect("entered");
    assert_eq!(
        (entered.text.as_str(), entered.area_code.as_str()),
        ("富强新村12幢", GRID)
    );
    assert_eq!(entered.revision, 1);
    let again = enter(&world, "", "富强新村　１２幢", OTHER_GRID).await;
    assert_eq!(refusal(again), expected("RECORD_EXISTS", &["address.text"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_refused() {
    let world = World::with_tree().await;
    let refused = refusal(enter(&world, "", "", "").await);
    assert_eq!(
        refused,
        expected("FIELD_INVALID", &["address.text", "address.area_code"])
    );
    let refused = refusal(enter(&world, "", " 幢 ", GRID).await);
    assert_eq!(refused, expected("FIELD_INVALID", &["address.text"]));
    for (scope, area) in [("", "320402003005009"), (STREET, FOREIGN)] {
        let refused = refusal(enter(&world, scope, "富强新村1幢", area).await);
        assert_eq!(
            refused,
            expected("REFERENCE_UNKNOWN", &["address.area_code"])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_one_effect() {
    let world = World::with_tree().await;
    let address = Address {
        text: "富强新村1幢".into(),
        area_code: GRID.into(),
        ..Address::default()
    };
    let request = CreateAddressRequest {
        request_id: request_id(),
        address: Some(address),
    };
    let mut client = world.areas("");
    let first = client
        .create_address(request.clone())
        .await
        .expect("entered")
        .into_inner();
    let second = client
        .create_address(request.clone())
        .await
        .expect("again")
        .into_inner();
    assert_eq!(first, second);
    let other = CreateAddressRequest {
        address: Some(Address {
            text: "富强新村2幢".into(),
            area_code: GRID.into(),
            ..Address::default()
        }),
        ..request
    };
    let refused = refusal(client.create_address(other).await);
    assert_eq!(refused, expected("REQUEST_ID_REUSED", &["request_id"]));
}
