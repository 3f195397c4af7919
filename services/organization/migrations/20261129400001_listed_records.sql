-- no-transaction
-- What lists of records read: in the order of entry, by the prefixes of areas' codes,
-- by state, by the record to which they belong, and by the days on which they hold.
create index concurrently if not exists estate_listed_15 on estate (left(area_code, 15), entry);
create index concurrently if not exists estate_listed_12 on estate (left(area_code, 12), entry);
create index concurrently if not exists estate_listed_9 on estate (left(area_code, 9), entry);
create index concurrently if not exists estate_listed_6 on estate (left(area_code, 6), entry);
create index concurrently if not exists estate_holds on estate using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists building_listed_15 on building (left(area_code, 15), entry);
create index concurrently if not exists building_listed_12 on building (left(area_code, 12), entry);
create index concurrently if not exists building_listed_9 on building (left(area_code, 9), entry);
create index concurrently if not exists building_listed_6 on building (left(area_code, 6), entry);
create index concurrently if not exists building_holds on building using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists household_listed_15 on household (left(area_code, 15), entry);
create index concurrently if not exists household_listed_12 on household (left(area_code, 12), entry);
create index concurrently if not exists household_listed_9 on household (left(area_code, 9), entry);
create index concurrently if not exists household_listed_6 on household (left(area_code, 6), entry);
create index concurrently if not exists household_holds on household using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists resident_listed_15 on resident (left(area_code, 15), entry);
create index concurrently if not exists resident_listed_12 on resident (left(area_code, 12), entry);
create index concurrently if not exists resident_listed_9 on resident (left(area_code, 9), entry);
create index concurrently if not exists resident_listed_6 on resident (left(area_code, 6), entry);
create index concurrently if not exists resident_holds on resident using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists need_tag_listed_15 on need_tag (left(area_code, 15), entry);
create index concurrently if not exists need_tag_listed_12 on need_tag (left(area_code, 12), entry);
create index concurrently if not exists need_tag_listed_9 on need_tag (left(area_code, 9), entry);
create index concurrently if not exists need_tag_listed_6 on need_tag (left(area_code, 6), entry);
create index concurrently if not exists need_tag_holds on need_tag using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists resident_role_listed_15 on resident_role (left(area_code, 15), entry);
create index concurrently if not exists resident_role_listed_12 on resident_role (left(area_code, 12), entry);
create index concurrently if not exists resident_role_listed_9 on resident_role (left(area_code, 9), entry);
create index concurrently if not exists resident_role_listed_6 on resident_role (left(area_code, 6), entry);
create index concurrently if not exists resident_role_holds on resident_role using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists membership_listed_15 on membership (left(area_code, 15), entry);
create index concurrently if not exists membership_listed_12 on membership (left(area_code, 12), entry);
create index concurrently if not exists membership_listed_9 on membership (left(area_code, 9), entry);
create index concurrently if not exists membership_listed_6 on membership (left(area_code, 6), entry);
create index concurrently if not exists membership_holds on membership using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists seat_listed_15 on seat (left(area_code, 15), entry);
create index concurrently if not exists seat_listed_12 on seat (left(area_code, 12), entry);
create index concurrently if not exists seat_listed_9 on seat (left(area_code, 9), entry);
create index concurrently if not exists seat_listed_6 on seat (left(area_code, 6), entry);
create index concurrently if not exists seat_holds on seat using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists person_listed_15 on person (left(area_code, 15), entry);
create index concurrently if not exists person_listed_12 on person (left(area_code, 12), entry);
create index concurrently if not exists person_listed_9 on person (left(area_code, 9), entry);
create index concurrently if not exists person_listed_6 on person (left(area_code, 6), entry);
create index concurrently if not exists appointment_listed_15 on appointment (left(area_code, 15), post, entry);
create index concurrently if not exists appointment_listed_12 on appointment (left(area_code, 12), post, entry);
create index concurrently if not exists appointment_listed_9 on appointment (left(area_code, 9), post, entry);
create index concurrently if not exists appointment_listed_6 on appointment (left(area_code, 6), post, entry);
create index concurrently if not exists appointment_listed on appointment (post, entry);
create index concurrently if not exists appointment_holds on appointment using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists unit_listed_15 on unit (left(area_code, 15), kind, code);
create index concurrently if not exists unit_listed_12 on unit (left(area_code, 12), kind, code);
create index concurrently if not exists unit_listed_9 on unit (left(area_code, 9), kind, code);
create index concurrently if not exists unit_listed_6 on unit (left(area_code, 6), kind, code);
create index concurrently if not exists unit_listed on unit (kind, code);
create index concurrently if not exists unit_listed_around on unit (area_code, kind, code);
create index concurrently if not exists area_listed on area (kind, code);
