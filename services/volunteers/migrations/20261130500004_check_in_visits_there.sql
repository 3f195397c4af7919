-- no-transaction
-- Check-in visits from before the trigger, which completes them, some at a time.
do $$
declare
    after uuid := '00000000-0000-0000-0000-000000000000';
    ids uuid[];
begin
    loop
        ids := array(select check_in_visit_id from check_in_visit
            where check_in_visit_id > after order by check_in_visit_id limit 2000);
        exit when cardinality(ids) = 0;
        after := ids[cardinality(ids)];
        update check_in_visit set id = check_in_visit_id
        where check_in_visit_id = any(ids) and id is null;
        commit;
    end loop;
    analyze check_in_visit;
end $$;
