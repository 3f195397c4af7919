-- All that a command needs to decide, in one statement: the ticket with its
-- orders, and the request if it was made before. A repeated request finds its
-- ticket even if its effect took the ticket out of the caller's scope.
select
    row_to_json(ticket) as "ticket: Json<Ticket>",
    (
        select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id
    ) as "orders: Json<Vec<Order>>",
    request.fingerprint as "fingerprint?",
    request.record_id as "record_id?"
from (select) as one
left join request on request.caller = $2 and request.request_id = $3
left join ticket on ticket.id = $1 and (
    request.record_id = ticket.id
    or (ticket.area_code >= $4 and ticket.area_code < $5)
    or exists (
        select from ticket_order o
        where o.ticket_id = ticket.id and o.unit_id = $6 and o.state <= 5
    )
)
