//! The wall of an area: its entries and the status of each deadline. It names no resident,
//! and contains only data from the feeds.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Time limit for the reply to a chat message. Its deadline minus this is the time at which
/// it was sent.
pub(crate) const REPLY_WITHIN: TimeDelta = TimeDelta::minutes(60);

/// Status of a deadline. The numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Light {
    /// Less than 80 % of the time limit is used, or it was done in time.
    Green = 1,
    /// 80 % of the time limit is used.
    Yellow = 2,
    /// The deadline has passed, or it was done late.
    Red = 3,
}

impl Light {
    /// Returns the status at a moment: now, or the time at which it was done.
    fn of(begun: DateTime<Utc>, due: DateTime<Utc>, at: DateTime<Utc>, is_done: bool) -> Self {
        // In integers: 100 × used against 80 × limit needs no division. Times far apart
        // saturate instead of overflowing.
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

/// A livelihood matter on the wall.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Matter {
    pub id: Uuid,
    /// Title of the item that is applied for.
    pub title: String,
    pub area_name: String,
    pub state: String,
    pub state_time: DateTime<Utc>,
    /// Contract number of the handler's post.
    pub handler_post: Option<i16>,
    pub received_time: DateTime<Utc>,
    pub due_time: DateTime<Utc>,
    /// Time of the decision, if there is one.
    pub decided_time: Option<DateTime<Utc>>,
    /// Number of open matters in the whole area, and how many of them are overdue: the same
    /// in each row, since the list itself is limited.
    pub open_count: i64,
    pub overdue_count: i64,
}

impl Matter {
    /// Returns the status of its deadline.
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

/// A message in a chat group, with its state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub id: Uuid,
    /// Name of the chat group.
    pub title: String,
    pub state: String,
    pub state_time: DateTime<Utc>,
    /// Contract number of the handler's post.
    pub handler_post: Option<i16>,
    pub due_time: DateTime<Utc>,
    /// Number of messages in the whole area that wait for a reply, and how many of them are
    /// overdue.
    pub waiting_count: i64,
    pub overdue_count: i64,
}

impl Reply {
    /// Returns the time at which the message was sent.
    pub(crate) fn sent_time(&self) -> DateTime<Utc> {
        self.due_time - REPLY_WITHIN
    }

    /// Returns the time of the reply, if there is one.
    pub(crate) fn replied_time(&self) -> Option<DateTime<Utc>> {
        (self.state == "replied").then_some(self.state_time)
    }

    /// Returns the status of its deadline.
    pub(crate) fn light(&self, now: DateTime<Utc>) -> Light {
        let replied = self.replied_time();
        let at = replied.unwrap_or(now);
        Light::of(self.sent_time(), self.due_time, at, replied.is_some())
    }
}

/// A grid on the wall.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    pub area_code: String,
    pub name: String,
    /// Boundary as a GeoJSON geometry; empty if unknown.
    pub boundary_geojson: String,
    /// Number of residents in need; `None` if it is withheld.
    pub resident_in_need_count: Option<i32>,
    pub open_matter_count: i32,
    pub open_wish_count: i32,
}

/// Lowest count of residents in need that is shown, apart from zero. The wall is public, and
/// neighbours could tell from a smaller count who is meant.
pub(crate) const LEAST_SHOWN: i64 = 5;

/// Returns true if a count of residents in need may be shown on the wall.
pub(crate) fn may_show(count: i64) -> bool {
    count == 0 || count >= LEAST_SHOWN
}

/// Withholds small counts of residents in need. If only one grid is affected, the next
/// smallest count is withheld as well, or the total would reveal the first one.
pub(crate) fn withhold_small(grids: &mut [Grid]) {
    let mut withheld = 0;
    for grid in &mut *grids {
        if grid
            .resident_in_need_count
            .is_some_and(|count| !may_show(count.into()))
        {
            grid.resident_in_need_count = None;
            withheld += 1;
        }
    }
    if withheld == 1 {
        // Zeros stay visible: withholding one wouldn't hide the other count.
        let shown = grids
            .iter_mut()
            .filter(|grid| grid.resident_in_need_count > Some(0));
        if let Some(smallest) = shown.min_by_key(|grid| grid.resident_in_need_count) {
            smallest.resident_in_need_count = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).expect("a time")
    }

    fn counts(counts: &[i32]) -> Vec<Option<i32>> {
        let grid = |count: &i32| Grid {
            area_code: String::new(),
            name: String::new(),
            boundary_geojson: String::new(),
            resident_in_need_count: Some(*count),
            open_matter_count: 0,
            open_wish_count: 0,
        };
        let mut grids: Vec<Grid> = counts.iter().map(grid).collect();
        withhold_small(&mut grids);
        grids
            .iter()
            .map(|grid| grid.resident_in_need_count)
            .collect()
    }

    #[test]
    fn small_counts_are_withheld_and_never_only_one() {
        assert_eq!(counts(&[0, 5, 9]), [Some(0), Some(5), Some(9)]);
        assert_eq!(counts(&[1, 4, 9]), [None, None, Some(9)]);
        assert_eq!(counts(&[4, 9, 7, 0]), [None, Some(9), None, Some(0)]);
        assert_eq!(counts(&[3]), [None]);
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
