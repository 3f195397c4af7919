//! Reports, before they become tickets.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_kernel::coded_enum;

use super::denied::Denied;

coded_enum! {
    /// Source of a ticket, numbered as in the contract.
    TicketSource {
        /// Reported by a grid worker on patrol.
        GridWorker = 1 => "grid_worker",
        /// Reported by a resident, in person or in an app.
        Resident = 2 => "resident",
        /// Reported in a message in a chat group.
        ChatGroup = 3 => "chat_group",
        /// Reported through the hotline.
        Hotline = 4 => "hotline",
        /// Reported by a leader.
        Leader = 5 => "leader",
        /// Detected by a camera.
        Video = 6 => "video",
        /// Transferred from another system.
        Transfer = 7 => "transfer",
    }
}

/// A report that was submitted.
#[derive(Debug, Clone)]
pub struct Report {
    /// Id that the ticket will have.
    pub id: Uuid,
    /// Source of the report; required.
    pub source: Option<TicketSource>,
    /// Code of its category; required.
    pub category_code: String,
    /// Summary of the matter; required.
    pub title: String,
    /// Text of the report.
    pub description: String,
    /// Address of the place, as text.
    pub address: String,
    /// Longitude and latitude of the place, in degrees of WGS 84.
    pub point: Option<(f64, f64)>,
    /// Code of the area that the reporter named; empty if none.
    pub area_code: String,
}

/// Where a report belongs, as far as it could be determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Code of the smallest area known to contain the place.
    pub area_code: String,
    /// True if that area is a grid.
    pub routed: bool,
    /// Unit that the duty list names for it.
    pub suggested_unit_id: Option<Uuid>,
}

/// Time and actor of an act, and whether it was imported.
#[derive(Debug, Clone)]
pub struct Moment {
    /// When the act is or was performed.
    pub at: DateTime<Utc>,
    /// Id of the person who performs it; never a name.
    pub actor: String,
    /// True if an import replays it; no clock is started then.
    pub imported: bool,
}

impl Report {
    /// Checks that the required fields are set.
    ///
    /// # Errors
    /// Returns every field that is missing.
    pub fn check(&self) -> Result<(), Denied> {
        let mut missing = Vec::new();
        if self.source.is_none() {
            missing.push(("ticket.source", "is required"));
        }
        if self.category_code.is_empty() {
            missing.push(("ticket.category_code", "is required"));
        }
        if self.title.trim().is_empty() {
            missing.push(("ticket.title", "is required"));
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Denied::Fields(missing))
        }
    }
}
