//! Categories, their time limits, and the duty list.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{coded_enum, limit};

coded_enum! {
    /// Unit in which a limit is counted. The numbers are the contract's.
    LimitKind {
        /// Hours around the clock.
        ContinuousHours = 1 => "continuous_hours",
        /// Days of the calendar.
        CalendarDays = 2 => "calendar_days",
        /// Minutes around the clock, for the short limits of the profile.
        ContinuousMinutes = 3 => "continuous_minutes",
    }
}

/// A time limit, which yields a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Unit of the amount.
    pub kind: LimitKind,
    /// Amount in that unit.
    pub amount: i32,
}

impl Limit {
    /// Converts the limit to the kernel's type, which computes deadlines.
    pub fn measure(self) -> limit::Limit {
        let amount = i64::from(self.amount);
        match self.kind {
            LimitKind::ContinuousMinutes => limit::Limit::ContinuousMinutes(amount),
            LimitKind::ContinuousHours => limit::Limit::ContinuousMinutes(amount * 60),
            LimitKind::CalendarDays => limit::Limit::CalendarDays(amount),
        }
    }
}

/// A category of tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    /// Id of the category.
    pub id: Uuid,
    /// Natural code, unique on the platform.
    pub code: String,
    /// Display name of the category.
    pub name: String,
    /// Time limit for handling a ticket of the category.
    pub limit: Limit,
    /// Revision; 1 for a new category.
    pub revision: i64,
}

/// An entry of the duty list: the unit responsible for a category in an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Responsibility {
    /// Id of the entry.
    pub id: Uuid,
    /// Code of the category.
    pub category_code: String,
    /// Code of the area.
    pub area_code: String,
    /// Id of the responsible unit.
    pub unit_id: Uuid,
    /// Revision; 1 for a new entry.
    pub revision: i64,
}
