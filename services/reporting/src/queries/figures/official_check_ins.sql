-- Lists and counts check-in visits of a period, without voided ones.
with counted as (
    select id as record_id, id as parent_id, 1::bigint as amount
    from check_in_visit
    where area_code >= $1 and area_code < $2 and state = 1 and visit_time < $3
    and visit_time >= coalesce($6, '-infinity'::timestamptz)
)
select '' as "area_code!", record_id as "record_id!", parent_id as "parent_id!", amount as "amount!",
    (select sum(amount)::bigint from counted) as "figure?", (select count(*) from counted) as "count?"
from counted where record_id > $4 order by record_id limit $5
