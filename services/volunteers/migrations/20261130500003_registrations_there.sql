-- no-transaction
-- Registrations from before the trigger, which completes them, some at a time.
do $$
declare
    after uuid := '00000000-0000-0000-0000-000000000000';
    ids uuid[];
begin
    loop
        ids := array(select registration_id from registration
            where registration_id > after order by registration_id limit 2000);
        exit when cardinality(ids) = 0;
        after := ids[cardinality(ids)];
        update registration set id = registration_id
        where registration_id = any(ids) and id is null;
        commit;
    end loop;
    analyze registration;
end $$;
