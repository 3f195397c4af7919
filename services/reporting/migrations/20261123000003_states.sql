-- The states that a plain record has been in, in order, and since when; empty for
-- one without states.
alter table fact add column states text[] not null default '{}';
alter table fact add column reached_times timestamptz[] not null default '{}';
-- Until when something must be done about it.
alter table fact add column due_time timestamptz;
-- The public name of a place, a group, an item of a catalogue; empty for others.
alter table fact add column title text not null default '';

-- The state that a record was in just before a moment; null if it was in none.
create function state_by(states text[], reached_times timestamptz[], moment timestamptz) returns text
    language sql immutable parallel safe
    return case
        -- As a rule nothing has happened since.
        when reached_times[cardinality(reached_times)] < moment then states[cardinality(states)]
        else (
            select state from unnest(states, reached_times) with ordinality as reached (state, reached_time, number)
            where reached_time < moment order by number desc limit 1
        )
    end;

-- The wall: what is due, and where the grids lie. The boundary is a GeoJSON geometry;
-- empty for none.
create index fact_kind_due on fact (kind, due_time) where due_time is not null;
create index fact_kind_parent on fact (kind, parent_id) where parent_id is not null;
create index appointment_person on appointment (person_id);
alter table area add column boundary_geojson text not null default '';
