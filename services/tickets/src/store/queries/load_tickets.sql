-- Loads a batch of tickets for reading, each within the scope of its caller.
select
    asked.place as "place!",
    row_to_json(ticket) as "ticket!: Json<Ticket>",
    coalesce((
        select line.action_time from ticket_history line
        where line.ticket_id = ticket.id and line.revision = ticket.revision
    ), ticket.reported_time) as "changed_time!",
    (
        select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id
    ) as "orders: Json<Vec<Order>>"
from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) with ordinality
    as asked (id, area_from, area_until, holder, place)
join ticket on ticket.id = asked.id and (
    (ticket.area_code >= asked.area_from and ticket.area_code < asked.area_until)
    or exists (
        select from ticket_order o
        where o.ticket_id = ticket.id and o.unit_id = asked.holder and o.state <= 5
    )
)
