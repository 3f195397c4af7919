//! The duty roster: who is on duty where and when. Nobody is on two duties at a time.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_resource::{Checks, Course, Head, Record, Reference, Stateful, Told, states};

use super::area;

coded_enum! {
    /// What a duty is for. The numbers are the contract's.
    DutyKind {
        /// Answering in residents' chat groups.
        ChatGroup = 1 => "chat_group",
        /// A service window or hotline.
        Window = 2 => "window",
        /// Being called out in a grid.
        Patrol = 3 => "patrol",
    }
}

states! {
    /// States of a shift of duty. The numbers are the contract's.
    DutyShiftState for DutyShift {
        /// It stands.
        Planned = 1 => "planned",
        /// Cancelled: who is on duty instead must be planned. Final.
        Cancelled = 2 => "cancelled",
    }
    "hand_over": Planned => Planned,
    "cancel": Planned => Cancelled,
}

/// A shift of duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyShift {
    /// What every record has; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Where it stands and how it came there.
    #[serde(flatten)]
    pub course: Course<DutyShiftState>,
    /// What for.
    pub kind: DutyKind,
    /// Id of the person, in the organization service.
    pub person_id: Uuid,
    /// When it begins.
    pub start_time: DateTime<Utc>,
    /// When it ends: after `start_time`, by at most 24 hours.
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

    /// Who was on duty is not rewritten: what a shift that has ended was is
    /// settled.
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
        insta::assert_snapshot!(wangge_resource::lifecycle::table(DutyShiftState::ALL));
    }
}
