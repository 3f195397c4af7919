-- Projections of the other services' records: what figures count, and nothing
-- personal. Everything here can be dropped and made again from the feeds.

-- Revisions of records that have been applied, so that a reader who has
-- written elsewhere can wait for its own write.
create table applied_record (
    record_id uuid not null,
    revision bigint not null,
    constraint applied_record_pkey primary key (record_id)
);

create table area (
    id uuid not null,
    code text not null collate "C",
    kind smallint not null,
    name text not null,
    start_date date not null,
    end_date date,
    constraint area_pkey primary key (id)
);
create index area_code on area (code);

create table unit (
    id uuid not null,
    kind smallint not null,
    area_code text not null collate "C",
    start_date date not null,
    end_date date,
    constraint unit_pkey primary key (id)
);

create table appointment (
    id uuid not null,
    person_id uuid not null,
    post smallint not null,
    area_code text not null collate "C",
    start_date date not null,
    end_date date,
    constraint appointment_pkey primary key (id)
);

create table published_figure (
    id uuid not null,
    area_code text not null collate "C",
    figure_key text not null,
    value bigint not null,
    bound smallint not null,
    period smallint not null,
    as_of_date date not null,
    revision bigint not null,
    constraint published_figure_pkey primary key (id)
);
create index published_figure_area on published_figure (area_code, figure_key);

-- Dispatch orders, with the place of their ticket.
create table ticket_order (
    id uuid not null,
    ticket_id uuid not null,
    unit_id uuid not null,
    area_code text not null collate "C",
    issued_time timestamptz not null,
    accepted_time timestamptz,
    constraint ticket_order_pkey primary key (id)
);
create index ticket_order_area on ticket_order (area_code);

create table check_in_visit (
    id uuid not null,
    person_id uuid not null,
    area_code text not null collate "C",
    visit_time timestamptz not null,
    state smallint not null,
    constraint check_in_visit_pkey primary key (id)
);
create index check_in_visit_area on check_in_visit (area_code);
