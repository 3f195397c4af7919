//! Plain records in the database: one set of statements for each table.

use wangge_records::kept;

use crate::domain::{
    building::Building, estate::Estate, household::Household, membership::Membership,
    need_tag::NeedTag, resident::Resident, resident_role::ResidentRole, seat::Seat,
};

kept! { Estate in "estate" dated changes "name, property_company_id, end_date" }
kept! { Building in "building" of "estate_id" dated changes "name, end_date" }
kept! { Household in "household" of "building_id" dated changes "room, end_date" }
kept! { Resident in "resident" of "household_id" dated changes "name, is_party_member, end_date" }
kept! { NeedTag in "need_tag" of "resident_id" dated
while "not exists (select from resident where resident.id = kept.resident_id and resident.end_date <= $4)"
changes "note, end_date" }
kept! { ResidentRole in "resident_role" of "resident_id" dated
while "not exists (select from resident where resident.id = kept.resident_id and resident.end_date <= $4)"
changes "end_date" }
kept! { Membership in "membership" dated
while "not exists (select from unit where unit.id = kept.unit_id and unit.end_date <= $4) and not exists (select from resident where resident.id = kept.resident_id and resident.end_date <= $4)"
changes "end_date" }
kept! { Seat in "seat" dated
while "not exists (select from unit where unit.id = kept.unit_id and unit.end_date <= $4)"
changes "end_date" }
