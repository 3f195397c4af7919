-- Tickets, their dispatch orders and histories; categories and the duty list;
-- and the copy of organization's reference data by which reports are routed
-- while organization is down.

create table category (
    id uuid not null,
    code text not null collate "C",
    name text not null,
    limit_kind smallint not null,
    limit_amount integer not null,
    revision bigint not null,
    constraint category_pkey primary key (id),
    constraint category_code_unique unique (code)
);

-- The duty list: which unit is responsible for a category in an area.
create table responsibility (
    id uuid not null,
    category_code text not null collate "C",
    area_code text not null collate "C",
    unit_id uuid not null,
    revision bigint not null,
    constraint responsibility_pkey primary key (id),
    constraint responsibility_category_area_unique unique (category_code, area_code)
);

-- Personal data: title, description and address may name a resident.
create table ticket (
    id uuid not null,
    source smallint not null,
    category_code text not null collate "C",
    title text not null,
    description text not null,
    address text not null,
    -- WGS 84, degrees.
    longitude double precision,
    latitude double precision,
    area_code text not null collate "C",
    routed boolean not null,
    suggested_unit_id uuid,
    state smallint not null,
    outcome smallint,
    reported_time timestamptz not null,
    ended_time timestamptz,
    rework_count integer not null,
    escalation_level integer not null,
    -- Clocks with their stretches, as the domain keeps them.
    clocks jsonb not null,
    imported boolean not null,
    -- Digest of the imported row, by which the same row is known again.
    import_digest text,
    revision bigint not null,
    constraint ticket_pkey primary key (id)
);
-- Lists go by this one, whatever the area: a page is full soon.
create index ticket_reported on ticket (reported_time desc, id desc);
create index ticket_unrouted on ticket (id) where not routed;

create table ticket_order (
    id uuid not null,
    ticket_id uuid not null,
    -- Place among the ticket's orders, from 1, as they were issued.
    place integer not null,
    unit_id uuid not null,
    role smallint not null,
    state smallint not null,
    issued_time timestamptz not null,
    accepted_time timestamptz,
    ended_time timestamptz,
    handler_person_id uuid,
    result text not null,
    return_reason smallint,
    constraint ticket_order_pkey primary key (id),
    constraint ticket_order_ticket foreign key (ticket_id) references ticket
);
create index ticket_order_ticket on ticket_order (ticket_id);
-- By this a unit finds the tickets on which it holds a live order.
create index ticket_order_holder on ticket_order (unit_id, ticket_id) where state <= 5;

-- Append-only: who, when, from, to, why.
create table ticket_history (
    ticket_id uuid not null,
    revision bigint not null,
    action smallint not null,
    from_state smallint,
    to_state smallint not null,
    action_time timestamptz not null,
    actor text not null,
    order_id uuid,
    reason text not null,
    constraint ticket_history_pkey primary key (ticket_id, revision),
    constraint ticket_history_ticket foreign key (ticket_id) references ticket
);

-- Copies, kept by the consumer of organization's feed. `revision` keeps an
-- older event from undoing a newer one.
create table area_copy (
    id uuid not null,
    code text not null collate "C",
    kind smallint not null,
    boundary_geojson text not null,
    start_date date not null,
    end_date date,
    revision bigint not null,
    constraint area_copy_pkey primary key (id)
);
create table unit_copy (
    id uuid not null,
    kind smallint not null,
    area_code text not null collate "C",
    start_date date not null,
    end_date date,
    revision bigint not null,
    constraint unit_copy_pkey primary key (id)
);
create table address_copy (
    id uuid not null,
    normalized_text text not null,
    area_code text not null collate "C",
    revision bigint not null,
    constraint address_copy_pkey primary key (id)
);

-- Grows with each change of a table above that routing reads, so that every
-- replica knows when its picture of them is old.
create table reference_version (
    only_row boolean not null default true,
    version bigint not null default 0,
    constraint reference_version_pkey primary key (only_row),
    constraint reference_version_only_row check (only_row)
);
insert into reference_version default values;
