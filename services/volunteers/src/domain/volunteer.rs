//! Volunteers and what they can do. No phone and no identity number is kept.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_resource::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

/// A volunteer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volunteer {
    /// What every record has; the area is a community.
    #[serde(flatten)]
    pub head: Head,
    /// Name; personal.
    pub name: Text,
    /// The person, where organization knows them.
    pub person_id: Option<Uuid>,
    /// What the volunteer can do.
    pub skills: Vec<Text>,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(Volunteer);

impl Record for Volunteer {
    const KIND: &'static str = "volunteer";

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.ends_after(Some(self.start_date), self.end_date);
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::area(&self.head).of(area::COMMUNITIES, "must be a community")]
    }

    fn told(&self) -> Told {
        Told {
            subject_id: self.person_id,
            ..Told::dated(self)
        }
    }
}
