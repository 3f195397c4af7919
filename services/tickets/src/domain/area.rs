//! Kinds of areas, as the organization service numbers them, in which records
//! lie.

/// Number of the contract's `AREA_KIND_COMMUNITY`.
pub const COMMUNITY: i16 = 3;
/// Number of the contract's `AREA_KIND_GRID`.
const GRID: i16 = 4;

/// Kinds of area in which the work of a community lies.
pub const COMMUNITIES_AND_GRIDS: &[i16] = &[COMMUNITY, GRID];
/// Any kind of area.
pub const ANY: &[i16] = &[];
