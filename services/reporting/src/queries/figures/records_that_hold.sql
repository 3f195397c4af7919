-- Plain records of a kind, and of a code if one is given, on a day.
with counted as (
    select record_id, coalesce(parent_id, record_id) as parent_id
    from fact
    where service = $6 and kind = $7 and ($8::text is null or code = $8)
    and area_code >= $1 and area_code < $2
    and start_date <= $3 and (end_date is null or end_date > $3)
)
select record_id as "record_id!", parent_id as "parent_id!", (select count(*) from counted) as "total!"
from counted where record_id > $4 order by record_id limit $5
