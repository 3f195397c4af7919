-- When a category or an entry of the duty list was created and when it last changed, in
-- a table of its own, since release 0.1.0 reads every column of theirs. Those that are
-- there already were created now, as far as this table says: the times before weren't
-- stored. Those that the previous release adds have no row.
create table reference_time (
    record_id uuid not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    constraint reference_time_pkey primary key (record_id)
);
insert into reference_time (record_id, created_time, changed_time)
select id, now(), now() from category
union all
select id, now(), now() from responsibility;
