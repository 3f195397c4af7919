//! Pure decisions about registrations and visits: no database, no network, no
//! clock. A moment that matters is given.

pub mod area;
pub mod check_in_visit;
pub mod check_in_visit_state;
pub mod etag;
pub mod import;
pub mod registration;
pub mod text;
