//! Appointments: where which post is held, by how many, and how it ends.

use chrono::NaiveDate;
use serde::Serialize;
use wangge_api::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_resource::{Checks, Days, End};

use super::{area::AreaKind, coded, person::PersonId, unit::UnitId};

typed_id!(
    /// Id of an appointment.
    AppointmentId
);

coded! {
    /// A post. The numbers are the contract's.
    Post {
        /// Secretary of a Party unit.
        Secretary = 1,
        /// Leader of a building's Party group.
        GroupLeader = 2,
        /// Head of a Party-member centre household.
        CentreHouseholdHead = 3,
        /// Full-time grid worker.
        FullTimeGridWorker = 4,
        /// Part-time Party-member grid worker.
        PartTimeGridWorker = 5,
        /// Member of staff.
        Staff = 6,
    }
}

impl Post {
    /// The posts that every grid has.
    pub const OF_EVERY_GRID: [Self; 2] = [Self::FullTimeGridWorker, Self::PartTimeGridWorker];

    /// Whether only one person at a time holds the post in a unit or grid.
    pub fn is_exclusive(self) -> bool {
        self != Self::Staff
    }

    /// Whether the post is held in a grid rather than in a unit.
    fn is_in_grid(self) -> bool {
        matches!(self, Self::FullTimeGridWorker | Self::PartTimeGridWorker)
    }
}

/// Where a post is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Seat {
    /// In a unit.
    Unit(UnitId),
    /// In an area, by its code.
    Area(String),
}

/// An appointment as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Appointment {
    /// Id.
    pub id: AppointmentId,
    /// The person appointed.
    pub person_id: PersonId,
    /// The post.
    pub post: Post,
    /// The unit in which it is held; none for a post in an area.
    pub unit_id: Option<UnitId>,
    /// Code of the area in which it is held, or else of the unit's area.
    pub area_code: String,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
    /// Revision, from 1.
    pub revision: i64,
}

/// An appointment as somebody asks for it.
#[derive(Debug, Clone)]
pub struct AppointmentDraft {
    /// Id.
    pub id: AppointmentId,
    /// The person.
    pub person_id: Option<PersonId>,
    /// The post.
    pub post: Option<Post>,
    /// The unit.
    pub unit_id: Option<UnitId>,
    /// Code of the area; empty with a unit.
    pub area_code: String,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}

impl AppointmentDraft {
    /// The appointment, if it is whole and right in itself. One in a unit has
    /// no area yet: [`Appointment::in_unit_of`] gives it the unit's.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every field that is wrong.
    pub fn check(self) -> Result<Appointment, Refusal> {
        let mut checks = Checks::of("appointment");
        checks.given(self.person_id.is_some(), "person_id");
        checks.given(self.post.is_some(), "post");
        checks.given(self.start_date.is_some(), "start_date");
        checks.ends_after(self.start_date, self.end_date);
        if let Some(post) = self.post {
            self.check_seat(&mut checks, post);
        }
        let (Some(person_id), Some(post), Some(start_date), true) =
            (self.person_id, self.post, self.start_date, checks.hold())
        else {
            return Err(checks.refusal());
        };
        Ok(Appointment {
            id: self.id,
            person_id,
            post,
            unit_id: self.unit_id,
            area_code: self.area_code,
            start_date,
            end_date: self.end_date,
            revision: 1,
        })
    }

    /// A grid worker's post is in an area, every other in a unit.
    fn check_seat(&self, checks: &mut Checks, post: Post) {
        let (wanted, other, wanted_given, other_given) = if post.is_in_grid() {
            (
                "area_code",
                "unit_id",
                !self.area_code.is_empty(),
                self.unit_id.is_some(),
            )
        } else {
            (
                "unit_id",
                "area_code",
                self.unit_id.is_some(),
                !self.area_code.is_empty(),
            )
        };
        checks.given(wanted_given, wanted);
        checks.rule(
            !other_given,
            other,
            "appointment.seat",
            "must be empty for this post",
        );
    }
}

impl Appointment {
    /// The days on which it holds.
    pub fn days(&self) -> Days {
        Days {
            start_date: Some(self.start_date),
            end_date: self.end_date,
        }
    }

    /// Where the post is held.
    pub fn seat(&self) -> Seat {
        self.unit_id
            .map_or_else(|| Seat::Area(self.area_code.clone()), Seat::Unit)
    }

    /// The appointment in a unit that belongs to an area.
    #[must_use]
    pub fn in_unit_of(self, area_code: String) -> Self {
        Self { area_code, ..self }
    }

    /// Demands that the area of a post in an area is a grid.
    ///
    /// # Errors
    /// `FIELD_INVALID` if it is not.
    pub fn check_area(&self, kind: AreaKind) -> Result<(), Refusal> {
        let mut checks = Checks::of("appointment");
        checks.rule(
            kind == AreaKind::Grid,
            "area_code",
            "appointment.grid",
            "must be a grid",
        );
        checks.done()
    }

    /// Whose other appointments to the post stand in the way: anybody's if the
    /// post is exclusive (none), else the person's own.
    pub fn only_holder(&self) -> Option<PersonId> {
        Some(self.person_id).filter(|_| !self.post.is_exclusive())
    }

    /// The refusal for a post that another appointment holds on one of the
    /// days.
    pub fn taken() -> Refusal {
        Refusal::guard(
            "post_taken",
            "appointment",
            "another person holds the post on one of the days, or the same person holds it already",
        )
    }

    /// The appointment's next revision, ended on a day or with its end corrected.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if it has an end already and no correction is asked for;
    /// otherwise as [`End::decide`].
    pub fn end(self, end: &End) -> Result<Self, Refusal> {
        if self.end_date.is_some() && matches!(end, End::On(_)) {
            return Err(Refusal::state_conflict(
                "appointment",
                "ended",
                "EndAppointment",
            ));
        }
        let end_date = end.decide("appointment", self.start_date, self.end_date)?;
        Ok(Self {
            end_date,
            revision: self.revision + 1,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(post: Post, unit: bool, area: bool) -> AppointmentDraft {
        AppointmentDraft {
            id: AppointmentId::generate(),
            person_id: Some(PersonId::generate()),
            post: Some(post),
            unit_id: unit.then(UnitId::generate),
            area_code: if area {
                "320402003005001".into()
            } else {
                String::new()
            },
            start_date: NaiveDate::from_ymd_opt(2022, 1, 1),
            end_date: None,
        }
    }

    #[test]
    fn each_post_has_its_seat() {
        for post in (1..=6).filter_map(Post::from_code) {
            let grid = [Post::FullTimeGridWorker, Post::PartTimeGridWorker].contains(&post);
            for (unit, area) in [(false, false), (true, false), (false, true), (true, true)] {
                let fits = if grid {
                    (unit, area) == (false, true)
                } else {
                    (unit, area) == (true, false)
                };
                assert_eq!(
                    draft(post, unit, area).check().is_ok(),
                    fits,
                    "{post:?} {unit} {area}"
                );
            }
            assert_eq!(post.is_exclusive(), post != Post::Staff);
        }
    }

    #[test]
    fn it_ends_once_and_after_it_began() {
        let held = draft(Post::Secretary, true, false)
            .check()
            .expect("appointment");
        let start = held.start_date;
        assert!(held.clone().end(&End::On(start)).is_err());
        let next = End::On(start.succ_opt().expect("day"));
        let ended = held.end(&next).expect("ended");
        assert_eq!(ended.revision, 2);
        assert!(ended.end(&End::On(NaiveDate::MIN)).is_err());
    }
}
