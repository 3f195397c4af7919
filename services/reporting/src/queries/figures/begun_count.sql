-- Counts plain records of a kind that began in a period, by amount ($9) or as one
-- each. Must agree with the records that begun.sql lists.
select coalesce(sum(case when $9 then amount else records end), 0)::bigint as "figure!",
    coalesce(sum(case when $9 then amounts else records end), 0)::bigint as "count!"
from fact_count
where kind = $5 and service = $4 and (cardinality($6::text[]) = 0 or code = any($6))
and area_code >= $1 and area_code < $2
and measure = case when cardinality($7::text[]) = 0 then 0 else 1 end
and (cardinality($7::text[]) = 0 or state = any($7))
and first_day >= coalesce($8, '-infinity'::date) and first_day <= $3 and day <= $3
