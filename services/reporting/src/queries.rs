//! Reads of the projections: figures with their records, areas, published
//! figures, positions of feeds; several of them from one snapshot.

pub mod areas;
pub mod figures;
pub mod positions;
pub mod published;
pub(crate) mod snapshot;
pub mod wall;
