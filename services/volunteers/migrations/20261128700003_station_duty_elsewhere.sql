-- A person is on duty once a day among the stations of one area, not of the whole
-- platform: persons are ids that callers give, and nobody may block one of another
-- community, or learn from a refusal that they are on duty there.
alter table station_duty drop constraint station_duty_once;
