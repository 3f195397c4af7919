//! Maps plain records to their tables; one set of statements serves each.

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

kept! { ChatGroup in "chat_group" dated
keeps "start_date"
changes "name, end_date" }
kept! { GroupMessage in "group_message" of "chat_group_id" states(GroupMessageState)
keeps "chat_group_id, text, sent_time, source_message_id"
changes "person_id, reply, ticket_id"
guarded by group_message::guard }
kept! { DutyShift in "duty_shift" states(DutyShiftState)
keeps "kind, start_time, end_time"
changes "person_id"
guarded by duty_shift::guard }
kept! { LivelihoodItem in "livelihood_item" shared dated
keeps "limit_days, start_date"
changes "name, materials, end_date" }
kept! { LivelihoodMatter in "livelihood_matter" states(LivelihoodMatterState)
keeps "livelihood_item_id, applicant_name, resident_id, due_date"
changes "handler_person_id, amount_fen"
guarded by livelihood_matter::guard }
kept! { Meeting in "meeting" states(MeetingState)
keeps "kind"
changes "title, start_time, committee_count, party_member_count, resident_count, stakeholder_count, minutes" }
kept! { Deliberation in "deliberation" states(DeliberationState)
keeps "raiser_ids"
changes "title, topic, meeting_id, inconclusive_meeting_ids, decision, reviewer_id, review"
guarded by deliberation::guard }
kept! { Assignment in "assignment" of "deliberation_id" states(AssignmentState)
keeps "deliberation_id, ticket_id, project_id, assigned_date"
guarded by deliberation::guard_assignments }
kept! { Patrol in "patrol"
keeps "person_id, start_time, end_time, found_count, note"
guarded by patrol::guard }
kept! { FieldVisit in "field_visit"
keeps "kind, person_id, resident_id, visit_time, outcome, ticket_id" }
kept! { FieldNote in "field_note"
keeps "person_id, noted_time, text, ticket_id" }

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wangge_records::Kept;
    use wangge_testkit::fields_of;

    use super::*;

    /// Checks that columns and fields match. A field without a column would be lost; a column
    /// without a field would be written as NULL.
    fn assert_columns_are_fields<R: Kept>() {
        let columns = R::COLUMNS.iter().flat_map(|some| some.split(", "));
        let columns: BTreeSet<String> = columns.map(String::from).collect();
        assert_eq!(columns, fields_of::<R>(), "{}", R::KIND);
    }

    #[test]
    fn what_is_written_is_what_the_record_has() {
        let kinds = [
            assert_columns_are_fields::<ChatGroup>,
            assert_columns_are_fields::<GroupMessage>,
            assert_columns_are_fields::<DutyShift>,
            assert_columns_are_fields::<LivelihoodItem>,
            assert_columns_are_fields::<LivelihoodMatter>,
            assert_columns_are_fields::<Meeting>,
            assert_columns_are_fields::<Deliberation>,
            assert_columns_are_fields::<Assignment>,
            assert_columns_are_fields::<Patrol>,
            assert_columns_are_fields::<FieldVisit>,
            assert_columns_are_fields::<FieldNote>,
        ];
        for assert_it in kinds {
            assert_it();
        }
        let lines = include_str!("records.rs").lines();
        let kept = lines.filter(|line| line.starts_with("kept! {"));
        assert_eq!(kept.count(), kinds.len(), "a kind is not looked at");
    }
}
