//! Check-in visits: an official visits the community of a registration and handles
//! something there. A visit that was recorded by mistake is voided.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, ResolvedReference, Stateful,
    Text, lifecycle, metadata, states,
};

use super::registration::Registration;

states! {
    /// States of a check-in visit, numbered as in the contract.
    CheckInVisitState {
        /// Recorded; counts as one person-time.
        Recorded = 1 => "recorded",
        /// Recorded by mistake; no longer counted. Final.
        Voided = 2 => "voided",
    }
    CheckInVisitAction {
        Void = "void": Recorded => Voided,
    }
}

/// Minimum time between two visits under one registration: a visit within less is a
/// duplicate entry of the same visit. Two visits on one day are counted as two.
pub const SPACING: TimeDelta = TimeDelta::minutes(10);

/// One visit of one registered official.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckInVisit {
    /// Fields common to all records; the area is that of the registration.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<CheckInVisitState>,
    /// Id of the registration that the visit is made under.
    pub registration_id: Uuid,
    /// Id of the official, copied from the registration, which never changes it; nil until
    /// then.
    pub person_id: Uuid,
    /// Time at which the official visited.
    pub visit_time: DateTime<Utc>,
    /// Description of what was handled; personal data.
    pub handled: Text,
}

impl Record for CheckInVisit {
    const KIND: &'static str = "check_in_visit";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, _: &mut Checks) {}

    fn references(&self) -> Vec<Reference> {
        // A guard checks the day, under a lock that outlasts what an import has resolved.
        vec![
            Reference::id("registration_id", Registration::KIND, self.registration_id).on_any_day(),
        ]
    }

    fn area_from(&self) -> Option<Uuid> {
        Some(self.registration_id)
    }

    fn copy_from(&mut self, registration: &ResolvedReference) {
        self.person_id = registration.subject_id.unwrap_or_default();
    }

    fn is_kept_as(&self, stored: &Self) -> bool {
        let voiding = |visit: &Self| {
            let steps = visit.lifecycle.steps().iter();
            let voiding = steps.map(|step| (step.step_time, step.reason.clone()));
            voiding.collect::<Vec<_>>()
        };
        // Voiding is the only change that a visit can undergo, so a later revision means
        // that it was voided after the import.
        let voided_since = voiding(self).is_empty() && stored.metadata.revision > 1;
        self.registration_id == stored.registration_id
            && self.visit_time == stored.visit_time
            && self.handled == stored.handled
            && (voiding(self) == voiding(stored) || voided_since)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary::of_stateful(self)
    }
}

impl Stateful for CheckInVisit {
    lifecycle!(CheckInVisitState);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(CheckInVisitState::ALL));
    }
}
