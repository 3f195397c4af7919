//! Basics that every service shares and that can't fail: typed ids, the clock,
//! limits and deadlines, area codes, page tokens and the context of the current
//! call. It does no I/O.

pub mod area_code;
pub mod call;
pub mod clock;
pub mod coded;
pub mod id;
pub mod limit;
pub mod page;
