-- no-transaction
-- Indexes in whose place others have come.
drop index concurrently if exists estate_area_entry;
drop index concurrently if exists building_area_entry;
drop index concurrently if exists household_area_entry;
drop index concurrently if exists resident_area_entry;
drop index concurrently if exists need_tag_area_entry;
drop index concurrently if exists resident_role_area_entry;
drop index concurrently if exists membership_area_entry;
drop index concurrently if exists seat_area_entry;
drop index concurrently if exists person_area_entry;
drop index concurrently if exists appointment_area_entry;
