-- Lists and counts the grid branches that exist on a day.
with counted as (
    select id as record_id, id as parent_id, 1::bigint as amount
    from unit
    where kind = 3 and area_code >= $1 and area_code < $2
    and start_date <= $3 and (end_date is null or end_date > $3)
)
select '' as "area_code!", record_id as "record_id!", parent_id as "parent_id!", amount as "amount!",
    (select sum(amount)::bigint from counted) as "figure?", (select count(*) from counted) as "count?"
from counted where record_id > $4 order by record_id limit $5
