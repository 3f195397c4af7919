-- no-transaction
create index concurrently ticket_listed_15 on ticket
    (left(area_code, 15), routed, state, reported_time desc, id desc) include (area_code);
