-- Where residents live and what they need, and who governs a community
-- together. Plain records: a column bears the name of its record's field, and
-- `entry` is the order in which records were entered, by which they are listed.
-- References between them are deferred, so that a trial load can be rolled back
-- a batch at a time; they are looked up before they are written.

create sequence record_entry;

-- A range of one value, so that "the same" can stand beside "overlaps" in an
-- exclusion constraint without an extension.
create type uuid_range as range (subtype = uuid);
create type code_range as range (subtype = text, collation = "C");

-- An estate, as residents call it, in a community.
create table estate (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    name text not null,
    property_company_id uuid,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint estate_pkey primary key (id),
    constraint estate_entry_key unique (entry),
    constraint estate_property_company_id_fkey foreign key (property_company_id)
        references unit (id) deferrable initially deferred,
    constraint estate_days check (end_date > start_date)
);
create index estate_area_entry on estate (area_code, entry);

-- A building of an estate, in a grid.
create table building (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    estate_id uuid not null,
    name text not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint building_pkey primary key (id),
    constraint building_entry_key unique (entry),
    constraint building_estate_id_fkey foreign key (estate_id)
        references estate (id) deferrable initially deferred,
    constraint building_days check (end_date > start_date)
);
create index building_area_entry on building (area_code, entry);
create index building_estate on building (estate_id, entry);

-- Who lives behind one door.
create table household (
    id uuid not null,
    entry bigint not null,
    -- That of the building.
    area_code text not null collate "C",
    building_id uuid not null,
    -- Personal data.
    room text not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint household_pkey primary key (id),
    constraint household_entry_key unique (entry),
    constraint household_building_id_fkey foreign key (building_id)
        references building (id) deferrable initially deferred,
    constraint household_days check (end_date > start_date)
);
create index household_area_entry on household (area_code, entry);
create index household_building on household (building_id, entry);

-- A resident. No phone and no identity number is kept.
create table resident (
    id uuid not null,
    entry bigint not null,
    -- That of the household.
    area_code text not null collate "C",
    household_id uuid not null,
    -- Personal data.
    name text not null,
    is_party_member boolean not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint resident_pkey primary key (id),
    constraint resident_entry_key unique (entry),
    constraint resident_household_id_fkey foreign key (household_id)
        references household (id) deferrable initially deferred,
    constraint resident_days check (end_date > start_date)
);
create index resident_area_entry on resident (area_code, entry);
create index resident_household on resident (household_id, entry);

-- What a resident needs, as one of the three teams has learnt it.
create table need_tag (
    id uuid not null,
    entry bigint not null,
    -- That of the resident.
    area_code text not null collate "C",
    resident_id uuid not null,
    -- Number of the contract's NeedKind; sensitive.
    kind smallint not null,
    -- Number of the contract's NeedTeam.
    team smallint not null,
    -- Personal data.
    note text not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint need_tag_pkey primary key (id),
    constraint need_tag_entry_key unique (entry),
    constraint need_tag_resident_id_fkey foreign key (resident_id)
        references resident (id) deferrable initially deferred,
    constraint need_tag_kind_known check (kind between 1 and 8),
    constraint need_tag_team_known check (team between 1 and 3),
    constraint need_tag_days check (end_date > start_date),
    constraint need_tag_tagged_already exclude using gist (
        uuid_range(resident_id, resident_id, '[]') with &&,
        int4range(kind, kind, '[]') with &&,
        daterange(start_date, end_date) with &&
    )
);
create index need_tag_area_entry on need_tag (area_code, entry);
create index need_tag_resident on need_tag (resident_id, entry);
create index need_tag_area on need_tag (area_code, kind);

-- A role in which a core resident takes a lead.
create table resident_role (
    id uuid not null,
    entry bigint not null,
    -- That of the resident.
    area_code text not null collate "C",
    resident_id uuid not null,
    -- Number of the contract's ResidentRoleKind.
    kind smallint not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint resident_role_pkey primary key (id),
    constraint resident_role_entry_key unique (entry),
    constraint resident_role_resident_id_fkey foreign key (resident_id)
        references resident (id) deferrable initially deferred,
    constraint resident_role_kind_known check (kind between 1 and 5),
    constraint resident_role_days check (end_date > start_date),
    constraint resident_role_held_already exclude using gist (
        uuid_range(resident_id, resident_id, '[]') with &&,
        int4range(kind, kind, '[]') with &&,
        daterange(start_date, end_date) with &&
    )
);
create index resident_role_area_entry on resident_role (area_code, entry);
create index resident_role_resident on resident_role (resident_id, entry);

-- A part in the co-governance of a community, "1+2+X".
create table membership (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    -- Number of the contract's MembershipRole.
    role smallint not null,
    -- One of the two: the unit or the resident who is the member.
    unit_id uuid,
    resident_id uuid,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint membership_pkey primary key (id),
    constraint membership_entry_key unique (entry),
    constraint membership_unit_id_fkey foreign key (unit_id)
        references unit (id) deferrable initially deferred,
    constraint membership_resident_id_fkey foreign key (resident_id)
        references resident (id) deferrable initially deferred,
    constraint membership_role_known check (role between 1 and 5),
    constraint membership_member check (
        (role = 5) = (unit_id is null) and (role = 5) = (resident_id is not null)
    ),
    constraint membership_days check (end_date > start_date),
    constraint membership_member_already exclude using gist (
        code_range(area_code, area_code, '[]') with &&,
        uuid_range(coalesce(unit_id, resident_id), coalesce(unit_id, resident_id), '[]') with &&,
        daterange(start_date, end_date) with &&
    )
);
create index membership_area_entry on membership (area_code, entry);

-- A seat of a community's big committee.
create table seat (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    -- Number of the contract's SeatKind.
    kind smallint not null,
    person_id uuid not null,
    unit_id uuid not null,
    -- The term.
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint seat_pkey primary key (id),
    constraint seat_entry_key unique (entry),
    constraint seat_person_id_fkey foreign key (person_id)
        references person (id) deferrable initially deferred,
    constraint seat_unit_id_fkey foreign key (unit_id)
        references unit (id) deferrable initially deferred,
    constraint seat_kind_known check (kind between 1 and 2),
    constraint seat_days check (end_date > start_date),
    constraint seat_seated_already exclude using gist (
        code_range(area_code, area_code, '[]') with &&,
        uuid_range(person_id, person_id, '[]') with &&,
        daterange(start_date, end_date) with &&
    )
);
create index seat_area_entry on seat (area_code, entry);
