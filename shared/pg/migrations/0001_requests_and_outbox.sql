-- What every service's database has besides its own records: request ids, the
-- outbox with the feed made of it, and the positions of feeds applied.

create table request (
    caller text not null,
    request_id uuid not null,
    fingerprint bytea not null,
    record_id uuid not null,
    revision bigint not null,
    recorded_time timestamptz not null,
    constraint request_pkey primary key (caller, request_id)
);
create index request_recorded_time on request using brin (recorded_time);

-- Events as they were written. `sequence` is taken before the commit, so it
-- says nothing about the order in which events can be seen; `position` is
-- given after the commit, by the sequencer, without gaps.
create table outbox (
    sequence bigint generated always as identity,
    position bigint,
    event_id uuid not null,
    record_id uuid not null,
    revision bigint not null,
    area_code text not null collate "C",
    occurred_time timestamptz not null,
    recorded_time timestamptz not null,
    imported boolean not null,
    traceparent text not null,
    payload bytea not null,
    constraint outbox_pkey primary key (sequence)
);
create index outbox_without_position on outbox (sequence) where position is null;
create unique index outbox_position on outbox (position) where position is not null;

-- The feed: its id, made with the database, so that a token of another
-- database is known for one; and the last position given.
create table feed (
    only_row boolean not null default true,
    feed_id uuid not null default gen_random_uuid(),
    last_position bigint not null default 0,
    constraint feed_pkey primary key (only_row),
    constraint feed_only_row check (only_row)
);
insert into feed default values;

-- How far the feeds of other services have been applied here.
create table feed_position (
    service text not null,
    token text not null,
    applied_time timestamptz,
    constraint feed_position_pkey primary key (service)
);

-- Events of other services that could not be applied.
create table set_aside_event (
    service text not null,
    event_id uuid not null,
    token text not null,
    record_id text not null,
    revision bigint not null,
    event bytea not null,
    error text not null,
    set_aside_time timestamptz not null,
    constraint set_aside_event_pkey primary key (service, event_id)
);
