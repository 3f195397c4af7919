//! Declares the tables of the plain records, each with its columns and its guard.

use wangge_record_store::table;

use crate::{
    domain::{
        assignment::{Assignment, AssignmentState},
        chat_group::ChatGroup,
        deliberation::{Deliberation, DeliberationState},
        duty_shift::{DutyShift, DutyShiftState},
        field_note::FieldNote,
        field_visit::FieldVisit,
        group_message::{GroupMessage, GroupMessageState},
        livelihood_item::LivelihoodItem,
        livelihood_matter::{LivelihoodMatter, LivelihoodMatterState},
        meeting::{Meeting, MeetingState},
        patrol::Patrol,
    },
    store::{deliberation, duty_shift, group_message, livelihood_matter, patrol},
};

table! { ChatGroup in "chat_group" dated
keeps "start_date"
changes "name, end_date" }
table! { GroupMessage in "group_message" of "chat_group_id" states(GroupMessageState)
keeps "chat_group_id, text, sent_time, source_message_id"
changes "person_id, reply, ticket_id"
guarded by group_message::guard }
table! { DutyShift in "duty_shift" states(DutyShiftState)
keeps "kind, start_time, end_time"
changes "person_id"
guarded by duty_shift::guard }
table! { LivelihoodItem in "livelihood_item" shared dated
keeps "limit_days, start_date"
changes "name, materials, end_date" }
table! { LivelihoodMatter in "livelihood_matter" states(LivelihoodMatterState)
keeps "livelihood_item_id, applicant_name, resident_id, due_date"
changes "handler_person_id, amount_fen"
guarded by livelihood_matter::guard }
table! { Meeting in "meeting" states(MeetingState)
keeps "kind"
changes "title, start_time, committee_count, party_member_count, resident_count, stakeholder_count, minutes" }
table! { Deliberation in "deliberation" states(DeliberationState)
keeps "raiser_ids"
changes "title, topic, meeting_id, inconclusive_meeting_ids, decision, reviewer_id, review"
guarded by deliberation::guard }
table! { Assignment in "assignment" of "deliberation_id" states(AssignmentState)
keeps "deliberation_id, ticket_id, project_id, assigned_date"
guarded by deliberation::guard_assignments }
table! { Patrol in "patrol"
keeps "person_id, start_time, end_time, found_count, note"
guarded by patrol::guard }
table! { FieldVisit in "field_visit"
keeps "kind, person_id, resident_id, visit_time, outcome, ticket_id" }
table! { FieldNote in "field_note"
keeps "person_id, noted_time, text, ticket_id" }
