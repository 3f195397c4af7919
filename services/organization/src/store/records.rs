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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wangge_record_store::RecordTable;
    use wangge_testkit::fields_of;

    use super::*;

    /// A field without its column would be lost; a column without its field would
    /// be written as NULL.
    fn assert_columns_are_fields<R: RecordTable>() {
        let columns = R::COLUMNS.iter().flat_map(|some| some.split(", "));
        let columns: BTreeSet<String> = columns.map(String::from).collect();
        assert_eq!(columns, fields_of::<R>(), "{}", R::KIND);
    }

    #[test]
    fn what_is_written_is_what_the_record_has() {
        let kinds = [
            assert_columns_are_fields::<Address>,
            assert_columns_are_fields::<Unit>,
            assert_columns_are_fields::<Person>,
            assert_columns_are_fields::<Appointment>,
            assert_columns_are_fields::<PublishedFigure>,
            assert_columns_are_fields::<Estate>,
            assert_columns_are_fields::<Building>,
            assert_columns_are_fields::<Household>,
            assert_columns_are_fields::<Resident>,
            assert_columns_are_fields::<NeedTag>,
            assert_columns_are_fields::<ResidentRole>,
            assert_columns_are_fields::<Membership>,
            assert_columns_are_fields::<Seat>,
        ];
        for assert_it in kinds {
            assert_it();
        }
        let lines = include_str!("records.rs").lines();
        let kept = lines.filter(|line| line.starts_with("table! {"));
        assert_eq!(kept.count(), kinds.len(), "a kind is not looked at");
    }
}
