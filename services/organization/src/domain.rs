//! Pure domain rules: validation of records and their allowed changes. Nothing
//! here reads a clock, a database or a protobuf message.

pub mod address;
pub mod appointment;
pub mod area;
pub mod building;
pub mod estate;
pub mod figure;
pub mod household;
pub mod membership;
pub mod need_tag;
pub mod person;
pub mod resident;
pub mod resident_role;
pub mod seat;
pub mod unit;
