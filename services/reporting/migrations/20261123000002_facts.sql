-- An id belongs to one record of a kind; callers choose some of them.
alter table applied_record add column kind text not null default '';
alter table applied_record drop constraint applied_record_pkey;
alter table applied_record add constraint applied_record_pkey primary key (record_id, kind);

-- Plain records of every service, as their events tell of them: one table for
-- all, since a figure counts them all in the same way.
create table fact (
    record_id uuid not null,
    -- The service that keeps the record.
    service text not null,
    kind text not null,
    area_code text not null collate "C",
    -- The record to which it belongs.
    parent_id uuid,
    -- Whom or what it is about.
    subject_id uuid,
    -- Its kind, role or post by name; empty for none.
    code text not null,
    amount bigint not null,
    -- Null for what has no days.
    start_date date,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    constraint fact_pkey primary key (record_id, service, kind)
);
create index fact_kind_area on fact (kind, area_code);
