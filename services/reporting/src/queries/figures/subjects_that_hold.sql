-- Whom plain records of a kind are about on a day; each once, with the first of
-- their records.
with counted as (
    select subject_id as record_id, (array_agg(record_id order by record_id))[1] as parent_id
    from fact
    where service = $6 and kind = $7 and ($8::text is null or code = $8)
    and area_code >= $1 and area_code < $2 and subject_id is not null
    and start_date <= $3 and (end_date is null or end_date > $3)
    group by subject_id
)
select record_id as "record_id!", parent_id as "parent_id!", (select count(*) from counted) as "total!"
from counted where record_id > $4 order by record_id limit $5
