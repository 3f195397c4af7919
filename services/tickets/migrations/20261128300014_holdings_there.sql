-- no-transaction
-- Orders from before the triggers, some tickets at a time. A ticket is locked while
-- its holdings are written, so that what changes meanwhile is not written over.
do $$
declare
    after uuid := '00000000-0000-0000-0000-000000000000';
    ids uuid[];
begin
    loop
        ids := array(select id from ticket where id > after order by id limit 2000);
        exit when cardinality(ids) = 0;
        after := ids[cardinality(ids)];
        perform from ticket where id = any(ids) order by id for no key update;
        insert into ticket_holding (unit_id, ticket_id, area_code, routed, state, reported_time)
        select distinct o.unit_id, t.id, t.area_code, t.routed, t.state, t.reported_time
        from ticket t join ticket_order o on o.ticket_id = t.id and o.state <= 5
        where t.id = any(ids)
        on conflict on constraint ticket_holding_pkey do nothing;
        commit;
    end loop;
    analyze ticket;
    analyze ticket_holding;
end $$;
