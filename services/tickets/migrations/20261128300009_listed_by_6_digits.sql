-- no-transaction
create index concurrently ticket_listed_6 on ticket
    (left(area_code, 6), routed, state, reported_time desc, id desc) include (area_code);
