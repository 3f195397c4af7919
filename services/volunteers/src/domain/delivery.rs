//! Deliveries of a station to residents who can't leave home. A delivery belongs to the
//! area of its station.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

states! {
    /// States of a delivery, numbered as in the contract.
    DeliveryState {
        /// The delivery was requested.
        Requested = 1 => "requested",
        /// The goods were delivered. Final.
        Delivered = 2 => "delivered",
        /// The delivery was cancelled. Final.
        Cancelled = 3 => "cancelled",
    }
    DeliveryAction {
        Deliver = "deliver": Requested => Delivered,
        Cancel = "cancel": Requested => Cancelled,
    }
}

/// Goods that a station delivers to a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Fields common to all records; the area is that of the station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<DeliveryState>,
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

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let state = self.lifecycle.state();
        // Optional in state delivered, because staff deliver too; not allowed in the
        // other states.
        if state != DeliveryState::Delivered {
            let brought = self.volunteer_id.is_some();
            checks.required_if(false, brought, "volunteer_id", state.name());
        }
    }

    fn references(&self) -> Vec<Reference> {
        let brought = self.lifecycle.last_day(DeliveryAction::Deliver);
        [
            Some(Reference::id("station_id", "station", self.station_id)),
            self.volunteer_id
                .map(|id| Reference::id("volunteer_id", "volunteer", id).on(brought)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.station_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.station_id),
            subject_id: Some(self.resident_id),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for Delivery {
    lifecycle!(DeliveryState);
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;
    use wangge_record::lifecycle::NewTransition;

    use super::*;

    #[test]
    fn the_volunteer_is_asked_for_the_day_of_the_delivery() {
        let noon = |day| chrono::Utc.with_ymd_and_hms(2022, 3, day, 4, 0, 0).unwrap();
        let mut delivery = Delivery {
            metadata: Metadata::new(Uuid::nil(), noon(1)),
            lifecycle: Lifecycle::default(),
            station_id: Uuid::nil(),
            resident_id: Uuid::nil(),
            volunteer_id: Some(Uuid::nil()),
            goods: Text("大米".into()),
        };
        let step = NewTransition {
            action: DeliveryAction::Deliver,
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
        insta::assert_snapshot!(wangge_record::states::table(DeliveryState::ALL));
    }
}
