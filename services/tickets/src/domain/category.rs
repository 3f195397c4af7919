//! Categories with their time limits, and the duty list.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{coded_enum, limit};

coded_enum! {
    /// Unit of a time limit, numbered as in the contract.
    LimitKind {
        /// Hours, counted around the clock.
        ContinuousHours = 1 => "continuous_hours",
        /// Calendar days in the community's time zone.
        CalendarDays = 2 => "calendar_days",
        /// Minutes, counted around the clock; used by the profile's own limits.
        ContinuousMinutes = 3 => "continuous_minutes",
    }
}

/// A time limit, as an amount and its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Unit of the amount.
    pub kind: LimitKind,
    /// Number of hours, days or minutes.
    pub amount: i32,
}

impl Limit {
    /// Converts the limit to the kernel's type.
    pub fn measure(self) -> limit::Limit {
        let amount = i64::from(self.amount);
        match self.kind {
            LimitKind::ContinuousMinutes => limit::Limit::ContinuousMinutes(amount),
            LimitKind::ContinuousHours => limit::Limit::ContinuousMinutes(amount * 60),
            LimitKind::CalendarDays => limit::Limit::CalendarDays(amount),
        }
    }
}

/// A category of matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Category {
    /// Id of the category (UUID).
    pub id: Uuid,
    /// Code, 2 to 8 digits; unique.
    pub code: String,
    /// Name of the category.
    pub name: String,
    /// Time limit for handling a ticket, counted from its dispatch.
    pub limit: Limit,
    /// When it was created; `None` if a release that didn't store the time created it.
    pub created_time: Option<DateTime<Utc>>,
    /// When it last changed, likewise.
    pub changed_time: Option<DateTime<Utc>>,
    /// Revision of the record.
    pub revision: i64,
}

/// An entry of the duty list: the unit responsible for a category in an area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Responsibility {
    /// Id of the entry (UUID).
    pub id: Uuid,
    /// Code of the category.
    pub category_code: String,
    /// Code of the area.
    pub area_code: String,
    /// Id of the responsible unit.
    pub unit_id: Uuid,
    /// When it was created; `None` if a release that didn't store the time created it.
    pub created_time: Option<DateTime<Utc>>,
    /// When it last changed, likewise.
    pub changed_time: Option<DateTime<Utc>>,
    /// Revision of the record.
    pub revision: i64,
}
