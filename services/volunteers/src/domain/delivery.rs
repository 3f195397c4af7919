//! Deliveries of a station to residents who can't leave home. A delivery belongs to the
//! area of its station.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_resource::{Checks, Course, Head, Record, Reference, Stateful, Text, Told, states};

states! {
    /// States of a delivery, numbered as in the contract.
    DeliveryState for Delivery {
        /// The delivery was requested.
        Requested = 1 => "requested",
        /// The goods were delivered. Final.
        Delivered = 2 => "delivered",
        /// The delivery was cancelled. Final.
        Cancelled = 3 => "cancelled",
    }
    "deliver": Requested => Delivered,
    "cancel": Requested => Cancelled,
}

/// Goods that a station delivers to a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub head: Head,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<DeliveryState>,
    /// Id of the station.
    pub station_id: Uuid,
    /// Id of the resident, in the organization service; not verified.
    pub resident_id: Uuid,
    /// Description of the goods, 1 to 200 characters.
    pub goods: Text,
    /// Id of the volunteer who delivered the goods; `None` if staff did.
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
        // Optional in state delivered, because staff deliver too; not allowed in the
        // other states.
        if state != DeliveryState::Delivered {
            let brought = self.volunteer_id.is_some();
            checks.given_when(false, brought, "volunteer_id", state.name());
        }
    }

    fn references(&self) -> Vec<Reference> {
        let brought = self.course.last_day("deliver");
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
    use chrono::TimeZone as _;
    use wangge_resource::lifecycle::Taken;

    use super::*;

    #[test]
    fn the_volunteer_is_asked_for_the_day_of_the_delivery() {
        let noon = |day| chrono::Utc.with_ymd_and_hms(2022, 3, day, 4, 0, 0).unwrap();
        let mut delivery = Delivery {
            head: Head::new(Uuid::nil(), noon(1)),
            course: Course::default(),
            station_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            volunteer_id: Some(Uuid::nil()),
            goods: Text("大米".into()),
        };
        let step = Taken {
            action: "deliver",
            time: noon(4),
            actor: String::new(),
            reason: String::new(),
        };
        delivery.take(step, |_, _| {}).expect("it was requested");
        let days: Vec<_> = delivery.references().iter().map(|one| one.day).collect();
        assert!(days.contains(&noon(4).date_naive().into()), "{days:?}");
    }

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_resource::lifecycle::table(DeliveryState::ALL));
    }
}
