-- no-transaction
create index concurrently duty_shift_person on duty_shift (person_id, end_time) where state = 1;
