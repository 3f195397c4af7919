//! Trainings of volunteers. A training belongs to the area of the volunteer.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_records::{Checks, Head, Record, Reference, Text, Told};

/// A training that a volunteer attended on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Fields common to all records; the area is that of the volunteer.
    #[serde(flatten)]
    pub head: Head,
    /// Id of the trained volunteer.
    pub volunteer_id: Uuid,
    /// Subject of the training.
    pub subject: Text,
    /// Day of the training.
    pub training_date: NaiveDate,
    /// Duration in minutes: 1 to 1440.
    pub minutes: i32,
}

impl Record for Training {
    const KIND: &'static str = "training";
    const HAS_OWN_AREA: bool = false;

    fn head(&self) -> &Head {
        &self.head
    }

    fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    fn check(&self, checks: &mut Checks) {
        checks.day_has_come(self.training_date, "training_date");
        checks.rule(
            self.minutes >= 1,
            "minutes",
            "int32.gte",
            "must be 1 or more",
        );
    }

    fn references(&self) -> Vec<Reference> {
        vec![Reference::id(
            "volunteer_id",
            "volunteer",
            self.volunteer_id,
        )]
    }

    fn placed_by(&self) -> Option<Uuid> {
        Some(self.volunteer_id)
    }

    fn told(&self) -> Told {
        Told {
            parent_id: Some(self.volunteer_id),
            subject_id: Some(self.volunteer_id),
            amount: self.minutes.into(),
            start_date: Some(self.training_date),
            ..Told::default()
        }
    }
}
