-- Loads the data that commands decide on, in one statement: the ticket with its
-- orders, and the request if it was made before. A retried request finds a ticket
-- outside the caller's scope only while the ticket is as that request left it, so
-- that a unit can retry the call that ended its order. The caller must not read
-- anything that has happened since.
select
    asked.place as "place!",
    row_to_json(ticket) as "ticket: Json<Ticket>",
    coalesce((
        select line.action_time from ticket_history line
        where line.ticket_id = ticket.id and line.revision = ticket.revision
    ), ticket.reported_time) as "changed_time?",
    (
        select json_agg(o order by o.place) from ticket_order o where o.ticket_id = ticket.id
    ) as "orders: Json<Vec<Order>>",
    request.fingerprint as "fingerprint?",
    request.record_id as "record_id?"
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::uuid[])
    with ordinality
    as asked (id, caller, request_id, area_from, area_until, holder, place)
left join request
    on request.caller = asked.caller and request.request_id = asked.request_id
left join ticket on ticket.id = asked.id and (
    (request.record_id = ticket.id and request.revision = ticket.revision)
    or (ticket.area_code >= asked.area_from and ticket.area_code < asked.area_until)
    or exists (
        select from ticket_order o
        where o.ticket_id = ticket.id and o.unit_id = asked.holder and o.state <= 5
    )
)
order by asked.place
