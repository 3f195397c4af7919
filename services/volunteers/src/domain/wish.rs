//! Small wishes (微心愿), from posting until the person who made the wish confirms its
//! fulfilment.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{
    Checks, EventSummary, Lifecycle, Metadata, Record, Reference, Stateful, Text, lifecycle,
    lifecycle::NewTransition, metadata, states,
};

use super::area;

states! {
    /// States of a wish, numbered as in the contract.
    WishState {
        /// Posted; staff must review it.
        Posted = 1 => "posted",
        /// Reviewed; it can be claimed.
        Reviewed = 2 => "reviewed",
        /// Claimed by a unit or a volunteer.
        Claimed = 3 => "claimed",
        /// Fulfilled, according to the claimant.
        Realised = 4 => "realised",
        /// Fulfilment confirmed by the person who made the wish. Final.
        Confirmed = 5 => "confirmed",
        /// Declined by staff. Final.
        Declined = 6 => "declined",
        /// The wish was withdrawn. Final.
        Withdrawn = 7 => "withdrawn",
    }
    WishAction {
        Review = "review": Posted => Reviewed,
        Decline = "decline": Posted => Declined,
        Claim = "claim": Reviewed => Claimed,
        Release = "release": Claimed => Reviewed,
        Expire = "expire": Claimed => Reviewed,
        Realise = "realise": Claimed => Realised,
        Contest = "contest": Realised => Claimed,
        Confirm = "confirm": Realised => Confirmed,
        Withdraw = "withdraw": Posted | Reviewed => Withdrawn,
    }
}

/// Number of days after which a claim expires.
pub const CLAIM_DAYS: i64 = 14;

/// A wish that a unit or a volunteer can claim and fulfil.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Fields common to all records; the area is a community or a grid.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Current state, and the steps that led to it.
    #[serde(flatten)]
    pub lifecycle: Lifecycle<WishState>,
    /// Description of the wish, 1 to 200 characters; personal data.
    pub title: Text,
    /// Id of the resident who made the wish, in the organization service, if known there;
    /// not verified.
    pub resident_id: Option<Uuid>,
    /// Id of the unit that has claimed the wish.
    pub unit_id: Option<Uuid>,
    /// Id of the volunteer who has claimed the wish.
    pub volunteer_id: Option<Uuid>,
    /// Time at which the claim expires unless the wish is fulfilled.
    pub claim_until_time: Option<DateTime<Utc>>,
}

impl Record for Wish {
    const KIND: &'static str = "wish";

    metadata!();

    fn check(&self, checks: &mut Checks) {
        let state = self.lifecycle.state();
        let name = state.name();
        let claimed = [
            WishState::Claimed,
            WishState::Realised,
            WishState::Confirmed,
        ];
        let count = usize::from(self.unit_id.is_some()) + usize::from(self.volunteer_id.is_some());
        // The claimant stays set after the claim is fulfilled; in all other states the
        // wish must be free for the next claimant.
        if self.lifecycle.is_in(&claimed) {
            let why = "exactly one of unit_id and volunteer_id is required";
            checks.rule(count == 1, "unit_id", Rule::MessageOneof, why);
        } else {
            checks.required_if(false, self.unit_id.is_some(), "unit_id", name);
            checks.required_if(false, self.volunteer_id.is_some(), "volunteer_id", name);
        }
        let holds = state == WishState::Claimed;
        let until = self.claim_until_time.is_some();
        checks.required_if(holds, until, "claim_until_time", name);
    }

    fn references(&self) -> Vec<Reference> {
        // The claimant must be in effect on the day of the claim, which can be long after
        // the wish was posted.
        let claimed = self.lifecycle.last_day(WishAction::Claim);
        [
            Some(
                Reference::area(&self.metadata)
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

    // No title: the wish is personal data, which events don't contain.
    fn event_summary(&self) -> EventSummary {
        EventSummary {
            subject_id: self.resident_id,
            ..EventSummary::of_stateful(self)
        }
    }
}

impl Wish {
    /// Ends a claim that has expired. The step is dated at the expiry, no matter how much
    /// later it is detected. Returns the time of the expiry, or `None` if no claim has
    /// expired.
    ///
    /// # Errors
    /// None that a claimed wish could cause.
    pub fn expire(&mut self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Refusal> {
        let over = self.claim_until_time.filter(|until| *until <= now);
        let (WishState::Claimed, Some(until)) = (self.lifecycle.state(), over) else {
            // Not an error: another replica may have ended the claim, or the wish was
            // fulfilled, after the caller listed the overdue claims.
            return Ok(None);
        };
        let step = NewTransition {
            action: WishAction::Expire,
            // Not `now`: the history must not depend on when a process was running to
            // detect the expiry.
            time: until,
            actor: String::new(),
            reason: String::new(),
        };
        self.take(step, |_, _| {})?;
        Ok(Some(until))
    }
}

impl Stateful for Wish {
    lifecycle!(WishState);

    fn on_transition(&mut self, action: WishAction, now: DateTime<Utc>) -> Result<(), Refusal> {
        // A claim expires at its time, whether or not the background task has already
        // ended it. Otherwise the result would depend on the task's poll interval.
        let over = self.claim_until_time.is_some_and(|until| until <= now);
        if action == WishAction::Realise && over {
            let why = "the claim has expired";
            return Err(Refusal::guard(Guard::ClaimOver, Self::KIND, why));
        }
        self.claim_until_time = match action {
            WishAction::Claim | WishAction::Contest => Some(now + TimeDelta::days(CLAIM_DAYS)),
            _ => None,
        };
        if [WishAction::Release, WishAction::Expire].contains(&action) {
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
        insta::assert_snapshot!(wangge_record::states::table(WishState::ALL));
    }

    #[test]
    fn a_claim_that_is_over_can_not_be_realised_whether_or_not_that_was_seen() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
        let mut wish = Wish {
            metadata: Metadata::new(Uuid::now_v7(), start),
            lifecycle: Lifecycle::default(),
            title: Text("收音机".to_owned()),
            resident_id: None,
            unit_id: None,
            volunteer_id: None,
            claim_until_time: None,
        };
        let mut take = |action, time, unit_id| {
            let step = NewTransition {
                action,
                time,
                actor: String::new(),
                reason: String::new(),
            };
            wish.take(step, |wish, _| wish.unit_id = unit_id)
        };
        let unit = Some(Uuid::now_v7());
        take(WishAction::Review, start, None).expect("legal");
        take(WishAction::Claim, start, unit).expect("legal");
        let late = take(
            WishAction::Realise,
            start + TimeDelta::days(CLAIM_DAYS),
            unit,
        );
        let late = late.expect_err("the claim is over");
        let guard = late.precondition.and_then(|one| one.guard);
        assert_eq!(guard, Some(Guard::ClaimOver));
    }
}
