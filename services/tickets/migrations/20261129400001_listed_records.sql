-- no-transaction
-- What lists of records read: in the order of entry, by the prefixes of areas' codes,
-- by state, by the record to which they belong, and by the days on which they hold.
create index concurrently if not exists chat_group_listed_15 on chat_group (left(area_code, 15), entry);
create index concurrently if not exists chat_group_listed_12 on chat_group (left(area_code, 12), entry);
create index concurrently if not exists chat_group_listed_9 on chat_group (left(area_code, 9), entry);
create index concurrently if not exists chat_group_listed_6 on chat_group (left(area_code, 6), entry);
create index concurrently if not exists chat_group_holds on chat_group using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists group_message_listed_15 on group_message (left(area_code, 15), state, entry);
create index concurrently if not exists group_message_listed_12 on group_message (left(area_code, 12), state, entry);
create index concurrently if not exists group_message_listed_9 on group_message (left(area_code, 9), state, entry);
create index concurrently if not exists group_message_listed_6 on group_message (left(area_code, 6), state, entry);
create index concurrently if not exists group_message_listed on group_message (state, entry);
create index concurrently if not exists group_message_listed_of on group_message (chat_group_id, state, entry);
create index concurrently if not exists duty_shift_listed_15 on duty_shift (left(area_code, 15), state, entry);
create index concurrently if not exists duty_shift_listed_12 on duty_shift (left(area_code, 12), state, entry);
create index concurrently if not exists duty_shift_listed_9 on duty_shift (left(area_code, 9), state, entry);
create index concurrently if not exists duty_shift_listed_6 on duty_shift (left(area_code, 6), state, entry);
create index concurrently if not exists duty_shift_listed on duty_shift (state, entry);
create index concurrently if not exists livelihood_item_listed_15 on livelihood_item (left(area_code, 15), entry);
create index concurrently if not exists livelihood_item_listed_12 on livelihood_item (left(area_code, 12), entry);
create index concurrently if not exists livelihood_item_listed_9 on livelihood_item (left(area_code, 9), entry);
create index concurrently if not exists livelihood_item_listed_6 on livelihood_item (left(area_code, 6), entry);
create index concurrently if not exists livelihood_item_holds on livelihood_item using gist (
    code_range(area_code, area_code, '[]'), daterange(start_date, end_date));
create index concurrently if not exists livelihood_matter_listed_15 on livelihood_matter (left(area_code, 15), state, entry);
create index concurrently if not exists livelihood_matter_listed_12 on livelihood_matter (left(area_code, 12), state, entry);
create index concurrently if not exists livelihood_matter_listed_9 on livelihood_matter (left(area_code, 9), state, entry);
create index concurrently if not exists livelihood_matter_listed_6 on livelihood_matter (left(area_code, 6), state, entry);
create index concurrently if not exists livelihood_matter_listed on livelihood_matter (state, entry);
create index concurrently if not exists meeting_listed_15 on meeting (left(area_code, 15), state, entry);
create index concurrently if not exists meeting_listed_12 on meeting (left(area_code, 12), state, entry);
create index concurrently if not exists meeting_listed_9 on meeting (left(area_code, 9), state, entry);
create index concurrently if not exists meeting_listed_6 on meeting (left(area_code, 6), state, entry);
create index concurrently if not exists meeting_listed on meeting (state, entry);
create index concurrently if not exists deliberation_listed_15 on deliberation (left(area_code, 15), state, entry);
create index concurrently if not exists deliberation_listed_12 on deliberation (left(area_code, 12), state, entry);
create index concurrently if not exists deliberation_listed_9 on deliberation (left(area_code, 9), state, entry);
create index concurrently if not exists deliberation_listed_6 on deliberation (left(area_code, 6), state, entry);
create index concurrently if not exists deliberation_listed on deliberation (state, entry);
create index concurrently if not exists assignment_listed_15 on assignment (left(area_code, 15), state, entry);
create index concurrently if not exists assignment_listed_12 on assignment (left(area_code, 12), state, entry);
create index concurrently if not exists assignment_listed_9 on assignment (left(area_code, 9), state, entry);
create index concurrently if not exists assignment_listed_6 on assignment (left(area_code, 6), state, entry);
create index concurrently if not exists assignment_listed on assignment (state, entry);
create index concurrently if not exists assignment_listed_of on assignment (deliberation_id, state, entry);
create index concurrently if not exists patrol_listed_15 on patrol (left(area_code, 15), entry);
create index concurrently if not exists patrol_listed_12 on patrol (left(area_code, 12), entry);
create index concurrently if not exists patrol_listed_9 on patrol (left(area_code, 9), entry);
create index concurrently if not exists patrol_listed_6 on patrol (left(area_code, 6), entry);
create index concurrently if not exists field_visit_listed_15 on field_visit (left(area_code, 15), entry);
create index concurrently if not exists field_visit_listed_12 on field_visit (left(area_code, 12), entry);
create index concurrently if not exists field_visit_listed_9 on field_visit (left(area_code, 9), entry);
create index concurrently if not exists field_visit_listed_6 on field_visit (left(area_code, 6), entry);
create index concurrently if not exists field_note_listed_15 on field_note (left(area_code, 15), entry);
create index concurrently if not exists field_note_listed_12 on field_note (left(area_code, 12), entry);
create index concurrently if not exists field_note_listed_9 on field_note (left(area_code, 9), entry);
create index concurrently if not exists field_note_listed_6 on field_note (left(area_code, 6), entry);
create index concurrently if not exists responsibility_listed_15 on responsibility (
    left(area_code, 15), category_code, area_code, id);
create index concurrently if not exists responsibility_listed_12 on responsibility (
    left(area_code, 12), category_code, area_code, id);
create index concurrently if not exists responsibility_listed_9 on responsibility (
    left(area_code, 9), category_code, area_code, id);
create index concurrently if not exists responsibility_listed_6 on responsibility (
    left(area_code, 6), category_code, area_code, id);
create index concurrently if not exists responsibility_listed on responsibility (category_code, area_code, id);
create index concurrently if not exists responsibility_listed_around on responsibility (
    area_code, category_code, id);
create index concurrently if not exists ticket_holding_listed_15 on ticket_holding (
    unit_id, left(area_code, 15), routed, state, reported_time desc, ticket_id desc) include (area_code);
create index concurrently if not exists ticket_holding_listed_9 on ticket_holding (
    unit_id, left(area_code, 9), routed, state, reported_time desc, ticket_id desc) include (area_code);
create index concurrently if not exists ticket_holding_listed_6 on ticket_holding (
    unit_id, left(area_code, 6), routed, state, reported_time desc, ticket_id desc) include (area_code);
