//! What is known of an area: enough to tell whether officials can register
//! with it.

use chrono::NaiveDate;
use wangge_resource::Days;

/// Number of the contract's `AREA_KIND_COMMUNITY`. A kind that is unknown here is
/// kept as its number.
const COMMUNITY: i16 = 3;

/// Kinds of area in which a record of a community lies.
pub const COMMUNITIES: &[i16] = &[COMMUNITY];
/// Kinds of area in which a record lies that a grid can have too.
pub const COMMUNITIES_AND_GRIDS: &[i16] = &[COMMUNITY, GRID];
/// Any kind of area.
pub const ANY: &[i16] = &[];
/// Number of the contract's `AREA_KIND_GRID`.
const GRID: i16 = 4;

/// An area, as organization's feed told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Its code.
    pub code: String,
    /// Number of its kind in the contract.
    pub kind: i16,
    /// First day on which it exists.
    pub start_date: Option<NaiveDate>,
    /// First day on which it no longer exists.
    pub end_date: Option<NaiveDate>,
}

impl Area {
    /// The days on which it exists.
    pub fn days(&self) -> Days {
        Days {
            start_date: self.start_date,
            end_date: self.end_date,
        }
    }

    /// Whether officials can register with it.
    pub fn is_community(&self) -> bool {
        self.kind == COMMUNITY
    }
}
