//! The venues of a path, in their order. A venue lies where its path lies.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_resource::{Checks, Head, Record, Reference, Text, Told, dated};

/// A venue of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteVenue {
    /// What every record has; the area is that of what it belongs to.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the path.
    pub venue_route_id: Uuid,
    /// Place in the order.
    pub position: i32,
    /// Name of the venue.
    pub name: Text,
    /// Id of the station that the venue is.
    pub station_id: Option<Uuid>,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(RouteVenue);

impl Record for RouteVenue {
    const KIND: &'static str = "route_venue";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        checks.rule(
            self.position >= 1,
            "position",
            "int32.gte",
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

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.venue_route_id)
    }

    fn taken(&self) -> Refusal {
        Refusal::guard(
            "position_taken",
            Self::KIND,
            "another venue has the place on one of the days",
        )
    }

    fn exclusive(&self) -> Option<String> {
        Some(format!("{} {}", self.venue_route_id, self.position))
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.venue_route_id),
            subject_id: self.station_id,
            amount: self.position.into(),
            ..Told::dated(self)
        }
    }
}
