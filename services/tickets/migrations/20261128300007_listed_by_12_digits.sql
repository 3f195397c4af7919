-- no-transaction
create index concurrently ticket_listed_12 on ticket
    (left(area_code, 12), routed, state, reported_time desc, id desc) include (area_code);
