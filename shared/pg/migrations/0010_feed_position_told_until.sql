-- Up to when the events applied here tell what happened, by the clock of the
-- service that recorded them. Null until the next event is applied.
alter table feed_position add column told_until timestamptz;
