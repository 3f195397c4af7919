//! The areas of the organization service, as far as this service needs them: for checking
//! where officials can register and where records can be placed.

use chrono::NaiveDate;
use wangge_record::Days;

/// Number of the contract's `AREA_KIND_COMMUNITY`. Kinds are stored as numbers, so that
/// one that is unknown to this version is preserved.
const COMMUNITY: i16 = 3;

/// Kinds of areas for records that belong to a community as a whole.
pub const COMMUNITIES: &[i16] = &[COMMUNITY];
/// Kinds of areas for records that belong to a community or to one of its grids.
pub const COMMUNITIES_AND_GRIDS: &[i16] = &[COMMUNITY, GRID];
/// No restriction: any kind of area.
pub const ANY: &[i16] = &[];
/// Number of the contract's `AREA_KIND_GRID`.
const GRID: i16 = 4;

/// An area, as received in organization's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Code of the area.
    pub code: String,
    /// Number of its kind in the contract.
    pub kind: i16,
    /// First day on which it exists; `None` if the feed has not supplied it.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer exists; `None` while no end is set.
    pub end_date: Option<NaiveDate>,
}

impl Area {
    /// Returns the days on which the area exists.
    pub fn days(&self) -> Days {
        Days {
            start_date: self.start_date,
            end_date: self.end_date,
        }
    }
}
