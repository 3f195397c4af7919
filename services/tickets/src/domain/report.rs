//! A report about to become a ticket.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_kernel::coded_enum;

use super::denied::Denied;

coded_enum! {
    /// Where a ticket comes from, numbered as in the contract.
    TicketSource {
        /// A grid worker on patrol.
        GridWorker = 1 => "grid_worker",
        /// A resident.
        Resident = 2 => "resident",
        /// A message in a chat group.
        ChatGroup = 3 => "chat_group",
        /// The hotline.
        Hotline = 4 => "hotline",
        /// A leader.
        Leader = 5 => "leader",
        /// A camera.
        Video = 6 => "video",
        /// Another system's transfer.
        Transfer = 7 => "transfer",
    }
}

/// What was reported.
#[derive(Debug, Clone)]
pub struct Report {
    /// Id of the ticket that it becomes.
    pub id: Uuid,
    /// Where it comes from.
    pub source: Option<TicketSource>,
    /// Code of its category.
    pub category_code: String,
    /// What it is about.
    pub title: String,
    /// What was said.
    pub description: String,
    /// Where, in words.
    pub address: String,
    /// Where, in degrees of WGS 84: longitude, latitude.
    pub point: Option<(f64, f64)>,
    /// Code of the area that the reporter names; empty for none.
    pub area_code: String,
}

/// Where a report belongs, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Code of the smallest area known to hold it.
    pub area_code: String,
    /// That area is a grid.
    pub routed: bool,
    /// Unit that the duty list names.
    pub suggested_unit_id: Option<Uuid>,
}

/// When, by whom, and whether it is told of the past.
#[derive(Debug, Clone)]
pub struct Moment {
    /// When it happens or happened.
    pub at: DateTime<Utc>,
    /// Who acts: an id, never a name.
    pub actor: String,
    /// Told by an import: no clock is started.
    pub imported: bool,
}

impl Report {
    /// Checks what a report must have.
    ///
    /// # Errors
    /// Every field that is missing.
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
