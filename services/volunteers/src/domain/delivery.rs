//! Deliveries of a station to people with limited mobility. A delivery belongs to the area
//! of its station.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Course, Head, Record, Reference, Stateful, Text, Told, states};

states! {
    /// States of a delivery. The numbers are those of the contract.
    DeliveryState for Delivery {
        /// Requested, not yet delivered.
        Requested = 1 => "requested",
        /// Delivered to the resident. Final.
        Delivered = 2 => "delivered",
        /// Cancelled before it was delivered. Final.
        Cancelled = 3 => "cancelled",
    }
    "deliver": Requested => Delivered,
    "cancel": Requested => Cancelled,
}

/// Goods that are brought to a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub head: Head,
    /// Current state and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<DeliveryState>,
    /// Id of the station.
    pub station_id: Uuid,
    /// Id of the resident, in the organization service.
    pub resident_id: Uuid,
    /// Description of the goods; personal data.
    pub goods: Text,
    /// Id of the volunteer who delivered it, if a volunteer did.
    pub volunteer_id: Option<Uuid>,
}

impl Record for Delivery {
    const KIND: &'static str = "delivery";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let state = self.course.state();
        // Optional even when delivered: staff deliver as well as volunteers.
        if state != DeliveryState::Delivered {
            let brought = self.volunteer_id.is_some();
            checks.given_when(false, brought, "volunteer_id", state.name());
        }
    }

    fn references(&self) -> Vec<Reference> {
        let brought = self.course.last_day("complete");
        [
            Some(Reference::id("station_id", "station", self.station_id)),
            self.volunteer_id
                .map(|id| Reference::id("volunteer_id", "volunteer", id).on(brought)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.station_id),
            subject_id: Some(self.resident_id),
            ..Told::course(self)
        }
    }
}

impl Stateful for Delivery {
    type State = DeliveryState;

    fn course(&self) -> &Course<DeliveryState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<DeliveryState> {
        &mut self.course
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(DeliveryState::ALL));
    }
}
