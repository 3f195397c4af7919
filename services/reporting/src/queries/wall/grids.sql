-- Lists the grids with their counts. Residents in need are counted as in the figure:
-- by need tags that hold, of residents who have not left.
with need as (
    select area_code, count(distinct subject_id) as needs from fact_held
    where service = 'organization' and kind = 'need_tag' and area_code >= $1 and area_code < $2
    and start_date <= $4 and coalesce(end_date, 'infinity') > $4
    group by area_code
), candidate as (
    -- Those open today and those settled since are read from two small partial indexes
    -- (fact_open, fact_settled), instead of scanning every record that ever existed.
    select kind, area_code, states, reached_times from fact
    where kind in ('livelihood_matter', 'wish') and area_code >= $1 and area_code < $2
    and states[cardinality(states)]
        <> all (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
    union all
    select kind, area_code, states, reached_times from fact
    where kind in ('livelihood_matter', 'wish') and area_code >= $1 and area_code < $2
    and states[cardinality(states)]
        = any (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
    and reached_times[cardinality(reached_times)] >= $3
), counted as (
    select area_code,
        count(*) filter (where kind = 'livelihood_matter' and state_by(states, reached_times, $3)
            not in ('refused', 'paid_or_delivered', 'withdrawn')) as matters,
        count(*) filter (where kind = 'wish' and state_by(states, reached_times, $3) = 'reviewed') as wishes
    from candidate group by area_code
)
select code as "area_code!", name as "name!", boundary_geojson as "boundary_geojson!",
    coalesce(needs, 0)::int as "resident_in_need_count?",
    coalesce(matters, 0)::int as "open_matter_count!", coalesce(wishes, 0)::int as "open_wish_count!"
from area left join counted on counted.area_code = code left join need on need.area_code = code
where kind = 4 and code >= $1 and code < $2
and start_date <= $4 and (end_date is null or end_date > $4) order by code
