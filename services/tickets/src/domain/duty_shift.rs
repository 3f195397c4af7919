//! The duty roster: the person on duty for an area at a time. Duties of one person
//! can't overlap.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, lifecycle, metadata,
    states,
};

use super::area;

coded_enum! {
    /// Kinds of duty, numbered as in the contract.
    DutyKind {
        /// Replying in residents' chat groups.
        ChatGroup = 1 => "chat_group",
        /// Staffing a service window or hotline.
        Window = 2 => "window",
        /// On call in a grid.
        Patrol = 3 => "patrol",
    }
}

states! {
    /// States of a duty shift, numbered as in the contract.
    DutyShiftState {
        /// Planned and in effect.
        Planned = 1 => "planned",
        /// Cancelled: a replacement must be planned. Final.
        Cancelled = 2 => "cancelled",
    }
    DutyShiftAction {
        HandOver = "hand_over": Planned => Planned,
        Cancel = "cancel": Planned => Cancelled,
    }
}

/// A shift of one person on duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyShift {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<DutyShiftState>,
    /// Kind of the duty.
    pub kind: DutyKind,
    /// Id of the person on duty, in the organization service.
    pub person_id: Uuid,
    /// When the shift begins.
    pub start_time: DateTime<Utc>,
    /// When the shift ends: after `start_time`, by at most 24 hours.
    pub end_time: DateTime<Utc>,
}

impl Record for DutyShift {
    const KIND: &'static str = "duty_shift";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        // The search for overlapping shifts relies on the upper bound.
        let length = self.end_time - self.start_time;
        checks.rule(
            length > TimeDelta::zero() && length <= TimeDelta::hours(24),
            "end_time",
            Rule::TimeOrder,
            "must be after start_time, by at most 24 hours",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: Some(self.person_id),
            code: self.kind.name(),
            start_date: Some(day_of(self.start_time, DEFAULT_ZONE)),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Stateful for DutyShift {
    lifecycle!(DutyShiftState);

    fn named(&self, action: DutyShiftAction) -> Option<Uuid> {
        // A token identifies no person, so the step records the person named in the call.
        (action == DutyShiftAction::HandOver).then_some(self.person_id)
    }

    /// Rejects actions on a shift that has ended: the record of the person who was on
    /// duty must not change afterwards.
    fn on_transition(
        &mut self,
        _action: DutyShiftAction,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if self.end_time <= now {
            let why = "the shift has ended";
            return Err(Refusal::guard(Guard::ShiftOver, Self::KIND, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(DutyShiftState::ALL));
    }
}
