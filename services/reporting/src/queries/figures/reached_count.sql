-- Counts plain records of a kind that reached a state in a period. Must agree with
-- reached.sql: a record that did so twice in the period counts once, the first time.
select coalesce(sum(records), 0)::bigint as "figure!", coalesce(sum(records), 0)::bigint as "count!"
from fact_count
where kind = $5 and measure = 2 and service = $4 and (cardinality($6::text[]) = 0 or code = any($6))
and area_code >= $1 and area_code < $2 and state = $7
and day >= coalesce($8, '-infinity'::date) and day <= $3
and (first_day < $8 or first_day = '-infinity')
