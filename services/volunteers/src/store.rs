//! Every SQL statement of this service. Functions that take a `RecordScope` return
//! nothing outside it: to its caller such a record doesn't exist.

pub(crate) mod area;
pub(crate) mod beneficiary;
pub(crate) mod booking;
pub(crate) mod check_in_visit;
pub(crate) mod doubles;
pub(crate) mod project;
pub(crate) mod project_claim;
pub(crate) mod promises;
pub(crate) mod queue;
pub(crate) mod records;
pub(crate) mod registration;
pub(crate) mod service_event;
pub(crate) mod service_record;
pub(crate) mod shift;
pub(crate) mod unit;
pub(crate) mod wish;
