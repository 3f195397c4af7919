//! All SQL statements of this service. Functions that serve callers accept the caller's
//! scope; a record outside it is treated as missing.

pub(crate) mod area;
pub(crate) mod beneficiary;
pub(crate) mod booking;
pub(crate) mod check_in_visit;
pub(crate) mod doubles;
pub(crate) mod project;
pub(crate) mod project_claim;
pub(crate) mod promises;
pub(crate) mod records;
pub(crate) mod registration;
pub(crate) mod service_event;
pub(crate) mod service_record;
pub(crate) mod shift;
pub(crate) mod unit;
pub(crate) mod wish;
