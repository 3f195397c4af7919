//! The wall of an area: what it shows, and how near each deadline is. Nothing on
//! it names a resident; it holds nothing that the feeds have not told.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Within which a message in a chat group is to be replied to: its deadline less
/// this is when it was sent.
pub(crate) const REPLY_WITHIN: TimeDelta = TimeDelta::minutes(60);

/// How near a deadline is, numbered as in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Light {
    /// Under 80 % of the limit is used, or it was done in time.
    Green = 1,
    /// 80 % of the limit is used.
    Yellow = 2,
    /// The deadline is past, or it was done late.
    Red = 3,
}

impl Light {
    /// The light of something that began and is due, at a moment: now, or when
    /// it was done.
    fn of(begun: DateTime<Utc>, due: DateTime<Utc>, at: DateTime<Utc>, is_done: bool) -> Self {
        let used = (at - begun).num_milliseconds().saturating_mul(100);
        let limit = (due - begun).num_milliseconds().saturating_mul(80);
        if at > due {
            Self::Red
        } else if !is_done && used >= limit {
            Self::Yellow
        } else {
            Self::Green
        }
    }
}

/// A livelihood matter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matter {
    pub id: Uuid,
    /// What is applied for.
    pub title: String,
    pub area_name: String,
    /// Name of its state.
    pub state: String,
    pub state_time: DateTime<Utc>,
    /// Number of the handler's post.
    pub handler_post: Option<i16>,
    pub received_time: DateTime<Utc>,
    pub due_time: DateTime<Utc>,
    /// When it was decided.
    pub decided_time: Option<DateTime<Utc>>,
    /// How many are open, and how many of these are overdue, in all.
    pub open_count: i64,
    pub overdue_count: i64,
}

impl Matter {
    /// How near its deadline is.
    pub(crate) fn light(&self, now: DateTime<Utc>) -> Light {
        let at = self.decided_time.unwrap_or(now);
        Light::of(
            self.received_time,
            self.due_time,
            at,
            self.decided_time.is_some(),
        )
    }
}

/// A message in a chat group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub id: Uuid,
    /// Name of the group.
    pub title: String,
    /// Name of its state.
    pub state: String,
    pub state_time: DateTime<Utc>,
    /// Number of the post of whoever sees to it.
    pub handler_post: Option<i16>,
    pub due_time: DateTime<Utc>,
}

impl Reply {
    /// When the message was sent.
    pub(crate) fn sent_time(&self) -> DateTime<Utc> {
        self.due_time - REPLY_WITHIN
    }

    /// When it was replied to.
    pub(crate) fn replied_time(&self) -> Option<DateTime<Utc>> {
        (self.state == "replied").then_some(self.state_time)
    }

    /// How near its deadline is.
    pub(crate) fn light(&self, now: DateTime<Utc>) -> Light {
        let replied = self.replied_time();
        let at = replied.unwrap_or(now);
        Light::of(self.sent_time(), self.due_time, at, replied.is_some())
    }
}

/// A grid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    pub area_code: String,
    pub name: String,
    /// GeoJSON geometry; empty for none.
    pub boundary_geojson: String,
    pub resident_in_need_count: i32,
    pub open_matter_count: i32,
    pub open_wish_count: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).expect("a time")
    }

    #[test]
    fn a_light_turns_at_four_fifths_and_at_the_end_of_the_limit() {
        let light = |minute, done| Light::of(at(0), at(60), at(minute), done);
        assert_eq!(light(47, false), Light::Green);
        assert_eq!(light(48, false), Light::Yellow);
        assert_eq!(light(60, false), Light::Yellow);
        assert_eq!(light(61, false), Light::Red);
        assert_eq!(light(59, true), Light::Green, "done in time");
        assert_eq!(light(61, true), Light::Red, "done late");
    }
}
