-- The days on which a unit exists, so that what names it can be checked for its
-- day. Null for what was copied before: unknown days refuse nothing.
alter table unit_replica add column start_date date, add column end_date date;
