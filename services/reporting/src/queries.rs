//! Read queries on the projections: figures with their records, areas, published figures,
//! feed positions and the wall. Queries of several statements read one snapshot.

pub mod areas;
pub mod figures;
pub mod positions;
pub mod published;
pub(crate) mod snapshot;
pub mod wall;
