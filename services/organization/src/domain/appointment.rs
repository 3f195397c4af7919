//! Appointments: where each post is held, by how many people, and how it ends.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::coded_enum;
use wangge_kernel::refusal::{Guard, Refusal, Rule};
use wangge_record::{Checks, Dated, End, EventSummary, Metadata, Record, Reference, metadata};

use super::area;

coded_enum! {
    /// A post. The numbers are those of the contract.
    Post {
        /// Secretary of a Party unit.
        Secretary = 1 => "secretary",
        /// Leader of a building's Party group.
        GroupLeader = 2 => "group_leader",
        /// Head of a Party-member centre household.
        CentreHouseholdHead = 3 => "centre_household_head",
        /// Full-time grid worker.
        FullTimeGridWorker = 4 => "full_time_grid_worker",
        /// Part-time grid worker who is a Party member.
        PartTimeGridWorker = 5 => "part_time_grid_worker",
        /// Member of a unit's staff.
        Staff = 6 => "staff",
    }
}

impl Post {
    /// The posts that every grid must have.
    pub const OF_EVERY_GRID: [Self; 2] = [Self::FullTimeGridWorker, Self::PartTimeGridWorker];

    /// Returns true if only one person at a time may hold the post in a unit or grid.
    pub fn is_exclusive(self) -> bool {
        self != Self::Staff
    }

    /// Returns true if the post is held in a grid rather than in a unit.
    fn is_in_grid(self) -> bool {
        Self::OF_EVERY_GRID.contains(&self)
    }
}

/// An appointment of a person to a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Appointment {
    /// Fields of every record; the area is the grid that the post is held in, or else the
    /// unit's.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// The person appointed.
    pub person_id: Uuid,
    /// The post that the person holds.
    pub post: Post,
    /// The unit that the post is held in; `None` for a post in a grid.
    pub unit_id: Option<Uuid>,
    /// First day on which the post is held.
    pub start_date: NaiveDate,
    /// First day on which it is no longer held.
    pub end_date: Option<NaiveDate>,
}

impl Appointment {
    /// Returns what the post is held in, which a person can hold each post of once a day:
    /// the id of the unit, or the code of the grid.
    pub fn seat(&self) -> String {
        let unit = self.unit_id.map(|id| id.to_string());
        unit.unwrap_or_else(|| self.metadata.area_code.clone())
    }

    /// Returns the person, if others may hold the post at the same time.
    pub fn only_holder(&self) -> Option<Uuid> {
        Some(self.person_id).filter(|_| !self.post.is_exclusive())
    }
}

impl Record for Appointment {
    const KIND: &'static str = "appointment";
    // Posts in units are in the areas of the units.
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
        let (in_area, in_unit) = (!self.metadata.area_code.is_empty(), self.unit_id.is_some());
        let (wanted, is_given, other, is_empty) = if self.post.is_in_grid() {
            ("area_code", in_area, "unit_id", !in_unit)
        } else {
            ("unit_id", in_unit, "area_code", !in_area)
        };
        checks.required(is_given, wanted);
        let why = "must be empty for this post";
        checks.rule(is_empty, other, Rule::AppointmentSeat, why);
    }

    fn references(&self) -> Vec<Reference> {
        let seat = match self.unit_id {
            Some(id) => Reference::id("unit_id", "unit", id),
            None => Reference::area(&self.metadata).of(area::GRID, "must be a grid"),
        };
        vec![Reference::id("person_id", "person", self.person_id), seat]
    }

    fn area_from(&self) -> Option<Uuid> {
        self.unit_id
    }

    fn conflict_error(&self) -> Refusal {
        Refusal::guard(
            Guard::PostTaken,
            Self::KIND,
            "on some of these days another person holds the post, or the same person already \
             holds it",
        )
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary::of_dated(self)
    }
}

impl Dated for Appointment {
    fn start_date(&self) -> NaiveDate {
        self.start_date
    }

    fn end_date(&self) -> Option<NaiveDate> {
        self.end_date
    }

    fn set_end_date(&mut self, day: Option<NaiveDate>) {
        self.end_date = day;
    }

    fn end(&mut self, end: &End) -> Result<(), Refusal> {
        // A second end could silently move the first one. Only a correction may, and it
        // requires a reason.
        if self.end_date.is_some() && matches!(end, End::On(_)) {
            return Err(Refusal::state_conflict(Self::KIND, "ended", "end"));
        }
        self.end_date = end.decide(Self::KIND, self.start_date, self.end_date)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn draft(post: Post, unit: bool, area: bool) -> Appointment {
        let mut metadata = Metadata::new(Uuid::now_v7(), DateTime::UNIX_EPOCH);
        if area {
            metadata.area_code = "320402003005001".into();
        }
        Appointment {
            metadata,
            person_id: Uuid::now_v7(),
            post,
            unit_id: unit.then(Uuid::now_v7),
            start_date: NaiveDate::from_ymd_opt(2022, 1, 1).expect("a day"),
            end_date: None,
        }
    }

    #[test]
    fn each_post_has_its_seat() {
        for post in Post::ALL.iter().copied() {
            let grid = [Post::FullTimeGridWorker, Post::PartTimeGridWorker].contains(&post);
            for (unit, area) in [(false, false), (true, false), (false, true), (true, true)] {
                let fits = if grid {
                    (unit, area) == (false, true)
                } else {
                    (unit, area) == (true, false)
                };
                let mut checks = Checks::of(Appointment::KIND);
                draft(post, unit, area).check(&mut checks);
                assert_eq!(checks.is_ok(), fits, "{post:?} {unit} {area}");
            }
            assert_eq!(post.is_exclusive(), post != Post::Staff);
        }
    }

    #[test]
    fn it_ends_once_and_after_it_began() {
        let mut held = draft(Post::Secretary, true, false);
        let start = held.start_date;
        assert!(held.end(&End::On(start)).is_err());
        let next = End::On(start.succ_opt().expect("day"));
        held.end(&next).expect("ended");
        assert!(held.end(&End::On(NaiveDate::MIN)).is_err());
    }
}
