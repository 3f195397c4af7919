//! Reports, which become tickets.

use chrono::{DateTime, Utc};
use uuid::Uuid;
use wangge_kernel::coded_enum;

use super::denied::Denied;

coded_enum! {
    /// Source of a ticket. The numbers are the contract's.
    TicketSource {
        /// A grid worker on patrol.
        GridWorker = 1 => "grid_worker",
        /// A report by a resident.
        Resident = 2 => "resident",
        /// A message in a chat group.
        ChatGroup = 3 => "chat_group",
        /// A call to the hotline.
        Hotline = 4 => "hotline",
        /// A report by a leader.
        Leader = 5 => "leader",
        /// An image from a camera.
        Video = 6 => "video",
        /// Transferred from another system.
        Transfer = 7 => "transfer",
    }
}

/// A report as the caller sends it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Id of the ticket to create.
    pub id: Uuid,
    /// Source of the report; required.
    pub source: Option<TicketSource>,
    /// Code of the category.
    pub category_code: String,
    /// Title that summarises the matter.
    pub title: String,
    /// Text of the report.
    pub description: String,
    /// Address as text, for routing.
    pub address: String,
    /// Longitude and latitude, in degrees of WGS 84.
    pub point: Option<(f64, f64)>,
    /// Code of the area that the reporter names; empty for none.
    pub area_code: String,
}

/// The area that a report belongs to, as precisely as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Code of the smallest area known to contain the place.
    pub area_code: String,
    /// True if that area is a grid.
    pub routed: bool,
    /// Unit that the duty list names for the place.
    pub suggested_unit_id: Option<Uuid>,
}

/// Time, actor and origin of an act.
#[derive(Debug, Clone)]
pub struct Moment {
    /// Time of the act.
    pub at: DateTime<Utc>,
    /// Id of the actor, never a name.
    pub actor: String,
    /// True for an act of an import, which starts no clocks.
    pub imported: bool,
}

impl Report {
    /// Checks that all required fields are set.
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
