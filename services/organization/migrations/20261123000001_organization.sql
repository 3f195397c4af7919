-- Areas, the address book, units, people, appointments and published figures.
-- The first six digits of every area code are the district, so that each table
-- can be partitioned or moved by district. Numbers of kinds, posts, bounds and
-- periods are those of the contract's enums.

-- The tree that says where something lies. Codes are retired, never reused:
-- rows are never deleted.
create table area (
    id uuid not null,
    code text not null collate "C",
    kind smallint not null,
    name text not null,
    parent_code text collate "C",
    -- A GeoJSON geometry in WGS 84, as it was given.
    boundary_geojson text,
    start_date date not null,
    -- The first day on which the area no longer exists.
    end_date date,
    revision bigint not null,
    constraint area_pkey primary key (id),
    constraint area_code_key unique (code),
    constraint area_parent_code_fkey foreign key (parent_code) references area (code),
    constraint area_kind_known check (kind between 1 and 4),
    constraint area_parent_of_district check ((kind = 1) = (parent_code is null)),
    constraint area_code_in_parent check (
        parent_code is null
        or starts_with(code, parent_code) and length(code) > length(parent_code)
    ),
    constraint area_dates check (end_date > start_date)
);

-- Which words name which area.
create table address (
    id uuid not null,
    text text not null,
    -- The form in which addresses are compared.
    normalized_text text not null,
    area_code text not null collate "C",
    revision bigint not null,
    constraint address_pkey primary key (id),
    constraint address_normalized_text_key unique (normalized_text),
    constraint address_area_code_fkey foreign key (area_code) references area (code)
);

-- The tree that says who acts. Units are dissolved, never deleted.
create table unit (
    id uuid not null,
    code text not null collate "C",
    kind smallint not null,
    name text not null,
    parent_id uuid,
    area_code text not null collate "C",
    start_date date not null,
    -- The first day on which the unit no longer exists.
    end_date date,
    revision bigint not null,
    constraint unit_pkey primary key (id),
    constraint unit_code_key unique (code),
    constraint unit_parent_id_fkey foreign key (parent_id) references unit (id),
    constraint unit_area_code_fkey foreign key (area_code) references area (code),
    constraint unit_kind_known check (kind between 1 and 5 or kind between 10 and 13),
    constraint unit_dates check (end_date > start_date)
);

-- People who hold or held posts. No phone and no identity number is kept.
create table person (
    id uuid not null,
    -- Order of entry, by which people are listed.
    entry bigint generated always as identity,
    -- Personal data.
    name text not null,
    area_code text not null collate "C",
    revision bigint not null,
    constraint person_pkey primary key (id),
    constraint person_entry_key unique (entry),
    constraint person_area_code_fkey foreign key (area_code) references area (code)
);

-- Who holds which post, from when to when. That an exclusive post has one
-- holder a day is checked under a lock of the unit's or area's row: an
-- exclusion constraint over text and uuid would need an extension.
create table appointment (
    id uuid not null,
    -- Order of entry, by which appointments are listed.
    entry bigint generated always as identity,
    person_id uuid not null,
    post smallint not null,
    -- None for a post in an area.
    unit_id uuid,
    -- The area of the post, or else the unit's.
    area_code text not null collate "C",
    start_date date not null,
    -- The first day on which it no longer holds.
    end_date date,
    revision bigint not null,
    constraint appointment_pkey primary key (id),
    constraint appointment_entry_key unique (entry),
    constraint appointment_person_id_fkey foreign key (person_id) references person (id),
    constraint appointment_unit_id_fkey foreign key (unit_id) references unit (id),
    constraint appointment_area_code_fkey foreign key (area_code) references area (code),
    constraint appointment_post_known check (post between 1 and 6),
    constraint appointment_dates check (end_date > start_date)
);
create index appointment_unit_post on appointment (unit_id, post) where unit_id is not null;
create index appointment_area_post on appointment (area_code, post) where unit_id is null;

-- Figures that communities published about themselves.
create table published_figure (
    id uuid not null,
    area_code text not null collate "C",
    -- A key of reporting's definitions; not checked here.
    figure_key text not null collate "C",
    value bigint not null,
    bound smallint not null,
    period smallint not null,
    as_of_date date not null,
    revision bigint not null,
    constraint published_figure_pkey primary key (id),
    constraint published_figure_key unique (area_code, figure_key),
    constraint published_figure_area_code_fkey foreign key (area_code) references area (code),
    constraint published_figure_value check (value >= 0),
    constraint published_figure_bound_known check (bound between 1 and 2),
    constraint published_figure_period_known check (period between 1 and 5)
);
