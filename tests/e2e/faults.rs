//! What happens when things break, and that it is over when they are mended.

mod database;
mod kill;
mod limits;
mod neighbours;
