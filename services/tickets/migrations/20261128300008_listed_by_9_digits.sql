-- no-transaction
create index concurrently ticket_listed_9 on ticket
    (left(area_code, 9), routed, state, reported_time desc, id desc) include (area_code);
