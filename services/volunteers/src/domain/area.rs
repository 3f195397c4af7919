//! Areas as replicated from organization: only what is needed to check records that name
//! them.

use chrono::NaiveDate;
use wangge_records::Days;

/// Number of the contract's `AREA_KIND_COMMUNITY`. A kind that is unknown here is stored
/// as its number.
const COMMUNITY: i16 = 3;

/// Kinds of area that a community's record may belong to.
pub const COMMUNITIES: &[i16] = &[COMMUNITY];
/// Kinds of area for records that may belong to a community or to one of its grids.
pub const COMMUNITIES_AND_GRIDS: &[i16] = &[COMMUNITY, GRID];
/// Any kind of area: an empty list restricts nothing.
pub const ANY: &[i16] = &[];
/// Number of the contract's `AREA_KIND_GRID`.
const GRID: i16 = 4;

/// An area as last reported by organization's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Administrative code, such as 320402003005.
    pub code: String,
    /// Number of its kind in the contract.
    pub kind: i16,
    /// First day on which it exists.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

impl Area {
    /// Returns the days on which it exists.
    pub fn days(&self) -> Days {
        Days {
            start_date: self.start_date,
            end_date: self.end_date,
        }
    }

    /// Returns true if officials can register with it.
    pub fn is_community(&self) -> bool {
        self.kind == COMMUNITY
    }
}
