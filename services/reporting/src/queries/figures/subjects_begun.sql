-- Lists and counts the subjects of plain records of a kind that began in a period;
-- each once, with the first of its records, also if that has ended since.
with counted as (
    select subject_id as record_id, (array_agg(record_id order by record_id))[1] as parent_id, 1::bigint as amount
    from fact
    where service = $6 and kind = $7 and (cardinality($8::text[]) = 0 or code = any($8))
    and area_code >= $1 and area_code < $2 and subject_id is not null
    and start_date >= coalesce($10, '-infinity'::date) and start_date <= $3
    and (cardinality($9::text[]) = 0 or coalesce(state_by(states, reached_times, $11), states[1]) = any($9))
    group by subject_id
)
select '' as "area_code!", record_id as "record_id!", parent_id as "parent_id!", amount as "amount!",
    (select sum(amount)::bigint from counted) as "figure?", (select count(*) from counted) as "count?"
from counted where record_id > $4 order by record_id limit $5
