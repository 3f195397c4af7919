//! The venues of a route, with their order. A venue belongs to the area of its route.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, dated, metadata};

/// A venue on a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteVenue {
    /// Fields common to all records; the area is that of the route.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the venue route.
    pub venue_route_id: Uuid,
    /// Position in the order, from 1; unique within the route at any time.
    pub position: i32,
    /// Name of the venue, 1 to 100 characters.
    pub name: Text,
    /// Id of the station, if the venue is one.
    pub station_id: Option<Uuid>,
    /// First day on which it is in effect.
    pub start_date: NaiveDate,
    /// First day on which it is no longer in effect; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}
dated!(RouteVenue);

impl Record for RouteVenue {
    const KIND: &'static str = "route_venue";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.position >= 1,
            "position",
            Rule::Int32Gte,
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(Reference::id(
                "venue_route_id",
                "venue_route",
                self.venue_route_id,
            )),
            self.station_id
                .map(|id| Reference::id("station_id", "station", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.venue_route_id)
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::PositionTaken,
            Self::KIND,
            "another venue has this position on some of these days",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.venue_route_id),
            subject_id: self.station_id,
            amount: self.position.into(),
            ..EventSummary::of_dated(self)
        }
    }
}
