//! Trainings that volunteers attended (培训). A training belongs to the area of the
//! volunteer.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::refusal::Rule;
use wangge_record::{Checks, EventSummary, Metadata, Record, Reference, Text, metadata};

/// A training that one volunteer attended on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Fields common to all records; the area is that of the volunteer.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Id of the volunteer.
    pub volunteer_id: Uuid,
    /// Subject of the training, 1 to 100 characters.
    pub subject: Text,
    /// Day of the training.
    pub training_date: NaiveDate,
    /// Duration in minutes, 1 to 1440.
    pub minutes: i32,
}

impl Record for Training {
    const KIND: &'static str = "training";
    const HAS_OWN_AREA: bool = false;

    metadata!();

    fn check(&self, checks: &mut Checks) {
        checks.day_has_come(self.training_date, "training_date");
        checks.rule(
            self.minutes >= 1,
            "minutes",
            Rule::Int32Gte,
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

    fn area_from(&self) -> Option<Uuid> {
        Some(self.volunteer_id)
    }

    fn event_summary(&self) -> EventSummary {
        EventSummary {
            parent_id: Some(self.volunteer_id),
            subject_id: Some(self.volunteer_id),
            amount: self.minutes.into(),
            // Also the day on which the volunteer must be in effect: nobody is trained as
            // a volunteer before becoming one.
            start_date: Some(self.training_date),
            ..EventSummary::default()
        }
    }
}
