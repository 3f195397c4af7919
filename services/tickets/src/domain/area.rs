//! Kinds of areas that records can belong to, numbered as in the organization
//! service.

/// Number of the contract's `AREA_KIND_COMMUNITY`.
pub const COMMUNITY: i16 = 3;
/// Number of the contract's `AREA_KIND_GRID`.
const GRID: i16 = 4;

/// Kinds of areas for a community's own work.
pub const COMMUNITIES_AND_GRIDS: &[i16] = &[COMMUNITY, GRID];
/// No restriction: any kind of area.
pub const ANY: &[i16] = &[];
