-- The database stamps requests with the time by which they are forgotten, so
-- that a replica whose clock is wrong can't have its own forgotten early.
create function stamp_request() returns trigger language plpgsql as $$
begin
    new.recorded_time := clock_timestamp();
    return new;
end
$$;
create trigger request_stamp before insert on request
    for each row execute function stamp_request();
