-- What volunteers and stations do: events and shifts, projects and wishes, the
-- daily work of stations, the paths between venues. Plain records, as before;
-- one with states has its state and its steps.

-- An organised service event (集中志愿服务).
create table service_event (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    title text not null,
    -- Number of the contract's ServiceKind.
    kind smallint not null,
    team_id uuid,
    station_id uuid,
    start_time timestamptz not null,
    end_time timestamptz not null,
    -- Number of the contract's ServiceEventState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint service_event_pkey primary key (id),
    constraint service_event_entry_key unique (entry),
    constraint service_event_kind_known check (kind between 1 and 9),
    constraint service_event_team_id_fkey foreign key (team_id)
        references team (id) deferrable initially deferred,
    constraint service_event_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint service_event_state_known check (state between 1 and 3),
    constraint service_event_times check (end_time > start_time)
);
create index service_event_area_entry on service_event (area_code, entry);

-- A shift of one volunteer at an event, at a post or at a station: offered,
-- filled, served, its hours confirmed and certified.
create table shift (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    service_event_id uuid,
    service_post_id uuid,
    station_id uuid,
    start_time timestamptz not null,
    end_time timestamptz not null,
    volunteer_id uuid,
    signed_in_time timestamptz,
    signed_out_time timestamptz,
    worked_minutes integer not null,
    -- Number of the contract's ShiftState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint shift_pkey primary key (id),
    constraint shift_entry_key unique (entry),
    constraint shift_service_event_id_fkey foreign key (service_event_id)
        references service_event (id) deferrable initially deferred,
    constraint shift_service_post_id_fkey foreign key (service_post_id)
        references service_post (id) deferrable initially deferred,
    constraint shift_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint shift_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint shift_state_known check (state between 1 and 7),
    constraint shift_overlap exclude using gist (
        uuid_range(volunteer_id, volunteer_id, '[]') with &&,
        tstzrange(start_time, end_time) with &&
    ) where (volunteer_id is not null and state <> 7),
    constraint shift_times check (end_time > start_time)
);
create index shift_area_entry on shift (area_code, entry);
create index shift_parent_id on shift ((coalesce(service_event_id, service_post_id, station_id)), entry);
create index shift_volunteer_id on shift (volunteer_id) where volunteer_id is not null;

-- What one volunteer was trained in on one day (培训).
create table training (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    volunteer_id uuid not null,
    subject text not null,
    training_date date not null,
    minutes integer not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint training_pkey primary key (id),
    constraint training_entry_key unique (entry),
    constraint training_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint training_minutes check (minutes between 1 and 1440)
);
create index training_area_entry on training (area_code, entry);
create index training_volunteer_id on training (volunteer_id, entry);

-- Something that residents or a unit need, and that resources or volunteers may
-- meet (需求).
create table need (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    title text not null,
    -- Number of the contract's ServiceKind.
    kind smallint not null,
    unit_id uuid,
    resident_id uuid,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint need_pkey primary key (id),
    constraint need_entry_key unique (entry),
    constraint need_kind_known check (kind between 1 and 9),
    constraint need_days check (end_date > start_date)
);
create index need_area_entry on need (area_code, entry);

-- Something that a unit or a volunteer can give: a room, a skill, goods, hands
-- (资源).
create table resource (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    title text not null,
    -- Number of the contract's ServiceKind.
    kind smallint not null,
    unit_id uuid,
    volunteer_id uuid,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint resource_pkey primary key (id),
    constraint resource_entry_key unique (entry),
    constraint resource_kind_known check (kind between 1 and 9),
    constraint resource_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint resource_days check (end_date > start_date)
);
create index resource_area_entry on resource (area_code, entry);

-- A need and what may meet it, brought together for a reason that is kept (匹配).
create table need_match (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    need_id uuid not null,
    resource_id uuid not null,
    volunteer_id uuid,
    reason text not null,
    match_date date not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint need_match_pkey primary key (id),
    constraint need_match_entry_key unique (entry),
    constraint need_match_need_id_fkey foreign key (need_id)
        references need (id) deferrable initially deferred,
    constraint need_match_resource_id_fkey foreign key (resource_id)
        references resource (id) deferrable initially deferred,
    constraint need_match_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred
);
create index need_match_area_entry on need_match (area_code, entry);
create index need_match_need_id on need_match (need_id, entry);

-- A service project: a need that was matched with what meets it, carried out and
-- evaluated (服务项目).
create table project (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    title text not null,
    need_id uuid not null,
    place_count integer not null,
    need_match_id uuid,
    score integer not null,
    evaluation text not null,
    -- Number of the contract's ProjectState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint project_pkey primary key (id),
    constraint project_entry_key unique (entry),
    constraint project_need_id_fkey foreign key (need_id)
        references need (id) deferrable initially deferred,
    constraint project_need_match_id_fkey foreign key (need_match_id)
        references need_match (id) deferrable initially deferred,
    constraint project_state_known check (state between 1 and 6),
    constraint project_places check (place_count >= 1)
);
create index project_area_entry on project (area_code, entry);

-- A unit's or volunteer's part in a project (认领).
create table project_claim (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    project_id uuid not null,
    unit_id uuid,
    volunteer_id uuid,
    -- Number of the contract's ProjectClaimState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint project_claim_pkey primary key (id),
    constraint project_claim_entry_key unique (entry),
    constraint project_claim_project_id_fkey foreign key (project_id)
        references project (id) deferrable initially deferred,
    constraint project_claim_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint project_claim_state_known check (state between 1 and 2)
);
create index project_claim_area_entry on project_claim (area_code, entry);
create index project_claim_project_id on project_claim (project_id, entry);
create unique index project_claim_claimant on project_claim (project_id, coalesce(unit_id, volunteer_id)) where state = 1;

-- A resident who benefits from a project (受益人): once a project, however often.
create table beneficiary (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    project_id uuid not null,
    resident_id uuid not null,
    benefit_date date not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint beneficiary_pkey primary key (id),
    constraint beneficiary_entry_key unique (entry),
    constraint beneficiary_project_id_fkey foreign key (project_id)
        references project (id) deferrable initially deferred,
    constraint beneficiary_once unique (project_id, resident_id)
);
create index beneficiary_area_entry on beneficiary (area_code, entry);
create index beneficiary_project_id on beneficiary (project_id, entry);

-- A small wish (微心愿), which a unit or a volunteer claims and makes true.
create table wish (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    -- Personal data.
    title text not null,
    resident_id uuid,
    unit_id uuid,
    volunteer_id uuid,
    claim_until_time timestamptz,
    -- Number of the contract's WishState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint wish_pkey primary key (id),
    constraint wish_entry_key unique (entry),
    constraint wish_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint wish_state_known check (state between 1 and 7)
);
create index wish_area_entry on wish (area_code, entry);
create index wish_claim_until on wish (claim_until_time) where state = 3;

-- A session that a station holds every week, such as the doctor on Tuesday
-- mornings.
create table recurring_session (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    name text not null,
    catalogue_item_id uuid,
    -- Number of the contract's Weekday.
    weekday smallint not null,
    start_minute integer not null,
    end_minute integer not null,
    capacity integer not null,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint recurring_session_pkey primary key (id),
    constraint recurring_session_entry_key unique (entry),
    constraint recurring_session_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint recurring_session_catalogue_item_id_fkey foreign key (catalogue_item_id)
        references catalogue_item (id) deferrable initially deferred,
    constraint recurring_session_weekday_known check (weekday between 1 and 7),
    constraint recurring_session_minutes check (start_minute >= 0 and end_minute > start_minute and end_minute <= 1440),
    constraint recurring_session_capacity check (capacity >= 1),
    constraint recurring_session_days check (end_date > start_date)
);
create index recurring_session_area_entry on recurring_session (area_code, entry);
create index recurring_session_station_id on recurring_session (station_id, entry);

-- A day on which the stations of an area are closed, such as a holiday; or one
-- station.
create table closed_day (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    closed_date date not null,
    name text not null,
    station_id uuid,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint closed_day_pkey primary key (id),
    constraint closed_day_entry_key unique (entry),
    constraint closed_day_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred
);
create index closed_day_area_entry on closed_day (area_code, entry);

-- A place in one session on one day, booked for a resident (预约).
create table booking (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    recurring_session_id uuid not null,
    session_date date not null,
    resident_id uuid not null,
    -- Number of the contract's BookingState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint booking_pkey primary key (id),
    constraint booking_entry_key unique (entry),
    constraint booking_recurring_session_id_fkey foreign key (recurring_session_id)
        references recurring_session (id) deferrable initially deferred,
    constraint booking_state_known check (state between 1 and 4)
);
create index booking_area_entry on booking (area_code, entry);
create index booking_recurring_session_id on booking (recurring_session_id, entry);
create unique index booking_resident on booking (recurring_session_id, session_date, resident_id) where state <> 4;

-- Goods brought to a resident who can't get about (送货上门).
create table delivery (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    resident_id uuid not null,
    -- Personal data.
    goods text not null,
    volunteer_id uuid,
    -- Number of the contract's DeliveryState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint delivery_pkey primary key (id),
    constraint delivery_entry_key unique (entry),
    constraint delivery_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint delivery_volunteer_id_fkey foreign key (volunteer_id)
        references volunteer (id) deferrable initially deferred,
    constraint delivery_state_known check (state between 1 and 3)
);
create index delivery_area_entry on delivery (area_code, entry);
create index delivery_station_id on delivery (station_id, entry);

-- One person served once, at a station or at an event: one person-time (人次).
create table service_record (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid,
    service_event_id uuid,
    catalogue_item_id uuid,
    resident_id uuid,
    served_time timestamptz not null,
    -- Number of the contract's ServiceRecordState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint service_record_pkey primary key (id),
    constraint service_record_entry_key unique (entry),
    constraint service_record_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint service_record_service_event_id_fkey foreign key (service_event_id)
        references service_event (id) deferrable initially deferred,
    constraint service_record_catalogue_item_id_fkey foreign key (catalogue_item_id)
        references catalogue_item (id) deferrable initially deferred,
    constraint service_record_state_known check (state between 1 and 2)
);
create index service_record_area_entry on service_record (area_code, entry);
create index service_record_parent_id on service_record ((coalesce(station_id, service_event_id)), entry);

-- Someone who came to a station for water, rest, charging or the first-aid box.
create table station_visit (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    -- Number of the contract's StationVisitKind.
    kind smallint not null,
    -- Number of the contract's StationVisitor.
    visitor smallint not null,
    visit_time timestamptz not null,
    service_record_id uuid,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint station_visit_pkey primary key (id),
    constraint station_visit_entry_key unique (entry),
    constraint station_visit_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint station_visit_kind_known check (kind between 1 and 6),
    constraint station_visit_visitor_known check (visitor between 1 and 4),
    constraint station_visit_service_record_id_fkey foreign key (service_record_id)
        references service_record (id) deferrable initially deferred
);
create index station_visit_area_entry on station_visit (area_code, entry);
create index station_visit_station_id on station_visit (station_id, entry);

-- An application that a station handles on a resident's behalf (代办), with the
-- papers that it holds and the resident's authorisation.
create table agency_case (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    resident_id uuid not null,
    -- Personal data.
    matter text not null,
    handler_person_id uuid not null,
    is_authorised boolean not null,
    livelihood_matter_id uuid,
    -- Personal data.
    papers text[] not null,
    -- Personal data.
    result text not null,
    papers_returned_time timestamptz,
    -- Number of the contract's AgencyCaseState.
    state smallint not null,
    -- Every step so far, in order.
    steps jsonb not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint agency_case_pkey primary key (id),
    constraint agency_case_entry_key unique (entry),
    constraint agency_case_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint agency_case_state_known check (state between 1 and 6)
);
create index agency_case_area_entry on agency_case (area_code, entry);
create index agency_case_station_id on agency_case (station_id, entry);

-- A person on duty in a station on one day (值班).
create table station_duty (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    station_id uuid not null,
    person_id uuid not null,
    duty_date date not null,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint station_duty_pkey primary key (id),
    constraint station_duty_entry_key unique (entry),
    constraint station_duty_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint station_duty_once unique (person_id, duty_date)
);
create index station_duty_area_entry on station_duty (area_code, entry);
create index station_duty_station_id on station_duty (station_id, entry);

-- A path through an estate that strings venues together (初心小路).
create table venue_route (
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
    constraint venue_route_pkey primary key (id),
    constraint venue_route_entry_key unique (entry),
    constraint venue_route_days check (end_date > start_date)
);
create index venue_route_area_entry on venue_route (area_code, entry);

-- A venue at which a path passes, at its place in the order.
create table route_venue (
    id uuid not null,
    entry bigint not null,
    area_code text not null collate "C",
    venue_route_id uuid not null,
    position integer not null,
    name text not null,
    station_id uuid,
    start_date date not null,
    end_date date,
    created_time timestamptz not null,
    changed_time timestamptz not null,
    imported boolean not null,
    import_digest text,
    revision bigint not null,
    constraint route_venue_pkey primary key (id),
    constraint route_venue_entry_key unique (entry),
    constraint route_venue_venue_route_id_fkey foreign key (venue_route_id)
        references venue_route (id) deferrable initially deferred,
    constraint route_venue_station_id_fkey foreign key (station_id)
        references station (id) deferrable initially deferred,
    constraint route_venue_position exclude using gist (
        uuid_range(venue_route_id, venue_route_id, '[]') with &&,
        int4range(position, position, '[]') with &&,
        daterange(start_date, end_date) with &&
    ),
    constraint route_venue_place check (position >= 1),
    constraint route_venue_days check (end_date > start_date)
);
create index route_venue_area_entry on route_venue (area_code, entry);
create index route_venue_venue_route_id on route_venue (venue_route_id, entry);
