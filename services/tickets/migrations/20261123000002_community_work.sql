-- Chat groups and duty, livelihood matters, meetings and deliberations, fieldwork.
-- Plain records: a column bears the name of its record's field, and `entry` is the
-- order in which records were entered, by which they are listed. References between
-- them are deferred, so that a trial load can be rolled back a batch at a time; they
-- are looked up before they are written. One with states has its state and its steps.

-- Rows that name the same record overlap in this.
create type uuid_range as range (subtype = uuid);

create sequence record_entry;

-- A residents' chat group (居民微信群), in which staff on duty answer publicly.
create table chat_group (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    name text not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint chat_group_pkey primary key (id),
    constraint chat_group_entry_key unique (entry),
    constraint chat_group_days check (end_date > start_date)
);
create index chat_group_area_entry on chat_group (area_code, entry);

-- A message in a chat group that asks for something.
create table group_message (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    chat_group_id uuid not null,
    -- Personal data.
    text text not null,
    sent_time timestamptz not null,
    person_id uuid,
    -- Personal data.
    reply text not null,
    ticket_id uuid,
    -- Number of the contract's GroupMessageState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint group_message_pkey primary key (id),
    constraint group_message_entry_key unique (entry),
    constraint group_message_chat_group_id_fkey foreign key (chat_group_id)
        references chat_group (id) deferrable initially deferred,
    constraint group_message_ticket_id_fkey foreign key (ticket_id)
        references ticket (id) deferrable initially deferred,
    constraint group_message_state_known check (state between 1 and 4)
);
create index group_message_area_entry on group_message (area_code, entry);
create index group_message_chat_group_id on group_message (chat_group_id, entry);

-- A person on duty for a community or grid, from a time to a time (轮值).
create table duty_shift (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    -- Number of the contract's DutyKind.
    kind smallint not null,
    person_id uuid not null,
    start_time timestamptz not null,
    end_time timestamptz not null,
    -- Number of the contract's DutyShiftState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint duty_shift_pkey primary key (id),
    constraint duty_shift_entry_key unique (entry),
    constraint duty_shift_kind_known check (kind between 1 and 3),
    constraint duty_shift_state_known check (state between 1 and 2),
    constraint duty_shift_overlap exclude using gist (
        uuid_range(person_id, person_id, '[]') with &&,
        tstzrange(start_time, end_time) with &&
    ) where (state = 1),
    constraint duty_shift_times check (end_time > start_time)
);
create index duty_shift_area_entry on duty_shift (area_code, entry);
create index duty_shift_times_of on duty_shift using gist (tstzrange(start_time, end_time)) where state = 1;

-- Something that residents can apply for, such as an allowance, with its legal
-- limit and the papers that it takes (民生事项).
create table livelihood_item (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    name text not null,
    limit_days integer not null,
    materials text[] not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint livelihood_item_pkey primary key (id),
    constraint livelihood_item_entry_key unique (entry),
    constraint livelihood_item_days check (end_date > start_date)
);
create index livelihood_item_area_entry on livelihood_item (area_code, entry);

-- An application for a livelihood item (民生事项), with a named handler and a
-- deadline.
create table livelihood_matter (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    livelihood_item_id uuid not null,
    -- Personal data.
    applicant_name text not null,
    resident_id uuid,
    handler_person_id uuid not null,
    due_date date not null,
    amount_fen bigint not null,
    -- Number of the contract's LivelihoodMatterState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint livelihood_matter_pkey primary key (id),
    constraint livelihood_matter_entry_key unique (entry),
    constraint livelihood_matter_livelihood_item_id_fkey foreign key (livelihood_item_id)
        references livelihood_item (id) deferrable initially deferred,
    constraint livelihood_matter_state_known check (state between 1 and 8)
);
create index livelihood_matter_area_entry on livelihood_matter (area_code, entry);

-- A meeting of a community, with the attendance of the four parties and minutes
-- (党群议事会、联席会商、有事好商量).
create table meeting (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    -- Number of the contract's MeetingKind.
    kind smallint not null,
    title text not null,
    start_time timestamptz not null,
    committee_count integer not null,
    party_member_count integer not null,
    resident_count integer not null,
    stakeholder_count integer not null,
    -- Personal data.
    minutes text not null,
    -- Number of the contract's MeetingState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint meeting_pkey primary key (id),
    constraint meeting_entry_key unique (entry),
    constraint meeting_kind_known check (kind between 1 and 3),
    constraint meeting_state_known check (state between 1 and 3)
);
create index meeting_area_entry on meeting (area_code, entry);

-- A problem that residents raised, deliberated on by four parties in five steps:
-- collected, topic fixed, deliberated, assigned and carried out, reviewed by
-- those who raised it (四方五步议事).
create table deliberation (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    title text not null,
    raiser_ids uuid[] not null,
    topic text not null,
    meeting_id uuid,
    decision text not null,
    reviewer_id uuid,
    -- Personal data.
    review text not null,
    -- Number of the contract's DeliberationState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint deliberation_pkey primary key (id),
    constraint deliberation_entry_key unique (entry),
    constraint deliberation_meeting_id_fkey foreign key (meeting_id)
        references meeting (id) deferrable initially deferred,
    constraint deliberation_state_known check (state between 1 and 9)
);
create index deliberation_area_entry on deliberation (area_code, entry);

-- A ticket or a project that carries out what a deliberation has decided.
create table assignment (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    deliberation_id uuid not null,
    ticket_id uuid,
    project_id uuid,
    assigned_date date not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint assignment_pkey primary key (id),
    constraint assignment_entry_key unique (entry),
    constraint assignment_deliberation_id_fkey foreign key (deliberation_id)
        references deliberation (id) deferrable initially deferred,
    constraint assignment_ticket_id_fkey foreign key (ticket_id)
        references ticket (id) deferrable initially deferred
);
create index assignment_area_entry on assignment (area_code, entry);
create index assignment_deliberation_id on assignment (deliberation_id, entry);

-- A patrol of a grid by a grid worker or a member of a committee (每日巡).
create table patrol (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    person_id uuid not null,
    start_time timestamptz not null,
    end_time timestamptz not null,
    found_count integer not null,
    -- Personal data.
    note text not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint patrol_pkey primary key (id),
    constraint patrol_entry_key unique (entry),
    constraint patrol_times check (end_time > start_time)
);
create index patrol_area_entry on patrol (area_code, entry);

-- A visit to a resident or an errand run for one, with what came of it
-- (走访联系、代办实事).
create table field_visit (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    -- Number of the contract's FieldVisitKind.
    kind smallint not null,
    person_id uuid not null,
    resident_id uuid,
    visit_time timestamptz not null,
    -- Personal data.
    outcome text not null,
    ticket_id uuid,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint field_visit_pkey primary key (id),
    constraint field_visit_entry_key unique (entry),
    constraint field_visit_kind_known check (kind between 1 and 2),
    constraint field_visit_ticket_id_fkey foreign key (ticket_id)
        references ticket (id) deferrable initially deferred
);
create index field_visit_area_entry on field_visit (area_code, entry);

-- Something that a grid worker noted at once (及时记).
create table field_note (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    person_id uuid not null,
    noted_time timestamptz not null,
    -- Personal data.
    text text not null,
    ticket_id uuid,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint field_note_pkey primary key (id),
    constraint field_note_entry_key unique (entry),
    constraint field_note_ticket_id_fkey foreign key (ticket_id)
        references ticket (id) deferrable initially deferred
);
create index field_note_area_entry on field_note (area_code, entry);

-- Projects of the volunteers service that carry out what was decided, as its feed
-- tells of them.
create table project_copy (
    id uuid not null,
    area_code text not null collate "C",
    state text not null,
    revision bigint not null,
    constraint project_copy_pkey primary key (id)
);
