-- Lists and counts plain records of a kind that hold on a day, filtered by codes if
-- any are passed. A record ends with its parent and with its subject.
with counted as (
    select record_id, coalesce(parent_id, record_id) as parent_id, 1::bigint as amount
    from fact_held
    where service = $6 and kind = $7 and (cardinality($8::text[]) = 0 or code = any($8))
    and area_code >= $1 and area_code < $2
    and start_date <= $3 and coalesce(end_date, 'infinity') > $3
)
select '' as "area_code!", record_id as "record_id!", parent_id as "parent_id!", amount as "amount!",
    (select sum(amount)::bigint from counted) as "figure?", (select count(*) from counted) as "count?"
from counted where record_id > $4 order by record_id limit $5
