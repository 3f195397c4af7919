-- no-transaction
-- The digests of rows that were loaded before move into the table of the record.
do $$
declare
    moved bigint;
begin
    loop
        with loaded as (
            select appointment.id, loaded_row.digest
            from loaded_row join appointment on appointment.id = loaded_row.record_id
            where loaded_row.kind = 'appointment' and appointment.import_digest is null
            limit 1000
        )
        update appointment set import_digest = loaded.digest from loaded where appointment.id = loaded.id;
        get diagnostics moved = row_count;
        commit;
        exit when moved = 0;
    end loop;
end
$$;
