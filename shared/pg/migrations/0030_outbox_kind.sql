-- Kind of the record, so that readers of some kinds don't read the others' payloads.
-- NULL in events written by an earlier release: their payload tells the kind.
alter table outbox add column kind text;
