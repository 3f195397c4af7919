//! Plain records in the database: one set of statements for each table.

use wangge_records::kept;

use crate::domain::{
    building::Building, estate::Estate, household::Household, membership::Membership,
    need_tag::NeedTag, resident::Resident, resident_role::ResidentRole, seat::Seat,
};

kept! { Estate in "estate" dated
keeps "start_date"
changes "name, property_company_id, end_date" }
kept! { Building in "building" of "estate_id" dated
keeps "estate_id, start_date"
changes "name, end_date" }
kept! { Household in "household" of "building_id" dated
keeps "building_id, start_date"
changes "room, end_date" }
kept! { Resident in "resident" of "household_id" dated
keeps "household_id, start_date"
changes "name, is_party_member, end_date" }
kept! { NeedTag in "need_tag" of "resident_id" dated
keeps "resident_id, kind, team, start_date"
changes "note, end_date" }
kept! { ResidentRole in "resident_role" of "resident_id" dated
keeps "resident_id, kind, start_date"
changes "end_date" }
kept! { Membership in "membership" dated
keeps "role, unit_id, resident_id, start_date"
changes "end_date" }
kept! { Seat in "seat" dated
keeps "kind, person_id, unit_id, start_date"
changes "end_date" }
