//! Kinds of areas that records can belong to, numbered as in the organization service.

/// Number of `AREA_KIND_COMMUNITY` in the contract.
pub const COMMUNITY: i16 = 3;
/// Number of `AREA_KIND_GRID` in the contract.
const GRID: i16 = 4;

/// Kinds of areas that community work can belong to.
pub const COMMUNITIES_AND_GRIDS: &[i16] = &[COMMUNITY, GRID];
/// Accepts any kind of area.
pub const ANY: &[i16] = &[];
