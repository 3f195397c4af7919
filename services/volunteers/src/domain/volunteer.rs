//! Volunteers and their skills. No phone or identity number is stored.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area;

/// A volunteer of a community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volunteer {
    /// Fields common to all records; the area is a community.
    #[serde(flatten)]
    pub head: Head,
    /// Name of the volunteer; personal data.
    pub name: Text,
    /// Id of the person, if they are known to organization.
    pub person_id: Option<Uuid>,
    /// Skills, in text, one per entry.
    pub skills: Vec<Text>,
    /// First day as a volunteer.
    pub start_date: NaiveDate,
    /// First day on which they are no longer a volunteer.
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
