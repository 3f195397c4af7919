-- Officials' registrations with communities, their check-in visits, and what
-- this service needs to know of areas and units.

-- A range of one value, so that "the same" can stand beside "overlaps" in an
-- exclusion constraint without an extension.
create type uuid_range as range (subtype = uuid);
create type code_range as range (subtype = text, collation = "C");

-- An official's registration with a community. The person is an id only.
create table registration (
    registration_id uuid not null,
    person_id uuid not null,
    home_unit_id uuid not null,
    -- Code of the community; never changes.
    area_code text not null collate "C",
    start_date date not null,
    -- First day on which it no longer holds; null while it does.
    end_date date,
    revision bigint not null,
    constraint registration_pkey primary key (registration_id),
    -- What a visit copies of its registration.
    constraint registration_copied_key unique (registration_id, person_id, area_code),
    constraint registration_days check (end_date > start_date),
    constraint registration_revision check (revision >= 1),
    -- An official is registered with one community only once at a time.
    constraint registration_registered_already exclude using gist (
        uuid_range(person_id, person_id, '[]') with &&,
        code_range(area_code, area_code, '[]') with &&,
        daterange(start_date, end_date) with &&
    )
);
create index registration_newest on registration (start_date desc, registration_id desc);
create index registration_area_newest
    on registration (area_code, start_date desc, registration_id desc);

-- One visit of one registered official.
create table check_in_visit (
    check_in_visit_id uuid not null,
    registration_id uuid not null,
    -- Copied from the registration, which never changes them.
    person_id uuid not null,
    area_code text not null collate "C",
    visit_time timestamptz not null,
    -- Free text; personal.
    handled text not null,
    -- Number of the contract's CheckInVisitState.
    state smallint not null,
    voided_time timestamptz,
    -- Free text; personal. Null unless voided.
    void_reason text,
    imported boolean not null,
    revision bigint not null,
    constraint check_in_visit_pkey primary key (check_in_visit_id),
    constraint check_in_visit_registration_fkey
        foreign key (registration_id, person_id, area_code)
        references registration (registration_id, person_id, area_code),
    constraint check_in_visit_handled check (char_length(handled) between 1 and 1000),
    constraint check_in_visit_state check (state in (1, 2)),
    constraint check_in_visit_voided check (
        (state = 2) = (voided_time is not null)
        and (state = 2) = (void_reason is not null)
        and voided_time >= visit_time
        and char_length(void_reason) between 1 and 500
    ),
    constraint check_in_visit_revision check (revision >= 1)
);
create index check_in_visit_newest on check_in_visit (visit_time desc, check_in_visit_id desc);
create index check_in_visit_area_newest
    on check_in_visit (area_code, visit_time desc, check_in_visit_id desc);
create index check_in_visit_registration on check_in_visit (registration_id);

-- Areas as organization's feed tells of them.
create table area_replica (
    area_id uuid not null,
    code text not null collate "C",
    -- Number of organization's AreaKind; one that is unknown here is kept.
    kind smallint not null,
    start_date date,
    end_date date,
    -- Revision of the event applied last; an older one changes nothing.
    revision bigint not null,
    constraint area_replica_pkey primary key (area_id),
    constraint area_replica_code_key unique (code)
);

-- Organization units as organization's feed tells of them.
create table unit_replica (
    unit_id uuid not null,
    -- Number of organization's UnitKind; one that is unknown here is kept.
    kind smallint not null,
    area_code text not null collate "C",
    -- Revision of the event applied last; an older one changes nothing.
    revision bigint not null,
    constraint unit_replica_pkey primary key (unit_id)
);
