//! Categories, their limits, and the duty list.

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wangge_kernel::{coded_enum, limit};

coded_enum! {
    /// How the time of a limit is counted, numbered as in the contract.
    LimitKind {
        /// Hours round the clock.
        ContinuousHours = 1 => "continuous_hours",
        /// Days of the calendar.
        CalendarDays = 2 => "calendar_days",
        /// Minutes round the clock; the profile's own limits are this short.
        ContinuousMinutes = 3 => "continuous_minutes",
    }
}

/// A limit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How it is counted.
    pub kind: LimitKind,
    /// How much.
    pub amount: i32,
}

impl Limit {
    /// The limit as the kernel computes with it.
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
    /// Its id.
    pub id: Uuid,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Within which a ticket is to be handled.
    pub limit: Limit,
    /// Its revision.
    pub revision: i64,
}

/// An entry of the duty list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Responsibility {
    /// Its id.
    pub id: Uuid,
    /// Code of the category.
    pub category_code: String,
    /// Code of the area.
    pub area_code: String,
    /// The responsible unit.
    pub unit_id: Uuid,
    /// Its revision.
    pub revision: i64,
}
