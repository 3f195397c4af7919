//! Handlers of `DeliberationService`: meetings, deliberations and their assignments.

use wangge_api::tickets::v1::{
    self as proto, server::deliberation_service_server::DeliberationService,
};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::{
        assignment::Assignment,
        deliberation::Deliberation,
        meeting::{Meeting, MeetingKind},
    },
};

/// Implements `DeliberationService` for meetings, deliberations and assignments.
#[derive(Debug, Clone)]
pub(crate) struct Deliberations(pub App);

proto_enum!(MeetingKind);
proto_mapping! {
    Meeting = proto::Meeting { kind, title, start_time, committee_count, party_member_count, resident_count, stakeholder_count, minutes }
    change { title, start_time } states
}
proto_mapping! {
    Deliberation = proto::Deliberation { title, raiser_ids, topic, meeting_id, inconclusive_meeting_ids, decision, reviewer_id, review }
    change { title } states
}
proto_mapping! {
    Assignment = proto::Assignment { deliberation_id, ticket_id, project_id, assigned_date }
    change {  } states
}

record_service! {
    DeliberationService for Deliberations {
        create create_meeting(proto::CreateMeetingRequest, meeting): Meeting,
        get get_meeting(proto::GetMeetingRequest): Meeting,
        list list_meetings(proto::ListMeetingsRequest) in state
            -> proto::ListMeetingsResponse, meetings: Meeting,
        update update_meeting(proto::UpdateMeetingRequest, meeting): Meeting,
        act hold_meeting(proto::HoldMeetingRequest, Hold): Meeting => sets { committee_count, party_member_count, resident_count, stakeholder_count, minutes },
        act cancel_meeting(proto::CancelMeetingRequest, Cancel): Meeting => because reason,

        create create_deliberation(proto::CreateDeliberationRequest, deliberation): Deliberation,
        get get_deliberation(proto::GetDeliberationRequest): Deliberation,
        list list_deliberations(proto::ListDeliberationsRequest) in state
            -> proto::ListDeliberationsResponse, deliberations: Deliberation,
        update update_deliberation(proto::UpdateDeliberationRequest, deliberation): Deliberation,
        act set_deliberation_topic(proto::SetDeliberationTopicRequest, SetTopic): Deliberation => sets { topic },
        act deliberate_topic(proto::DeliberateTopicRequest, Deliberate): Deliberation => sets { meeting_id },
        act resolve_deliberation(proto::ResolveDeliberationRequest, Resolve): Deliberation => sets { decision },
        act disagree_deliberation(proto::DisagreeDeliberationRequest, Disagree): Deliberation => because reason,
        act assign_deliberation(proto::AssignDeliberationRequest, Assign): Deliberation,
        act implement_deliberation(proto::ImplementDeliberationRequest, Implement): Deliberation,
        act review_deliberation(proto::ReviewDeliberationRequest, Review): Deliberation => sets { reviewer_id, review },
        act drop_deliberation(proto::DropDeliberationRequest, Drop): Deliberation => because reason,

        create create_assignment(proto::CreateAssignmentRequest, assignment): Assignment,
        get get_assignment(proto::GetAssignmentRequest): Assignment,
        list list_assignments(proto::ListAssignmentsRequest) by deliberation_id in state
            -> proto::ListAssignmentsResponse, assignments: Assignment,
        act void_assignment(proto::VoidAssignmentRequest, Void): Assignment => because reason,
    }
}
