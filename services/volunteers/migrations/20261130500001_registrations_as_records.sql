-- Registrations get the columns that every kind of record has. `entry` stays empty where
-- the release before writes: registrations are listed by their first day.
alter table registration
    add column id uuid,
    add column entry bigint,
    add column created_time timestamptz,
    add column changed_time timestamptz,
    add column imported boolean default false,
    add column import_digest text;

-- The release before writes `registration_id` and none of the new columns, this one writes
-- `id`. Times that it leaves out are those of the first day.
create function complete_registration() returns trigger language plpgsql as $$
begin
    new.id := coalesce(new.id, new.registration_id);
    new.registration_id := new.id;
    new.created_time := coalesce(new.created_time,
        least(now(), new.start_date::timestamp at time zone 'Asia/Shanghai'));
    new.changed_time := coalesce(new.changed_time, new.created_time);
    return new;
end
$$;
create trigger registration_complete before insert or update on registration
    for each row execute function complete_registration();
