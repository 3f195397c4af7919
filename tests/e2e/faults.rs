//! Behaviour during faults, and recovery after them.

mod database;
mod kill;
mod limits;
mod neighbours;
