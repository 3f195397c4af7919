-- A page of tickets, newest report first, behind the last one of the page
-- before.
select
    row_to_json(ticket) as "ticket!: Json<Ticket>",
    (
        select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id
    ) as "orders: Json<Vec<Order>>"
from ticket
where (
    -- In the caller's scope, by place or by holding.
    (area_code >= $1 and area_code < $2)
    or id in (select ticket_id from ticket_order where unit_id = $3 and state <= 5)
)
and area_code >= $4 and area_code < $5
and (cardinality($6::smallint[]) = 0 or state = any($6))
and (
    $7::uuid is null
    or id in (select ticket_id from ticket_order where unit_id = $7 and state <= 5)
)
and (not $8 or not routed)
and ($9::timestamptz is null or (reported_time, id) < ($9, $10))
order by reported_time desc, id desc
limit $11
