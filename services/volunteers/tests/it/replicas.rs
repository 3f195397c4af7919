//! Copies of organization's areas and units: by the projector alone, and by a
//! real feed.

use futures::FutureExt as _;
use uuid::Uuid;
use wangge_api::{
    events::v1::{AreaChanged, Event, event::Payload},
    volunteers::v1::Registration,
};
use wangge_outbox::{NewEvent, Projector as _, append};
use wangge_pg::transact;
use wangge_testkit::{eventually, reason};
use wangge_volunteers::consumers::organization::Replicas;

use crate::{Bench, COMMUNITY, UNIT, area, create, registration, unit};

/// Whether officials can register with the community.
async fn takes_registrations(bench: &Bench) -> bool {
    match bench
        .staff()
        .create_registration(create(registration()))
        .await
    {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(reason(&status), "REFERENCE_UNKNOWN");
            false
        }
    }
}

#[tokio::test]
async fn repeated_and_older_events_change_nothing() {
    let bench = Bench::start_empty(crate::NOWHERE).await;
    let id = Uuid::now_v7();
    bench.apply(unit(UNIT, 2)).await;
    bench.apply(unit(UNIT, 1)).await;
    assert!(!takes_registrations(&bench).await);
    bench.apply(area(id, COMMUNITY, 3, 2)).await;
    assert!(takes_registrations(&bench).await);
    // The area was a grid once.
    bench.apply(area(id, COMMUNITY, 4, 1)).await;
    bench.apply(area(id, COMMUNITY, 3, 2)).await;
    assert!(takes_registrations(&bench).await);
    bench.apply(area(id, COMMUNITY, 4, 3)).await;
    assert!(!takes_registrations(&bench).await);
}

#[tokio::test]
async fn events_of_other_kinds_do_nothing_and_broken_ones_are_refused() {
    let bench = Bench::start_empty(crate::NOWHERE).await;
    bench.apply(Event::default()).await;
    let broken = AreaChanged {
        area_id: "x".into(),
        ..AreaChanged::default()
    };
    let event = Event {
        payload: Some(Payload::AreaChanged(broken)),
        ..Event::default()
    };
    let refused = transact(&bench.database.background, &[], move |tx| {
        async move { Replicas.apply(tx, &event).await }.boxed()
    })
    .await;
    assert!(refused.is_err());
    // A kind that only a newer organization knows is no error.
    bench.apply(area(Uuid::now_v7(), COMMUNITY, 99, 1)).await;
}

#[tokio::test]
async fn areas_and_units_come_by_the_feed() {
    // Every service serves its feed under the same name, so that another
    // volunteers service can stand in for organization.
    let organization = Bench::start_empty(crate::NOWHERE).await;
    let bench = Bench::start_empty(&organization.url).await;
    for event in [area(Uuid::now_v7(), COMMUNITY, 3, 1), unit(UNIT, 1)] {
        tell(&organization, event).await;
    }
    let made = eventually(|| async {
        bench
            .staff()
            .create_registration(create(registration()))
            .await
            .ok()
    })
    .await;
    let Registration { home_unit_id, .. } = made.into_inner();
    assert_eq!(home_unit_id, UNIT.to_string());
}

/// Writes an event into a service's feed.
pub(crate) async fn tell(bench: &Bench, event: Event) {
    let now = bench.clock.now();
    let event = NewEvent {
        record_id: Uuid::now_v7(),
        revision: event.revision,
        area_code: String::new(),
        occurred_time: now,
        recorded_time: now,
        imported: false,
        payload: event.payload.unwrap(),
    };
    transact(&bench.database.background, &[], move |tx| {
        async move { Ok(append(tx, &event).await?) }.boxed()
    })
    .await
    .unwrap();
}
