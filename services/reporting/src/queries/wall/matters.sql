-- Lists livelihood matters that are open or were decided recently, the most urgent
-- first. Every matter is read, but few are shown, so the joins come last.
with candidate as (
    -- Those open today and those settled since are read from two small partial indexes
    -- (fact_open, fact_settled), instead of scanning every record that ever existed.
    select record_id, parent_id, subject_id, area_code, created_time, due_time, states, reached_times from fact
    where service = 'tickets' and kind = 'livelihood_matter' and area_code >= $1 and area_code < $2
    and states[cardinality(states)]
        <> all (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
    union all
    select record_id, parent_id, subject_id, area_code, created_time, due_time, states, reached_times from fact
    where service = 'tickets' and kind = 'livelihood_matter' and area_code >= $1 and area_code < $2
    and states[cardinality(states)]
        = any (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
    and reached_times[cardinality(reached_times)] >= $5
), stands as materialized (
    select record_id, parent_id, subject_id, area_code, created_time, due_time, states, reached_times,
        state_by(states, reached_times, $3) as state from candidate
), dated as (
    select record_id, parent_id, subject_id, area_code, created_time, due_time, reached_times, state,
        state in ('refused', 'paid_or_delivered', 'withdrawn') as is_over,
        case when states && array['approved', 'refused', 'withdrawn'] then (
            select min(reached_time) from unnest(states, reached_times) as reached (state, reached_time)
            where reached_time < $3 and state in ('approved', 'refused', 'withdrawn')
        ) end as decided_time
    from stands where state is not null
), matter as (
    select record_id, parent_id, subject_id, area_code, created_time, due_time, reached_times, state, is_over,
        decided_time, count(*) filter (where not is_over) over () as open_count,
        count(*) filter (where not is_over and decided_time is null and due_time < $3) over () as overdue_count
    from dated where not is_over
        or (select max(reached_time) from unnest(reached_times) as reached (reached_time)
            where reached_time < $3) > $5
    order by is_over, decided_time is not null, due_time, record_id limit $6
)
select matter.record_id as "id!", coalesce(item.title, '') as "title!",
    coalesce(area.name, '') as "area_name!", state as "state!",
    (select max(reached_time) from unnest(matter.reached_times) as reached (reached_time)
        where reached_time < $3) as "state_time!",
    held.post as "handler_post?", matter.created_time as "received_time!",
    matter.due_time as "due_time!", decided_time as "decided_time?",
    open_count as "open_count!", overdue_count as "overdue_count!"
from matter
left join fact item on item.record_id = matter.parent_id
    and item.service = 'tickets' and item.kind = 'livelihood_item'
left join area on area.code = matter.area_code
left join lateral (select post from post_held where person_id = matter.subject_id
    and start_date <= $4 and (end_date is null or end_date > $4) order by post limit 1) held on true
order by is_over, decided_time is not null, matter.due_time, matter.record_id
