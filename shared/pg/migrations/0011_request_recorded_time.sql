-- no-transaction
-- Old requests are found by their time. The older BRIN index wears out, since
-- pages of forgotten requests are filled again with new ones.
create index concurrently request_by_recorded_time on request (recorded_time);
