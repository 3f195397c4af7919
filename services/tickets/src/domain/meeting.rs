//! Meetings, with the attendance of each party and the minutes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_kernel::{
    coded_enum,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Note, Record, Reference, Stateful, Text, lifecycle,
    metadata, states,
};

use super::area;

coded_enum! {
    /// Kinds of meetings, numbered as in the contract.
    MeetingKind {
        /// Council of Party members and the public (党群议事会).
        Council = 1 => "council",
        /// Joint meeting of units (联席会商).
        Joint = 2 => "joint",
        /// Consultation meeting (有事好商量).
        Consultation = 3 => "consultation",
    }
}

states! {
    /// States of a meeting, numbered as in the contract.
    MeetingState {
        /// The meeting is planned.
        Planned = 1 => "planned",
        /// The meeting was held. Final.
        Held = 2 => "held",
        /// The meeting was cancelled. Final.
        Cancelled = 3 => "cancelled",
    }
    MeetingAction {
        Hold = "hold": Planned => Held,
        Cancel = "cancel": Planned => Cancelled,
    }
}

/// Names of the fields with the attendance of the four parties.
pub const PARTIES: [&str; 4] = [
    "committee_count",
    "party_member_count",
    "resident_count",
    "stakeholder_count",
];

/// A meeting of a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<MeetingState>,
    /// Kind of the meeting.
    pub kind: MeetingKind,
    /// Title of the meeting.
    pub title: Text,
    /// When the meeting begins.
    pub start_time: DateTime<Utc>,
    /// Number of members of both committees of the community who attended.
    pub committee_count: i32,
    /// Number of representatives of Party members who attended.
    pub party_member_count: i32,
    /// Number of representatives of residents who attended.
    pub resident_count: i32,
    /// Number of stakeholders who attended.
    pub stakeholder_count: i32,
    /// Minutes; empty until the meeting was held.
    pub minutes: Note,
}

impl Record for Meeting {
    const KIND: &'static str = "meeting";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let state = self.lifecycle.state();
        let (name, held) = (state.name(), state == MeetingState::Held);
        // One party is enough here. A deliberation requires all four, which its own
        // guard checks.
        checks.required_if(
            held,
            self.attendance().iter().any(|count| *count > 0),
            "committee_count",
            name,
        );
        checks.required_if(held, !self.minutes.0.trim().is_empty(), "minutes", name);
        for (count, field) in self.attendance().into_iter().zip(PARTIES) {
            checks.rule(count >= 0, field, Rule::Int32Gte, "must be 0 or more");
        }
    }

    fn references(&self) -> Vec<Reference> {
        vec![
            Reference::area(&self.metadata)
                .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
        ]
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            code: self.kind.name(),
            start_date: Some(day_of(self.start_time, DEFAULT_ZONE)),
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Meeting {
    /// Returns the attendance of each party, in the order of [`PARTIES`].
    pub fn attendance(&self) -> [i32; 4] {
        [
            self.committee_count,
            self.party_member_count,
            self.resident_count,
            self.stakeholder_count,
        ]
    }
}

impl Stateful for Meeting {
    lifecycle!(MeetingState);

    fn on_transition(&mut self, action: MeetingAction, now: DateTime<Utc>) -> Result<(), Refusal> {
        if action == MeetingAction::Hold && now < self.start_time {
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
        insta::assert_snapshot!(wangge_record::states::table(MeetingState::ALL));
    }
}
