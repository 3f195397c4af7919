//! Small wishes, from posting until the wisher confirms that they came true.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_records::{
    Checks, Course, Head, Record, Reference, Stateful, Text, Told, course::Taken, states,
};

use super::area;

states! {
    /// States of a wish. The numbers are those of the contract.
    WishState for Wish {
        /// Posted: staff have to review it.
        Posted = 1 => "posted",
        /// Reviewed: it can be claimed.
        Reviewed = 2 => "reviewed",
        /// Claimed by a unit or a volunteer.
        Claimed = 3 => "claimed",
        /// Fulfilled, according to the claimant.
        Realised = 4 => "realised",
        /// Confirmed by the wisher. Final.
        Confirmed = 5 => "confirmed",
        /// Declined in the review. Final.
        Declined = 6 => "declined",
        /// Withdrawn before it was claimed. Final.
        Withdrawn = 7 => "withdrawn",
    }
    "review": Posted => Reviewed,
    "decline": Posted => Declined,
    "claim": Reviewed => Claimed,
    "release": Claimed => Reviewed,
    "expire": Claimed => Reviewed,
    "realise": Claimed => Realised,
    "contest": Realised => Claimed,
    "confirm": Realised => Confirmed,
    "withdraw": Posted | Reviewed => Withdrawn,
}

/// Number of days for which a claim holds.
pub const CLAIM_DAYS: i64 = 14;

/// A small wish of a resident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Current state and the steps that led to it.
    #[serde(flatten)]
    pub course: Course<WishState>,
    /// Title: what is wished for; personal data.
    pub title: Text,
    /// Id of the resident who wishes, in the organization service, if known.
    pub resident_id: Option<Uuid>,
    /// Id of the claiming unit; exclusive with `volunteer_id`.
    pub unit_id: Option<Uuid>,
    /// Id of the claiming volunteer; exclusive with `unit_id`.
    pub volunteer_id: Option<Uuid>,
    /// Time at which the claim expires unless the wish is realised.
    pub claim_until_time: Option<DateTime<Utc>>,
}

impl Record for Wish {
    const KIND: &'static str = "wish";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        let state = self.course.state();
        let name = state.name();
        let claimed = [
            WishState::Claimed,
            WishState::Realised,
            WishState::Confirmed,
        ];
        let count = usize::from(self.unit_id.is_some()) + usize::from(self.volunteer_id.is_some());
        if self.course.is_in(&claimed) {
            let why = "one of unit_id and volunteer_id is required, and only one";
            checks.rule(count == 1, "unit_id", "wish.claimant", why);
        } else {
            checks.given_when(false, self.unit_id.is_some(), "unit_id", name);
            checks.given_when(false, self.volunteer_id.is_some(), "volunteer_id", name);
        }
        let holds = state == WishState::Claimed;
        let until = self.claim_until_time.is_some();
        checks.given_when(holds, until, "claim_until_time", name);
    }

    fn references(&self) -> Vec<Reference> {
        // The claimant must hold on the day of the claim, which may be long after the posting.
        let claimed = self.course.last_day("claim");
        [
            Some(
                Reference::area(&self.head)
                    .of(area::COMMUNITIES_AND_GRIDS, "must be a community or a grid"),
            ),
            self.unit_id
                .map(|id| Reference::id("unit_id", "unit", id).on(claimed)),
            self.volunteer_id
                .map(|id| Reference::id("volunteer_id", "volunteer", id).on(claimed)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn told(&self) -> Told {
        Told {
            subject_id: self.resident_id,
            ..Told::course(self)
        }
    }
}

impl Wish {
    /// Expires an overdue claim as of its deadline, however much later this runs. Returns the
    /// deadline, or `None` if no claim is overdue.
    ///
    /// # Errors
    /// None that a claimed wish can cause.
    pub fn expire(&mut self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Refusal> {
        let over = self.claim_until_time.filter(|until| *until <= now);
        let (WishState::Claimed, Some(until)) = (self.course.state(), over) else {
            return Ok(None);
        };
        // No actor: the step is the clock's.
        let step = Taken {
            action: "expire",
            time: until,
            actor: String::new(),
            reason: String::new(),
        };
        self.take(step, |_, _| {})?;
        Ok(Some(until))
    }
}

impl Stateful for Wish {
    type State = WishState;

    fn course(&self) -> &Course<WishState> {
        &self.course
    }

    fn course_mut(&mut self) -> &mut Course<WishState> {
        &mut self.course
    }

    fn settle(&mut self, action: &'static str, now: DateTime<Utc>) -> Result<(), Refusal> {
        // Checked here too: the expiry loop may not have run since the deadline.
        let over = self.claim_until_time.is_some_and(|until| until <= now);
        if action == "realise" && over {
            let why = "the claim's time is over";
            return Err(Refusal::guard("claim_over", Self::KIND, why));
        }
        // A contested wish goes back to its claimant with a new period.
        self.claim_until_time = match action {
            "claim" | "contest" => Some(now + TimeDelta::days(CLAIM_DAYS)),
            _ => None,
        };
        if ["release", "expire"].contains(&action) {
            (self.unit_id, self.volunteer_id) = (None, None);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_action() {
        insta::assert_snapshot!(wangge_records::course::table(WishState::ALL));
    }

    #[test]
    fn a_claim_that_is_over_can_not_be_realised_whether_or_not_that_was_seen() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
        let mut wish = Wish {
            head: Head::new(Uuid::now_v7(), start),
            course: Course::default(),
            title: Text("收音机".to_owned()),
            resident_id: None,
            unit_id: None,
            volunteer_id: None,
            claim_until_time: None,
        };
        let mut take = |action, time, unit_id| {
            let step = Taken {
                action,
                time,
                actor: String::new(),
                reason: String::new(),
            };
            wish.take(step, |wish, _| wish.unit_id = unit_id)
        };
        let unit = Some(Uuid::now_v7());
        take("review", start, None).expect("legal");
        take("claim", start, unit).expect("legal");
        let late = take("realise", start + TimeDelta::days(CLAIM_DAYS), unit);
        let late = late.expect_err("the claim is over");
        assert_eq!(late.reason, wangge_api::refusal::Reason::GuardFailed);
    }
}
