-- no-transaction
-- People are listed by area, in the order of entry.
create index concurrently person_area_entry on person (area_code, entry);
