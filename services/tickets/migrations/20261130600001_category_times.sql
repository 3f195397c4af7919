-- When a category or an entry of the duty list was created and when it last changed.
-- Those that are there already were created now, as far as these columns say: the times
-- before weren't stored. The columns take NULL, since the previous release doesn't know
-- them.
alter table category
    add column created_time timestamptz default now(),
    add column changed_time timestamptz default now();
alter table responsibility
    add column created_time timestamptz default now(),
    add column changed_time timestamptz default now();
