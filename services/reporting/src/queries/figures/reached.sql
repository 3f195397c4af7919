-- Lists plain records of a kind that reached a state in a period. The total is read
-- from fact_count, so the cost of a page depends on its size.
select area_code as "area_code!", record_id as "record_id!", coalesce(parent_id, record_id) as "parent_id!",
    1::bigint as "amount!", null::bigint as "figure?", null::bigint as "count?"
from fact
where service = $6 and kind = $7 and (cardinality($8::text[]) = 0 or code = any($8))
and area_code >= $1 and area_code < $2 and (area_code, record_id) > ($11, $4)
and exists (
    select from unnest(states, reached_times) as reached (state, reached_time)
    where state = $9 and reached_time < $3 and reached_time >= coalesce($10, '-infinity'::timestamptz)
)
order by area_code, record_id limit $5
