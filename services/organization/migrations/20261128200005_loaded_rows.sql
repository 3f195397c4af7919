-- What areas, units and appointments were loaded from, beside their tables, so
-- that a row is known again after the record was changed. Of what was loaded
-- before there is nothing.
create table loaded_row (
    kind text not null,
    record_id uuid not null,
    -- Digest of the row.
    digest text not null,
    constraint loaded_row_pkey primary key (record_id, kind)
);
