//! Residents. A resident is in the area of the household. Phone and identity numbers are
//! not stored.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_resource::{Checks, Head, Record, Reference, Text, Told, dated};

/// A resident of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// Fields of every record; the area is that of the household.
    #[serde(flatten)]
    pub head: Head,
    /// The household that the resident belongs to.
    pub household_id: Uuid,
    /// Name: personal data.
    pub name: Text,
    /// True if the resident is a member of the Party.
    pub is_party_member: bool,
    /// First day of residence in the household.
    pub start_date: NaiveDate,
    /// First day on which it no longer holds.
    pub end_date: Option<NaiveDate>,
}
dated!(Resident);

impl Record for Resident {
    const KIND: &'static str = "resident";
    const HAS_OWN_AREA: bool = false;

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
        vec![Reference::id(
            "household_id",
            "household",
            self.household_id,
        )]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.household_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.household_id),
            ..Told::dated(self)
        }
    }
}
