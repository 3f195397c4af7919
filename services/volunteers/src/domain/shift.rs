//! Shifts of volunteers: who serves when, and the hours that result. A shift belongs to
//! the area of its event, post or station.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, lifecycle, metadata,
    states,
};

use super::service_event::ServiceEventState;

states! {
    /// States of a shift, numbered as in the contract.
    ShiftState {
        /// Open: no volunteer has taken it.
        Open = 1 => "open",
        /// A volunteer has taken the shift.
        Filled = 2 => "filled",
        /// The volunteer has signed in.
        SignedIn = 3 => "signed_in",
        /// The volunteer has signed out.
        SignedOut = 4 => "signed_out",
        /// The hours have been confirmed.
        HoursConfirmed = 5 => "hours_confirmed",
        /// The hours have been certified. Final.
        Certified = 6 => "certified",
        /// The shift was cancelled. Final.
        Cancelled = 7 => "cancelled",
    }
    ShiftAction {
        Fill = "fill": Open => Filled,
        Release = "release": Filled => Open,
        SignIn = "sign_in": Filled => SignedIn,
        SignOut = "sign_out": SignedIn => SignedOut,
        ConfirmHours = "confirm_hours": SignedOut => HoursConfirmed,
        CorrectHours = "correct_hours": HoursConfirmed => HoursConfirmed,
        Certify = "certify": HoursConfirmed => Certified,
        Cancel = "cancel": Open | Filled => Cancelled,
    }
}

/// A shift of one volunteer at an event, at a post or at a station.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Fields common to all records; the area is that of the event, post or station.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<ShiftState>,
    /// Id of the event that it belongs to; exactly one of the three ids is set.
    pub service_event_id: Option<Uuid>,
    /// Id of the post that it belongs to.
    pub service_post_id: Option<Uuid>,
    /// Id of the station that it belongs to.
    pub station_id: Option<Uuid>,
    /// Time at which it begins.
    pub start_time: DateTime<Utc>,
    /// Time at which it ends: after `start_time`, by at most 24 hours.
    pub end_time: DateTime<Utc>,
    /// Id of the volunteer; `None` while the shift is open.
    pub volunteer_id: Option<Uuid>,
    /// Time at which the volunteer signed in.
    pub signed_in_time: Option<DateTime<Utc>>,
    /// Time at which the volunteer signed out.
    pub signed_out_time: Option<DateTime<Utc>>,
    /// Confirmed time of service in minutes; 0 until it is confirmed.
    pub worked_minutes: i32,
}

impl Record for Shift {
    const KIND: &'static str = "shift";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let given = [self.service_event_id, self.service_post_id, self.station_id];
        let count = given.iter().flatten().count();
        let why = "exactly one of service_event_id, service_post_id and station_id is required";
        checks.rule(count == 1, "service_event_id", Rule::MessageOneof, why);
        let length = self.end_time - self.start_time;
        checks.rule(
            length > TimeDelta::zero() && length <= TimeDelta::hours(24),
            "end_time",
            Rule::TimeOrder,
            "must be after start_time, by at most 24 hours",
        );
        let state = self.lifecycle.state();
        let later = [
            ShiftState::SignedIn,
            ShiftState::SignedOut,
            ShiftState::HoursConfirmed,
            ShiftState::Certified,
        ];
        let [has_come, has_left, confirmed] =
            [0, 1, 2].map(|from| self.lifecycle.is_in(&later[from..]));
        let name = state.name();
        // A shift can be cancelled while open or while filled, so a cancelled one may or
        // may not have a volunteer.
        if state != ShiftState::Cancelled {
            let taken = state != ShiftState::Open;
            checks.required_if(taken, self.volunteer_id.is_some(), "volunteer_id", name);
        }
        checks.required_if(
            has_come,
            self.signed_in_time.is_some(),
            "signed_in_time",
            name,
        );
        checks.required_if(
            has_left,
            self.signed_out_time.is_some(),
            "signed_out_time",
            name,
        );
        checks.required_if(confirmed, self.worked_minutes > 0, "worked_minutes", name);
        // Without this limit, a volunteer could sign in and out at once and have 24 hours
        // confirmed. A correction requires a reason, so it may exceed the limit.
        let corrected = self
            .lifecycle
            .last_time(ShiftAction::CorrectHours)
            .is_some();
        checks.rule(
            corrected || i64::from(self.worked_minutes) <= self.signed_minutes(),
            "worked_minutes",
            Rule::ShiftSigned,
            "must not exceed the signed time, unless corrected with a reason",
        );
        checks.rule(
            (0..=1440).contains(&self.worked_minutes),
            "worked_minutes",
            Rule::Int32GteLte,
            "must be between 0 and 1440",
        );
    }

    fn references(&self) -> Vec<Reference> {
        [
            self.service_event_id.map(|id| {
                Reference::id("service_event_id", "service_event", id)
                    .while_in(&[ServiceEventState::Planned, ServiceEventState::Held])
            }),
            self.service_post_id
                .map(|id| Reference::id("service_post_id", "service_post", id)),
            self.station_id
                .map(|id| Reference::id("station_id", "station", id)),
            self.volunteer_id
                .map(|id| Reference::id("volunteer_id", "volunteer", id)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn area_from(&self) -> Option<Uuid> {
        self.service_event_id
            .or(self.service_post_id.or(self.station_id))
    }

    fn conflict_error(&self) -> Refusal {
        // Reported for a violation of `shift_overlap`, an exclusion constraint of the table.
        Refusal::guard(
            Guard::ShiftOverlaps,
            Self::KIND,
            "the volunteer is on another shift at that time",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: self.area_from(),
            subject_id: self.volunteer_id,
            code: self.at(),
            amount: self.worked_minutes.into(),
            // Also the day on which the post or station and the volunteer must be in
            // effect: a shift is filled in advance, so today is not the day that matters.
            start_date: Some(day_of(self.start_time, DEFAULT_ZONE)),
            ..EventSummary::of_stateful(self)
        }
    }
}

/// Maximum time before the start of a shift at which its volunteer can sign in.
const SIGN_IN_BEFORE: TimeDelta = TimeDelta::hours(1);

impl Shift {
    /// Returns the time between sign-in and sign-out in minutes, rounded up, at least 1;
    /// 0 if the volunteer has not signed out.
    fn signed_minutes(&self) -> i64 {
        let (Some(came), Some(left)) = (self.signed_in_time, self.signed_out_time) else {
            return 0;
        };
        // At least one minute, since confirmed hours must be more than 0: otherwise a
        // shift that was signed out within the same second could never be confirmed.
        ((left - came).num_seconds().saturating_add(59) / 60).max(1)
    }

    /// Checks that the volunteer can sign in now: from one hour before the start until
    /// the end.
    fn require_sign_in(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        let (guard, why) = if now < self.start_time - SIGN_IN_BEFORE {
            (Guard::NotBegun, "it begins in more than an hour")
        } else if now >= self.end_time {
            (Guard::ShiftOver, "it has ended")
        } else {
            return Ok(());
        };
        Err(Refusal::guard(guard, Self::KIND, why))
    }

    /// Checks that hours are certified by another caller than the one who confirmed or
    /// corrected them last.
    fn require_four_eyes(&self) -> Result<(), Refusal> {
        // The current step is already part of `lifecycle`, so the last `certify` is this
        // one. The actor is that of the token, not an id from the request, which could be
        // anyone's.
        let certified = self.lifecycle.last_actor(&[ShiftAction::Certify]);
        let confirmed = self
            .lifecycle
            .last_actor(&[ShiftAction::ConfirmHours, ShiftAction::CorrectHours]);
        if certified.is_some() && certified == confirmed {
            let why = "hours must be certified by someone other than the person who confirmed or \
                       corrected them";
            return Err(Refusal::guard(Guard::SameSubject, Self::KIND, why));
        }
        Ok(())
    }

    /// Returns the kind of the record that it belongs to, as named in events.
    fn at(&self) -> &'static str {
        match (self.service_event_id, self.service_post_id) {
            (Some(_), _) => "event",
            (_, Some(_)) => "post",
            _ => "station",
        }
    }
}

impl Stateful for Shift {
    lifecycle!(ShiftState);

    fn on_transition(&mut self, action: ShiftAction, now: DateTime<Utc>) -> Result<(), Refusal> {
        match action {
            // The volunteer must be cleared, or `shift_overlap` would keep that time
            // blocked for them and the check of open shifts would fail.
            ShiftAction::Release => self.volunteer_id = None,
            ShiftAction::SignIn => {
                self.require_sign_in(now)?;
                self.signed_in_time = Some(now);
            }
            ShiftAction::Certify => self.require_four_eyes()?,
            // If the clock was set back, the sign-out must still not precede the sign-in.
            ShiftAction::SignOut => self.signed_out_time = self.signed_in_time.max(Some(now)),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_record::states::table(ShiftState::ALL));
    }
}
