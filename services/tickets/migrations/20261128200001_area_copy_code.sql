-- no-transaction
-- Areas are looked up by code on each write of a plain record.
create index concurrently area_copy_code on area_copy (code);
