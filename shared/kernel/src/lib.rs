//! What every service shares and nothing can fail at: typed ids, the clock,
//! limits and deadlines, area codes, page tokens, the context of the call at hand.
//! No I/O of any kind.

pub mod area_code;
pub mod call;
pub mod clock;
pub mod coded;
pub mod id;
pub mod limit;
pub mod page;
