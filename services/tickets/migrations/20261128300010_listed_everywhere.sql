-- no-transaction
create index concurrently ticket_listed on ticket
    (routed, state, reported_time desc, id desc) include (area_code);
