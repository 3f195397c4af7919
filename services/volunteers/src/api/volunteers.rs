//! `VolunteerService`: volunteers, their teams and service posts.

use wangge_api::volunteers::v1::{
    self as proto, server::volunteer_service_server::VolunteerService,
};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::{
        post_holder::PostHolder,
        service_post::ServicePost,
        team::{Team, TeamKind},
        team_member::TeamMember,
        volunteer::Volunteer,
    },
};

/// The handler of `VolunteerService`.
#[derive(Debug, Clone)]
pub(crate) struct Volunteers(pub App);

proto_enum!(TeamKind);
proto_mapping! {
    Volunteer = proto::Volunteer { name, person_id, skills, start_date, end_date }
    change { name, skills }
}
proto_mapping! {
    Team = proto::Team { name, kind, start_date, end_date }
    change { name }
}
proto_mapping! {
    TeamMember = proto::TeamMember { team_id, volunteer_id, start_date, end_date }
    change {}
}
proto_mapping! {
    ServicePost = proto::ServicePost { name, planned_count, start_date, end_date }
    change { name, planned_count }
}
proto_mapping! {
    PostHolder = proto::PostHolder { service_post_id, volunteer_id, start_date, end_date }
    change {}
}

record_service! {
    VolunteerService for Volunteers {
        create create_volunteer(proto::CreateVolunteerRequest, volunteer): Volunteer,
        get get_volunteer(proto::GetVolunteerRequest): Volunteer,
        list list_volunteers(proto::ListVolunteersRequest) on on_date
            -> proto::ListVolunteersResponse, volunteers: Volunteer,
        update update_volunteer(proto::UpdateVolunteerRequest, volunteer): Volunteer,
        end end_volunteer(proto::EndVolunteerRequest): Volunteer,

        create create_team(proto::CreateTeamRequest, team): Team,
        get get_team(proto::GetTeamRequest): Team,
        list list_teams(proto::ListTeamsRequest) on on_date
            -> proto::ListTeamsResponse, teams: Team,
        update update_team(proto::UpdateTeamRequest, team): Team,
        end end_team(proto::EndTeamRequest): Team,

        create create_team_member(proto::CreateTeamMemberRequest, team_member): TeamMember,
        get get_team_member(proto::GetTeamMemberRequest): TeamMember,
        list list_team_members(proto::ListTeamMembersRequest) by team_id on on_date
            -> proto::ListTeamMembersResponse, team_members: TeamMember,
        end end_team_member(proto::EndTeamMemberRequest): TeamMember,

        create create_service_post(proto::CreateServicePostRequest, service_post): ServicePost,
        get get_service_post(proto::GetServicePostRequest): ServicePost,
        list list_service_posts(proto::ListServicePostsRequest) on on_date
            -> proto::ListServicePostsResponse, service_posts: ServicePost,
        update update_service_post(proto::UpdateServicePostRequest, service_post): ServicePost,
        end end_service_post(proto::EndServicePostRequest): ServicePost,

        create create_post_holder(proto::CreatePostHolderRequest, post_holder): PostHolder,
        get get_post_holder(proto::GetPostHolderRequest): PostHolder,
        list list_post_holders(proto::ListPostHoldersRequest) by service_post_id on on_date
            -> proto::ListPostHoldersResponse, post_holders: PostHolder,
        end end_post_holder(proto::EndPostHolderRequest): PostHolder,
    }
}
