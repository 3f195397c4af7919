-- A message's own id where it was sent, by which a bridge's repetition is known.
alter table group_message add column source_message_id text;
