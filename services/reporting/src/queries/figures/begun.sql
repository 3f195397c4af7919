-- Lists plain records of a kind that began in a period; each counts with its amount
-- ($12) or as one. Filtered by codes, and by the state at the end of the period, if
-- any are passed. A record that was entered after the period counts as in its first
-- state. The total is read from fact_count, so the cost of a page depends on its size.
select area_code as "area_code!", record_id as "record_id!", coalesce(parent_id, record_id) as "parent_id!",
    case when $12 then amount else 1 end as "amount!", null::bigint as "figure?", null::bigint as "count?"
from fact
where service = $6 and kind = $7 and (cardinality($8::text[]) = 0 or code = any($8))
and area_code >= $1 and area_code < $2 and (area_code, record_id) > ($13, $4)
and start_date >= coalesce($10, '-infinity'::date) and start_date <= $3
and (cardinality($9::text[]) = 0 or coalesce(state_by(states, reached_times, $11), states[1]) = any($9))
and (amount <> 0 or not $12)
order by area_code, record_id limit $5
