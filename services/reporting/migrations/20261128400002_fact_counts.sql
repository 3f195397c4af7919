-- Counters of plain records by day, so that a figure of what happened is a sum over
-- days instead of over records. They are kept by triggers, whoever writes a fact, and
-- always come to what counting the facts comes to.
create table fact_count (
    service text not null,
    kind text not null,
    area_code text not null collate "C",
    code text not null,
    -- 0: records that began.
    -- 1: records that began, by the state in which they are at the end of a day.
    -- 2: records that reached a state.
    measure smallint not null,
    -- The state; empty for any.
    state text not null,
    -- 0, 1: the day on which the records began.
    -- 2: the day on which they had reached the state before; -infinity for never.
    first_day date not null,
    -- 0: the same day.
    -- 1: from the end of which day on they are in the state, or no longer are.
    -- 2: the day on which they reached the state.
    day date not null,
    -- How many records come in on the day, less those that leave.
    records bigint not null,
    -- How many of them have an amount that isn't 0, and what it comes to.
    amounts bigint not null,
    amount numeric not null,
    constraint fact_count_pkey primary key (kind, measure, area_code, service, code, state, first_day, day)
) with (fillfactor = 80);

-- What a record adds to its counters. Days are those of the platform's zone.
create function fact_days(start_date date, states text[], reached_times timestamptz[])
    returns table (measure smallint, state text, first_day date, day date, sign smallint)
    language sql immutable parallel safe
begin atomic
    with reached as (
        select number, step.state, (reached_time at time zone 'Asia/Shanghai')::date as day
        from unnest(states, reached_times) with ordinality as step (state, reached_time, number)
    ), span as (
        -- The last step by the end of a day decides.
        select reached.state, reached.day as since,
            (select min(later.day) from reached later where later.number > reached.number) as until
        from reached
        union all
        -- Before its first step a record is in its first state.
        select states[1], '-infinity', (select min(reached.day) from reached) where cardinality(states) > 0
    ), stay as (
        select span.state, greatest(since, start_date) as since, until from span
        where start_date is not null and (until is null or until > greatest(since, start_date))
    )
    select 0::smallint, '', start_date, start_date, 1::smallint where start_date is not null
    union all
    select 1::smallint, stay.state, start_date, since, 1::smallint from stay
    union all
    select 1::smallint, stay.state, start_date, until, -1::smallint from stay where until is not null
    union all
    select 2::smallint, once.state,
        coalesce(lag(once.day) over (partition by once.state order by once.day), '-infinity'), once.day, 1::smallint
    from (select distinct reached.state, reached.day from reached) once;
end;

create function count_facts() returns trigger language plpgsql as $$
begin
    -- Rows that left and rows that came share a statement, so that what is the same
    -- in both isn't written.
    if tg_op = 'INSERT' then
        insert into fact_count as kept
        select service, kind, area_code, code, measure, state, first_day, day,
            sum(sign), sum(sign * (amount <> 0)::int), sum(sign * amount)
        from added, fact_days(start_date, states, reached_times)
        group by service, kind, area_code, code, measure, state, first_day, day
        having sum(sign) <> 0 or sum(sign * amount) <> 0
        on conflict on constraint fact_count_pkey do update set records = kept.records + excluded.records,
            amounts = kept.amounts + excluded.amounts, amount = kept.amount + excluded.amount;
    elsif tg_op = 'UPDATE' then
        insert into fact_count as kept
        select service, kind, area_code, code, measure, state, first_day, day,
            sum(side * sign), sum(side * sign * (amount <> 0)::int), sum(side * sign * amount)
        from (
            select 1 as side, service, kind, area_code, code, amount, start_date, states, reached_times from added
            union all
            select -1, service, kind, area_code, code, amount, start_date, states, reached_times from removed
        ) changed, fact_days(start_date, states, reached_times)
        group by service, kind, area_code, code, measure, state, first_day, day
        having sum(side * sign) <> 0 or sum(side * sign * amount) <> 0
            or sum(side * sign * (amount <> 0)::int) <> 0
        on conflict on constraint fact_count_pkey do update set records = kept.records + excluded.records,
            amounts = kept.amounts + excluded.amounts, amount = kept.amount + excluded.amount;
    elsif tg_op = 'DELETE' then
        insert into fact_count as kept
        select service, kind, area_code, code, measure, state, first_day, day,
            -sum(sign), -sum(sign * (amount <> 0)::int), -sum(sign * amount)
        from removed, fact_days(start_date, states, reached_times)
        group by service, kind, area_code, code, measure, state, first_day, day
        having sum(sign) <> 0 or sum(sign * amount) <> 0
        on conflict on constraint fact_count_pkey do update set records = kept.records + excluded.records,
            amounts = kept.amounts + excluded.amounts, amount = kept.amount + excluded.amount;
    else
        delete from fact_count;
    end if;
    return null;
end;
$$;

-- Nothing is applied between what is counted here and what the triggers count. Reads
-- go on meanwhile.
lock table fact in share row exclusive mode;

create trigger fact_added after insert on fact
    referencing new table as added for each statement execute function count_facts();
create trigger fact_changed after update on fact
    referencing old table as removed new table as added for each statement execute function count_facts();
create trigger fact_removed after delete on fact
    referencing old table as removed for each statement execute function count_facts();
create trigger fact_emptied after truncate on fact for each statement execute function count_facts();

insert into fact_count
select service, kind, area_code, code, measure, state, first_day, day,
    sum(sign), sum(sign * (amount <> 0)::int), sum(sign * amount)
from fact, fact_days(start_date, states, reached_times)
group by service, kind, area_code, code, measure, state, first_day, day
having sum(sign) <> 0 or sum(sign * amount) <> 0;
