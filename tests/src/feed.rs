//! Reads whole feeds, and checks the invariants of every feed.

use std::collections::{HashMap, HashSet};

use tonic::Status;
use wangge_api::{
    events::v1::{Event, SubscribeRequest, feed_service_client::FeedServiceClient},
    policy::Role,
};

use crate::site::{Service, Site};

/// Returns all events of a service's feed up to now.
///
/// # Errors
/// Returns the status that the service responds with.
pub async fn read(site: &Site, service: Service) -> Result<Vec<Event>, Status> {
    let channel = site.everywhere(service, Role::Service);
    let mut client = FeedServiceClient::new(channel);
    let mut messages = client
        .subscribe(SubscribeRequest::default())
        .await?
        .into_inner();
    let mut events = Vec::new();
    while let Some(message) = messages.message().await? {
        events.extend(message.events);
    }
    Ok(events)
}

/// Reads the feeds of all services that have one.
///
/// # Panics
/// Panics if one of them can't be read.
pub async fn read_all(site: &Site) -> Vec<Event> {
    let mut events = Vec::new();
    for service in Service::FEEDS {
        events.extend(read(site, service).await.expect("the feed"));
    }
    events
}

/// Asserts that no event is duplicated, and that the events of each record arrive in the
/// order of its revisions, starting at the first and without gaps.
///
/// # Panics
/// Panics if an event is duplicated, missing or out of order.
pub fn assert_whole(events: &[Event]) {
    let mut seen = HashSet::new();
    let mut revisions: HashMap<&str, i64> = HashMap::new();
    for event in events {
        assert!(
            seen.insert(&event.event_id),
            "event {} came twice",
            event.event_id
        );
        let revision = revisions.entry(&event.record_id).or_default();
        assert_eq!(
            event.revision,
            *revision + 1,
            "of record {}",
            event.record_id
        );
        *revision = event.revision;
    }
}
