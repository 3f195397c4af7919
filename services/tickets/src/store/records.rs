//! Plain records in the database: one set of statements for each table.

use wangge_records::kept;

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

kept! { ChatGroup in "chat_group" dated changes "name, end_date" }
kept! { GroupMessage in "group_message" of "chat_group_id" states(GroupMessageState) changes "person_id, reply, ticket_id" guarded by group_message::guard }
kept! { DutyShift in "duty_shift" states(DutyShiftState) changes "person_id" guarded by duty_shift::guard }
kept! { LivelihoodItem in "livelihood_item" shared dated changes "name, materials, end_date" }
kept! { LivelihoodMatter in "livelihood_matter" states(LivelihoodMatterState) changes "handler_person_id, amount_fen" guarded by livelihood_matter::guard }
kept! { Meeting in "meeting" states(MeetingState) changes "title, start_time, committee_count, party_member_count, resident_count, stakeholder_count, minutes" }
kept! { Deliberation in "deliberation" states(DeliberationState) changes "title, topic, meeting_id, inconclusive_meeting_ids, decision, reviewer_id, review" guarded by deliberation::guard }
kept! { Assignment in "assignment" of "deliberation_id" states(AssignmentState) guarded by deliberation::guard_assignments }
kept! { Patrol in "patrol" guarded by patrol::guard }
kept! { FieldVisit in "field_visit" }
kept! { FieldNote in "field_note" }
