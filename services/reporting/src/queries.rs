//! Reads of the projections: figures with their records, areas, published
//! figures, positions of feeds.

pub mod areas;
pub mod figures;
pub mod positions;
pub mod published;
pub mod wall;
