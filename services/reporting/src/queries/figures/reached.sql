-- Plain records of a kind that came into one of some states in a period.
with counted as (
    select record_id, coalesce(parent_id, record_id) as parent_id, 1::bigint as amount
    from fact
    where service = $6 and kind = $7 and (cardinality($8::text[]) = 0 or code = any($8))
    and area_code >= $1 and area_code < $2
    and exists (
        select from unnest(states, reached_times) as reached (state, reached_time)
        where state = any($9) and reached_time < $3 and reached_time >= coalesce($10, '-infinity'::timestamptz)
    )
)
select record_id as "record_id!", parent_id as "parent_id!", amount as "amount!",
    (select sum(amount)::bigint from counted) as "figure!", (select count(*) from counted) as "count!"
from counted where record_id > $4 order by record_id limit $5
