-- Lists and counts people in a post on a day; each once, with the first of their
-- appointments. A post ends with its unit, a grid worker's post with the grid.
with counted as (
    select person_id as record_id, (array_agg(id order by id))[1] as parent_id, 1::bigint as amount
    from post_held
    where post = $6 and area_code >= $1 and area_code < $2
    and start_date <= $3 and (end_date is null or end_date > $3)
    group by person_id
)
select '' as "area_code!", record_id as "record_id!", parent_id as "parent_id!", amount as "amount!",
    (select sum(amount)::bigint from counted) as "figure?", (select count(*) from counted) as "count?"
from counted where record_id > $4 order by record_id limit $5
