//! Appointments: where each post is held, by how many people, and how it ends.

use chrono::NaiveDate;
use serde::Serialize;
use wangge_kernel::refusal::Refusal;
use wangge_kernel::typed_id;
use wangge_record::{Checks, Days, End};

use super::{area::AreaKind, coded, person::PersonId, unit::UnitId};

typed_id!(
    /// Id of an appointment.
    AppointmentId
);

coded! {
    /// A post. The numbers are those of the contract.
    Post {
        /// Secretary of a Party unit.
        Secretary = 1,
        /// Leader of a building's Party group.
        GroupLeader = 2,
        /// Head of a Party-member centre household.
        CentreHouseholdHead = 3,
        /// Full-time grid worker.
        FullTimeGridWorker = 4,
        /// Part-time grid worker who is a Party member.
        PartTimeGridWorker = 5,
        /// Member of a unit's staff.
        Staff = 6,
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
        matches!(self, Self::FullTimeGridWorker | Self::PartTimeGridWorker)
    }
}

/// The place of a post: a unit or an area.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Seat {
    /// In the unit with this id.
    Unit(UnitId),
    /// In the area with this code.
    Area(String),
}

/// An appointment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Appointment {
    /// Id, unique across all areas.
    pub id: AppointmentId,
    /// The person appointed.
    pub person_id: PersonId,
    /// The post that the person holds.
    pub post: Post,
    /// The unit that the post is held in; `None` for a post in an area.
    pub unit_id: Option<UnitId>,
    /// Code of the area that the post is held in, or else of the unit's area.
    pub area_code: String,
    /// First day on which the post is held.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
    /// Revision, counted from 1.
    pub revision: i64,
}

/// An appointment as requested, before validation.
#[derive(Debug, Clone)]
pub struct AppointmentDraft {
    /// Id, generated if the request has none.
    pub id: AppointmentId,
    /// The person to be appointed.
    pub person_id: Option<PersonId>,
    /// The post to be held.
    pub post: Option<Post>,
    /// The unit; `None` with an area.
    pub unit_id: Option<UnitId>,
    /// Code of the area; empty with a unit.
    pub area_code: String,
    /// First day on which the post is held.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}

impl AppointmentDraft {
    /// Validates the draft and returns the appointment. One in a unit has no area yet:
    /// [`Appointment::in_unit_of`] sets it to the unit's.
    ///
    /// # Errors
    /// `FIELD_INVALID`, naming every invalid field.
    pub fn check(self) -> Result<Appointment, Refusal> {
        let mut checks = Checks::of("appointment");
        checks.required(self.person_id.is_some(), "person_id");
        checks.required(self.post.is_some(), "post");
        checks.required(self.start_date.is_some(), "start_date");
        checks.ends_after(self.start_date, self.end_date);
        if let Some(post) = self.post {
            self.check_seat(&mut checks, post);
        }
        let (Some(person_id), Some(post), Some(start_date), true) =
            (self.person_id, self.post, self.start_date, checks.is_ok())
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

    /// Checks that a grid worker's post is in an area, and every other post in a unit.
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
        checks.required(wanted_given, wanted);
        checks.rule(
            !other_given,
            other,
            "appointment.seat",
            "must be empty for this post",
        );
    }
}

impl Appointment {
    /// Returns the days on which it is held.
    pub fn days(&self) -> Days {
        Days {
            start_date: Some(self.start_date),
            end_date: self.end_date,
        }
    }

    /// Returns the unit or area that the post is held in.
    pub fn seat(&self) -> Seat {
        self.unit_id
            .map_or_else(|| Seat::Area(self.area_code.clone()), Seat::Unit)
    }

    /// Sets the area to that of the appointment's unit.
    #[must_use]
    pub fn in_unit_of(self, area_code: String) -> Self {
        Self { area_code, ..self }
    }

    /// Checks that the area of a grid worker's post is a grid.
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
        checks.finish()
    }

    /// Returns the person whose other appointments conflict with this one, or `None` if
    /// everyone's do because the post is exclusive.
    pub fn only_holder(&self) -> Option<PersonId> {
        Some(self.person_id).filter(|_| !self.post.is_exclusive())
    }

    /// Returns the refusal for a post that is taken on one of the days.
    pub fn taken() -> Refusal {
        Refusal::guard(
            "post_taken",
            "appointment",
            "on some of these days another person holds the post, or the same person already \
             holds it",
        )
    }

    /// Returns the appointment's next revision, ended or with its end corrected.
    ///
    /// # Errors
    /// `STATE_CONFLICT` if it has an end already and the request is no correction;
    /// otherwise as [`End::decide`].
    pub fn end(self, end: &End) -> Result<Self, Refusal> {
        // A second end could silently move the first one. Only a correction may, and it
        // requires a reason.
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
