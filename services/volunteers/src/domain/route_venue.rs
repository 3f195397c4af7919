//! Venues of a path, in order. A venue belongs to the area of its path.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

/// A venue on a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteVenue {
    /// Fields common to all records; the area is that of the path.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the path.
    pub venue_route_id: Uuid,
    /// Position on the path, from 1; unique on each day.
    pub position: i32,
    /// Name of the venue.
    pub name: Text,
    /// Id of the station at the venue, if it is one.
    pub station_id: Option<Uuid>,
    /// First day on which it is on the path.
    pub start_date: NaiveDate,
    /// First day on which it is no longer on the path.
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
