-- no-transaction
-- Indexes in whose place others have come.
drop index concurrently if exists chat_group_area_entry;
drop index concurrently if exists group_message_chat_group_id;
drop index concurrently if exists group_message_area_entry;
drop index concurrently if exists duty_shift_area_entry;
drop index concurrently if exists livelihood_matter_area_entry;
drop index concurrently if exists meeting_area_entry;
drop index concurrently if exists deliberation_area_entry;
drop index concurrently if exists assignment_deliberation_id;
drop index concurrently if exists assignment_area_entry;
drop index concurrently if exists patrol_area_entry;
drop index concurrently if exists field_visit_area_entry;
drop index concurrently if exists field_note_area_entry;
