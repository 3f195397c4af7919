-- Lists and counts orders to departments whose first acceptance is in a period. The
-- unit's current existence is not checked: a dissolved department has responded, too.
with counted as (
    select ticket_order.id as record_id, ticket_order.ticket_id as parent_id, 1::bigint as amount
    from ticket_order
    join unit on unit.id = ticket_order.unit_id
    where unit.kind = 11
    and ticket_order.area_code >= $1 and ticket_order.area_code < $2
    and ticket_order.accepted_time < $3
    and ticket_order.accepted_time >= coalesce($6, '-infinity'::timestamptz)
)
select '' as "area_code!", record_id as "record_id!", parent_id as "parent_id!", amount as "amount!",
    (select sum(amount)::bigint from counted) as "figure?", (select count(*) from counted) as "count?"
from counted where record_id > $4 order by record_id limit $5
