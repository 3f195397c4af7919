-- Volunteers with their teams and posts; stations with what they offer. Plain
-- records: a column bears the name of its record's field, and `entry` is the order
-- in which records were entered, by which they are listed. References between
-- them are deferred, so that a trial load can be rolled back a batch at a time;
-- they are looked up before they are written.

create sequence record_entry;

-- A volunteer. No phone and no identity number is kept.
create table volunteer (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    -- Personal data.
    name text not null,
    -- The person, where organization knows them.
    person_id uuid,
    skills text[] not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint volunteer_pkey primary key (id),
    constraint volunteer_entry_key unique (entry),
    constraint volunteer_days check (end_date > start_date)
);
create index volunteer_area_entry on volunteer (area_code, entry);

-- A team of volunteers.
create table team (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    name text not null,
    -- Number of the contract's TeamKind.
    kind smallint not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint team_pkey primary key (id),
    constraint team_entry_key unique (entry),
    constraint team_kind_known check (kind between 1 and 4),
    constraint team_days check (end_date > start_date)
);
create index team_area_entry on team (area_code, entry);

-- A volunteer's part in a team.
create table team_member (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    team_id uuid not null,
    volunteer_id uuid not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint team_member_pkey primary key (id),
    constraint team_member_entry_key unique (entry),
    constraint team_member_team_id_fkey foreign key (team_id)
        references team (id) deferrable initially deferred,
    constraint team_member_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint team_member_member_already exclude using gist (
        uuid_range(team_id, team_id, '[]') with &&,
        uuid_range(volunteer_id, volunteer_id, '[]') with &&,
        daterange(start_date, end_date) with &&
    ),
    constraint team_member_days check (end_date > start_date)
);
create index team_member_area_entry on team_member (area_code, entry);
create index team_member_team_id on team_member (team_id, entry);

-- A post of voluntary service.
create table service_post (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    name text not null,
    planned_count integer not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint service_post_pkey primary key (id),
    constraint service_post_entry_key unique (entry),
    constraint service_post_planned check (planned_count >= 1),
    constraint service_post_days check (end_date > start_date)
);
create index service_post_area_entry on service_post (area_code, entry);

-- A volunteer who is responsible for a post.
create table post_holder (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    service_post_id uuid not null,
    volunteer_id uuid not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint post_holder_pkey primary key (id),
    constraint post_holder_entry_key unique (entry),
    constraint post_holder_service_post_id_fkey foreign key (service_post_id)
        references service_post (id) deferrable initially deferred,
    constraint post_holder_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint post_holder_held_already exclude using gist (
        uuid_range(service_post_id, service_post_id, '[]') with &&,
        uuid_range(volunteer_id, volunteer_id, '[]') with &&,
        daterange(start_date, end_date) with &&
    ),
    constraint post_holder_days check (end_date > start_date)
);
create index post_holder_area_entry on post_holder (area_code, entry);
create index post_holder_service_post_id on post_holder (service_post_id, entry);

-- A station or a centre.
create table station (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    name text not null,
    -- Number of the contract's StationKind.
    kind smallint not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint station_pkey primary key (id),
    constraint station_entry_key unique (entry),
    constraint station_kind_known check (kind between 1 and 4),
    constraint station_days check (end_date > start_date)
);
create index station_area_entry on station (area_code, entry);

-- A functional area of a station.
create table functional_area (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    name text not null,
    capacity integer not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint functional_area_pkey primary key (id),
    constraint functional_area_entry_key unique (entry),
    constraint functional_area_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint functional_area_capacity check (capacity >= 1),
    constraint functional_area_days check (end_date > start_date)
);
create index functional_area_area_entry on functional_area (area_code, entry);
create index functional_area_station_id on functional_area (station_id, entry);

-- A service that a station offers.
create table catalogue_item (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    name text not null,
    -- Number of the contract's PriceKind.
    price_kind smallint not null,
    price_fen bigint not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint catalogue_item_pkey primary key (id),
    constraint catalogue_item_entry_key unique (entry),
    constraint catalogue_item_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint catalogue_item_price_kind_known check (price_kind between 1 and 3),
    constraint catalogue_item_price check (price_fen >= 0 and (price_kind = 1) = (price_fen = 0)),
    constraint catalogue_item_days check (end_date > start_date)
);
create index catalogue_item_area_entry on catalogue_item (area_code, entry);
create index catalogue_item_station_id on catalogue_item (station_id, entry);

-- A contract with a provider, a unit of organization.
create table provider_contract (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    unit_id uuid not null,
    station_id uuid,
    subject text not null,
    amount_fen bigint not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint provider_contract_pkey primary key (id),
    constraint provider_contract_entry_key unique (entry),
    constraint provider_contract_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint provider_contract_amount check (amount_fen >= 0),
    constraint provider_contract_days check (end_date > start_date)
);
create index provider_contract_area_entry on provider_contract (area_code, entry);

-- An entry of a station's subsidy ledger; never changed.
create table subsidy_entry (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    amount_fen bigint not null,
    entry_date date not null,
    purpose text not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint subsidy_entry_pkey primary key (id),
    constraint subsidy_entry_entry_key unique (entry),
    constraint subsidy_entry_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint subsidy_entry_amount check (amount_fen <> 0)
);
create index subsidy_entry_area_entry on subsidy_entry (area_code, entry);
create index subsidy_entry_station_id on subsidy_entry (station_id, entry);
