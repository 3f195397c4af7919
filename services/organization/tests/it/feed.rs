//! Events in the feed: each change exactly once, with the record's revision.

use prost_types::FieldMask;
use wangge_api::{
    events::v1::{SubscribeRequest, event::Payload, feed_service_client::FeedServiceClient},
    organization::v1::{
        Address, Appointment, Area, CreateAddressRequest, CreateAppointmentRequest,
        EndAppointmentRequest, Post, UnitKind, UpdateAreaRequest,
    },
    policy::Role,
};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_once() {
    let world = World::with_tree().await;
    let request = UpdateAreaRequest {
        request_id: request_id(),
        area: Some(Area {
            code: GRID.into(),
            name: "新".into(),
            ..Area::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["name".into()],
        }),
    };
    world.areas("").update_area(request).await.expect("changed");
    let address = Address {
        text: "富强 新村".into(),
        area_code: GRID.into(),
        ..Address::default()
    };
    let request = CreateAddressRequest {
        request_id: request_id(),
        address: Some(address),
    };
    world
        .areas("")
        .create_address(request)
        .await
        .expect("entered");
    let branch = world
        .make_unit(unit("B", UnitKind::GridBranch, "", GRID))
        .await
        .expect("made")
        .id;
    let person = world.make_person(GRID).await.id;
    let appointment = Appointment {
        person_id: person.clone(),
        post: Post::Secretary.into(),
        unit_id: branch,
        start_date: date(2022, 1, 1),
        ..Appointment::default()
    };
    let request = CreateAppointmentRequest {
        request_id: request_id(),
        appointment: Some(appointment),
    };
    let held = world
        .people("")
        .create_appointment(request)
        .await
        .expect("made")
        .into_inner();
    let request = EndAppointmentRequest {
        request_id: request_id(),
        id: held.id,
        end_date: date(2022, 7, 1),
        etag: String::new(),
        correction_reason: String::new(),
    };
    world
        .people("")
        .end_appointment(request)
        .await
        .expect("ended");

    let token = wangge_testkit::token(&[Role::Service], Some(""), None);
    let mut feed = FeedServiceClient::new(wangge_testkit::stream_channel(&world.url, &token));
    let request = SubscribeRequest {
        follow: true,
        ..SubscribeRequest::default()
    };
    let mut messages = feed
        .subscribe(request)
        .await
        .expect("subscribed")
        .into_inner();
    let mut told = Vec::new();
    while told.len() < 11 {
        let message = messages
            .message()
            .await
            .expect("a message")
            .expect("no end");
        for event in message.events {
            assert!(!event.imported);
            assert_eq!(event.occurred_time, event.recorded_time);
            let (what, area) = match event.payload.expect("a payload") {
                Payload::AreaChanged(area) => ("area", area.code),
                Payload::AddressChanged(address) => {
                    assert_eq!(address.normalized_text, "富强新村");
                    ("address", address.area_code)
                }
                Payload::UnitChanged(unit) => ("unit", unit.area_code),
                Payload::AppointmentChanged(appointment) => {
                    assert_eq!(appointment.person_id, person);
                    ("appointment", appointment.area_code)
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(event.district_code, area[..6]);
            told.push((what, area, event.revision));
        }
    }
    let told: Vec<_> = told
        .iter()
        .skip(6)
        .map(|(what, area, revision)| (*what, area.as_str(), *revision))
        .collect();
    assert_eq!(
        told,
        [
            ("area", GRID, 2),
            ("address", GRID, 1),
            ("unit", GRID, 1),
            ("appointment", GRID, 1),
            ("appointment", GRID, 2)
        ]
    );
}
