//! Organised service events (集中志愿服务).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

use super::area;

coded_enum! {
    /// Kinds of services, numbered as in the contract.
    ServiceKind {
        /// Safety and order.
        Safety = 1 => "safety",
        /// Care for the environment.
        Environment = 2 => "environment",
        /// Care for the elderly.
        Elderly = 3 => "elderly",
        /// Care for children.
        Children = 4 => "children",
        /// Health: clinics and check-ups.
        Health = 5 => "health",
        /// Culture and sport.
        Culture = 6 => "culture",
        /// Legal advice, and mediation between neighbours.
        Law = 7 => "law",
        /// Repairs, haircuts and other manual services.
        Repair = 8 => "repair",
        /// Any other kind of service.
        Other = 9 => "other",
    }
}

states! {
    /// States of a service event, numbered as in the contract.
    ServiceEventState {
        /// The event is planned.
        Planned = 1 => "planned",
        /// The event was held. Final.
        Held = 2 => "held",
        /// The event was cancelled. Final.
        Cancelled = 3 => "cancelled",
    }
    ServiceEventAction {
        Hold = "hold": Planned => Held,
        Cancel = "cancel": Planned => Cancelled,
    }
}

/// An organised event at which volunteers serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<ServiceEventState>,
    /// Title, 1 to 100 characters.
    pub title: Text,
    /// Kind of service at the event.
    pub kind: ServiceKind,
    /// Id of the team that holds the event, if one does.
    pub team_id: Option<Uuid>,
    /// Id of the station where it is held; `None` if it is held elsewhere.
    pub station_id: Option<Uuid>,
    /// Time at which it begins.
    pub start_time: DateTime<Utc>,
    /// Time at which it ends; after `start_time`.
    pub end_time: DateTime<Utc>,
}

impl Record for ServiceEvent {
    const KIND: &'static str = "service_event";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.rule(
            self.end_time > self.start_time,
            "end_time",
            Rule::TimeOrder,
            "must be after start_time",
        );
    }

    fn references(&self) -> Vec<Reference> {
        [
            Some(
                Reference::area(&self.metadata)
                    .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            ),
            self.team_id.map(|id| Reference::id("team_id", "team", id)),
            self.station_id
                .map(|id| Reference::id("station_id", "station", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: self.team_id,
            code: self.kind.name(),
            // Also the day on which the team and the station must be in effect: an event
            // is planned in advance, so today is not the day that matters.
            start_date: Some(day_of(self.start_time, DEFAULT_ZONE)),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for ServiceEvent {
    lifecycle!(ServiceEventState);

    fn on_transition(
        &mut self,
        action: ServiceEventAction,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if action == ServiceEventAction::Hold && now < self.start_time {
            let why = "it has not begun";
            return Err(Refusal::guard(Guard::NotBegun, Self::KIND, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(ServiceEventState::ALL));
    }
}
