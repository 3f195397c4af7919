//! Buildings: each belongs to an estate and lies in one grid.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_resource::{Checks, Head, Record, Reference, Text, Told, dated};

use super::area::AreaKind;

/// A building.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Building {
    /// What every record has; the area is a grid.
    #[serde(flatten)]
    pub head: Head,
    /// Its estate.
    pub estate_id: Uuid,
    /// Its name or number.
    pub name: Text,
    /// First day.
    pub start_date: NaiveDate,
    /// First day on which it no longer stands.
    pub end_date: Option<NaiveDate>,
}
dated!(Building);

impl Building {
    /// What one building has at a time: its estate, and its name there.
    pub fn place(&self) -> (Uuid, &str) {
        (self.estate_id, &self.name.0)
    }
}

impl Record for Building {
    const KIND: &'static str = "building";

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
        vec![
            Reference::id("estate_id", "estate", self.estate_id),
            Reference::area(&self.head).of(&[AreaKind::Grid as i16], "must be a grid"),
        ]
    }

    fn taken(&self) -> Refusal {
        Refusal::guard(
            "name_taken",
            Self::KIND,
            "the estate has a building of this name on one of the days",
        )
    }

    fn exclusive(&self) -> Option<String> {
        let (estate, name) = self.place();
        Some(format!("{estate} {name}"))
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.estate_id),
            ..Told::dated(self)
        }
    }
}
