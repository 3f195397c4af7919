-- Lists messages without a reply, the most urgent first, then those with a recent
-- reply, the latest first.
with candidate as (
    -- Those open today and those settled since are read from two small partial indexes
    -- (fact_open, fact_settled), instead of scanning every record that ever existed.
    select record_id, parent_id, subject_id, area_code, created_time, due_time, states, reached_times from fact
    where service = 'tickets' and kind = 'group_message' and area_code >= $1 and area_code < $2
    and states[cardinality(states)]
        <> all (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
    union all
    select record_id, parent_id, subject_id, area_code, created_time, due_time, states, reached_times from fact
    where service = 'tickets' and kind = 'group_message' and area_code >= $1 and area_code < $2
    and states[cardinality(states)]
        = any (array['refused', 'paid_or_delivered', 'withdrawn', 'replied', 'dismissed', 'confirmed'])
    and reached_times[cardinality(reached_times)] >= $5
), message as (
    select record_id, parent_id, subject_id, area_code, created_time, due_time, reached_times,
        state_by(states, reached_times, $3) as state from candidate where due_time is not null
), shown as (
    select record_id, parent_id, subject_id, area_code, created_time, due_time, reached_times, state,
        state = 'replied' as is_replied,
        count(*) filter (where state <> 'replied') over () as waiting_count,
        count(*) filter (where state <> 'replied' and due_time < $3) over () as overdue_count
    from message where state is not null and state <> 'dismissed'
        -- A reply is due one hour after its message was sent.
        and (state <> 'replied' or due_time > $5 + interval '1 hour')
    order by is_replied, case when state = 'replied' then null else due_time end, due_time desc, record_id limit $6
)
select message.record_id as "id!", coalesce(chat.title, '') as "title!", message.state as "state!",
    (select max(reached_time) from unnest(message.reached_times) as reached (reached_time)
        where reached_time < $3) as "state_time!",
    held.post as "handler_post?", message.due_time as "due_time!",
    waiting_count as "waiting_count!", overdue_count as "overdue_count!"
from shown message
left join fact chat on chat.record_id = message.parent_id
    and chat.service = 'tickets' and chat.kind = 'chat_group'
left join lateral (select post from post_held where person_id = message.subject_id
    and start_date <= $4 and (end_date is null or end_date > $4) order by post limit 1) held on true
order by is_replied, case when is_replied then null else message.due_time end, message.due_time desc,
    message.record_id
