//! The pure ground floor that every crate shares: typed ids, the clock, limits,
//! area codes, page tokens, refusals. No I/O of any kind, and no async runtime.

pub mod area_code;
pub mod clock;
pub mod coded;
pub mod id;
pub mod limit;
pub mod page;
pub mod refusal;
