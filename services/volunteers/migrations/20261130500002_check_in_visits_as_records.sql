-- Check-in visits get the columns that every kind of record with states has. `entry` stays
-- empty where the release before writes: visits are listed by their time.
alter table check_in_visit
    add column id uuid,
    add column entry bigint,
    add column steps jsonb default '[]',
    add column created_time timestamptz,
    add column changed_time timestamptz,
    add column import_digest text;

-- The release before writes `check_in_visit_id`, `voided_time` and `void_reason`, this one
-- `id` and `steps`.
create function complete_check_in_visit() returns trigger language plpgsql as $$
begin
    new.id := coalesce(new.id, new.check_in_visit_id);
    new.check_in_visit_id := new.id;
    new.created_time := coalesce(new.created_time, new.visit_time);
    new.changed_time := coalesce(new.changed_time, new.voided_time, new.visit_time);
    if new.voided_time is not null and new.steps = '[]' then
        new.steps := jsonb_build_array(jsonb_build_object(
            'action', 'void', 'state', 'voided', 'step_time', new.voided_time,
            'actor', '', 'reason', new.void_reason));
        new.changed_time := greatest(new.changed_time, new.voided_time);
    end if;
    if new.voided_time is null and new.steps <> '[]' then
        new.voided_time := (new.steps -> 0 ->> 'step_time')::timestamptz;
        new.void_reason := new.steps -> 0 ->> 'reason';
    end if;
    return new;
end
$$;
create trigger check_in_visit_complete before insert or update on check_in_visit
    for each row execute function complete_check_in_visit();
