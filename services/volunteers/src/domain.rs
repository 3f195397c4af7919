//! Pure decisions: what a record must be, and what may become of it. No database,
//! no network, no clock. A moment that matters is given.

pub mod area;
pub mod catalogue_item;
pub mod check_in_visit;
pub mod check_in_visit_state;
pub mod functional_area;
pub mod import;
pub mod post_holder;
pub mod provider_contract;
pub mod registration;
pub mod service_post;
pub mod station;
pub mod subsidy_entry;
pub mod team;
pub mod team_member;
pub mod text;
pub mod volunteer;
