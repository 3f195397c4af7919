-- PostgreSQL writes a function's body into the query that calls it only where the
-- body holds no query of its own: the rare case moves out, so that the common one
-- costs a comparison instead of a call, for each record of each figure.
create function state_before(states text[], reached_times timestamptz[], moment timestamptz) returns text
    language sql immutable parallel safe
    return (
        select state from unnest(states, reached_times) with ordinality as reached (state, reached_time, number)
        where reached_time < moment order by number desc limit 1
    );

create or replace function state_by(states text[], reached_times timestamptz[], moment timestamptz) returns text
    language sql immutable parallel safe
    return case
        -- As a rule nothing has happened since.
        when reached_times[cardinality(reached_times)] < moment then states[cardinality(states)]
        else state_before(states, reached_times, moment)
    end;
