//! The duty roster: shifts of people on duty in an area. Nobody is on two duties of a
//! community at a time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_records::{Checks, Course, Head, Record, Reference, Stateful, Told, states};

use super::area;

coded_enum! {
    /// Purpose of a duty. The numbers are the contract's.
    DutyKind {
        /// Replies in residents' chat groups.
        ChatGroup = 1 => "chat_group",
        /// Serves a window or hotline.
        Window = 2 => "window",
        /// On call in a grid.
        Patrol = 3 => "patrol",
    }
}

states! {
    /// States of a duty shift. The numbers are the contract's.
    DutyShiftState for DutyShift {
        /// Planned: the person is on duty.
        Planned = 1 => "planned",
        /// Cancelled: a replacement needs a shift of its own. Final.
        Cancelled = 2 => "cancelled",
    }
    "hand_over": Planned => Planned,
    "cancel": Planned => Cancelled,
}

/// A shift on the duty roster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyShift {
    /// Fields that every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// State and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<DutyShiftState>,
    /// Purpose of the duty.
    pub kind: DutyKind,
    /// Id of the person, in the organization service.
    pub person_id: Uuid,
    /// Start of the shift, inclusive.
    pub start_time: DateTime<Utc>,
    /// End of the shift: after `start_time`, by at most 24 hours.
    pub end_time: DateTime<Utc>,
}

impl Record for DutyShift {
    const KIND: &'static str = "duty_shift";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let length = self.end_time - self.start_time;
        checks.rule(
            length > TimeDelta::zero() && length <= TimeDelta::hours(24),
            "end_time",
            "time.order",
            "must be after start_time, by at most 24 hours",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.head)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn told(&self) -> Told {
        Told {
            subject_id: Some(self.person_id),
            code: self.kind.name(),
            start_date: Some(day_of(self.start_time, DEFAULT_ZONE)),
            ..Told::course(self)
        }
    }
}

impl Stateful for DutyShift {
    type State = DutyShiftState;

    fn course(&self) -> &Course<DutyShiftState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<DutyShiftState> {
        &mut self.course
    }

    fn named(&self, action: &'static str) -> Option<Uuid> {
        (action == "hand_over").then_some(self.person_id)
    }

    /// Rejects changes to a shift that has ended: the roster of the past is a record of who
    /// was on duty.
    fn settle(&mut self, _action: &'static str, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.end_time <= now {
            let why = "the shift has ended";
            return Err(Refusal::guard("shift_ended", Self::KIND, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(DutyShiftState::ALL));
    }
}
