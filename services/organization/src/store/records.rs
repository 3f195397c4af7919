//! Plain records in the database: one set of statements for each table.

use wangge_record_store::{Listing, table};

use super::{address, appointment, one_name, unit};
use crate::{
    domain::{
        address::Address, appointment::Appointment, building::Building, estate::Estate,
        figure::PublishedFigure, household::Household, membership::Membership, need_tag::NeedTag,
        person::Person, resident::Resident, resident_role::ResidentRole, seat::Seat, unit::Unit,
    },
    events,
};

/// The list order of people: that of entry.
const PEOPLE: Listing = Listing {
    is_ascending: true,
    ..Listing::of("person")
};

// `while` names the records that a record ends with. Their end is one write and updates
// no other row, so that it can be taken back; readers check the days instead.
table! { Address in "address"
keeps "text, normalized_text"
guarded by address::guard
told by events::of_address }
table! { Unit in "unit" shared dated
keeps "code, kind, parent_id, start_date"
changes "name, end_date"
told by events::of_unit
listed by unit::LISTING }
table! { Person in "person"
keeps "name"
told by events::of_person
listed by PEOPLE }
table! { Appointment in "appointment" dated
keeps "person_id, post, unit_id, start_date"
changes "end_date"
guarded by appointment::guard
told by events::of_appointment
listed by appointment::LISTING }
table! { PublishedFigure in "published_figure"
keeps "figure_key, value, bound, period, as_of_date"
told by events::of_figure }
table! { Estate in "estate" dated
keeps "start_date"
changes "name, property_company_id, end_date" }
table! { Building in "building" of "estate_id" dated
keeps "estate_id, start_date"
changes "name, end_date"
guarded by one_name::of_buildings }
table! { Household in "household" of "building_id" dated
keeps "building_id, start_date"
changes "room, end_date"
guarded by one_name::of_households }
table! { Resident in "resident" of "household_id" dated
keeps "household_id, start_date"
changes "name, is_party_member, end_date" }
table! { NeedTag in "need_tag" of "resident_id" dated
while "coalesce((select end_date > $4 from resident where id = kept.resident_id), true)"
keeps "resident_id, kind, team, start_date"
changes "note, end_date" }
table! { ResidentRole in "resident_role" of "resident_id" dated
while "coalesce((select end_date > $4 from resident where id = kept.resident_id), true)"
keeps "resident_id, kind, start_date"
changes "end_date" }
table! { Membership in "membership" dated
while "coalesce((select end_date > $4 from unit where id = kept.unit_id), true) and coalesce((select end_date > $4 from resident where id = kept.resident_id), true)"
keeps "role, unit_id, resident_id, start_date"
changes "end_date" }
table! { Seat in "seat" dated
while "coalesce((select end_date > $4 from unit where id = kept.unit_id), true)"
keeps "kind, person_id, unit_id, start_date"
changes "end_date" }
