-- no-transaction
-- The digests of rows that were loaded before move into the table of the record.
do $$
declare
    moved bigint;
begin
    loop
        with loaded as (
            select area.id, loaded_row.digest
            from loaded_row join area on area.id = loaded_row.record_id
            where loaded_row.kind = 'area' and area.import_digest is null
            limit 1000
        )
        update area set import_digest = loaded.digest from loaded where area.id = loaded.id;
        get diagnostics moved = row_count;
        commit;
        exit when moved = 0;
    end loop;
end
$$;
