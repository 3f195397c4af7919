-- Ends that were entered by mistake and corrected since: the days before and after,
-- who corrected them and why. Written in the transaction of the change.
create table correction (
    entry bigint generated always as identity,
    -- What the record is, as events call it.
    kind text not null,
    record_id uuid not null,
    end_date_before date not null,
    -- None if the record goes on.
    end_date_after date,
    -- May be personal.
    reason text not null,
    -- The subject of the caller's token.
    actor text not null,
    recorded_time timestamptz not null,
    constraint correction_pkey primary key (entry),
    constraint correction_reason_given check (reason <> '')
);
create index correction_record on correction (record_id, entry);
