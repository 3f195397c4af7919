-- no-transaction
create index concurrently patrol_person on patrol (person_id, end_time);
