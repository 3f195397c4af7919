//! Plain records in the database: one set of statements for each table.

use wangge_records::kept;

use crate::domain::{
    catalogue_item::CatalogueItem, functional_area::FunctionalArea, post_holder::PostHolder,
    provider_contract::ProviderContract, service_post::ServicePost, station::Station,
    subsidy_entry::SubsidyEntry, team::Team, team_member::TeamMember, volunteer::Volunteer,
};

kept! { Volunteer in "volunteer" dated changes "name, skills, end_date" }
kept! { Team in "team" dated changes "name, end_date" }
kept! { TeamMember in "team_member" of "team_id" dated changes "end_date" }
kept! { ServicePost in "service_post" dated changes "name, planned_count, end_date" }
kept! { PostHolder in "post_holder" of "service_post_id" dated changes "end_date" }
kept! { Station in "station" dated changes "name, end_date" }
kept! { FunctionalArea in "functional_area" of "station_id" dated changes "name, capacity, end_date" }
kept! { CatalogueItem in "catalogue_item" of "station_id" dated changes "name, end_date" }
kept! { ProviderContract in "provider_contract" dated changes "subject, end_date" }
kept! { SubsidyEntry in "subsidy_entry" of "station_id" changes "purpose" }
