//! `ProjectService`: needs, resources and their matches, projects and wishes.

use wangge_api::volunteers::v1::{self as proto, server::project_service_server::ProjectService};
use wangge_record_api::{proto_mapping, record_service};

use crate::{
    App,
    domain::{
        beneficiary::Beneficiary, need::Need, need_match::NeedMatch, project::Project,
        project_claim::ProjectClaim, resource::Resource, wish::Wish,
    },
};

/// The handler of `ProjectService`.
#[derive(Debug, Clone)]
pub(crate) struct Projects(pub App);

proto_mapping! {
    Need = proto::Need { title, kind, unit_id, resident_id, start_date, end_date }
    change { title }
}
proto_mapping! {
    Resource = proto::Resource { title, kind, unit_id, volunteer_id, start_date, end_date }
    change { title }
}
proto_mapping! {
    NeedMatch = proto::NeedMatch { need_id, resource_id, volunteer_id, reason, match_date }
    change {  }
}
proto_mapping! {
    Project = proto::Project { title, need_id, place_count, need_match_id, score, evaluation }
    change { title } states
}
proto_mapping! {
    ProjectClaim = proto::ProjectClaim { project_id, unit_id, volunteer_id }
    change {  } states
}
proto_mapping! {
    Beneficiary = proto::Beneficiary { project_id, resident_id, benefit_date }
    change {  }
}
proto_mapping! {
    Wish = proto::Wish { title, resident_id, unit_id, volunteer_id, claim_until_time }
    change { title } states
}

record_service! {
    ProjectService for Projects {
        create create_need(proto::CreateNeedRequest, need): Need,
        get get_need(proto::GetNeedRequest): Need,
        list list_needs(proto::ListNeedsRequest) on on_date
            -> proto::ListNeedsResponse, needs: Need,
        update update_need(proto::UpdateNeedRequest, need): Need,
        end end_need(proto::EndNeedRequest): Need,

        create create_resource(proto::CreateResourceRequest, resource): Resource,
        get get_resource(proto::GetResourceRequest): Resource,
        list list_resources(proto::ListResourcesRequest) on on_date
            -> proto::ListResourcesResponse, resources: Resource,
        update update_resource(proto::UpdateResourceRequest, resource): Resource,
        end end_resource(proto::EndResourceRequest): Resource,

        create create_need_match(proto::CreateNeedMatchRequest, need_match): NeedMatch,
        get get_need_match(proto::GetNeedMatchRequest): NeedMatch,
        list list_need_matches(proto::ListNeedMatchesRequest) by need_id
            -> proto::ListNeedMatchesResponse, need_matches: NeedMatch,

        create create_project(proto::CreateProjectRequest, project): Project,
        get get_project(proto::GetProjectRequest): Project,
        list list_projects(proto::ListProjectsRequest) in state
            -> proto::ListProjectsResponse, projects: Project,
        update update_project(proto::UpdateProjectRequest, project): Project,
        act match_project(proto::MatchProjectRequest, Match): Project => sets { need_match_id },
        act start_project(proto::StartProjectRequest, Start): Project,
        act finish_project(proto::FinishProjectRequest, Finish): Project,
        act evaluate_project(proto::EvaluateProjectRequest, Evaluate): Project => sets { score, evaluation },
        act cancel_project(proto::CancelProjectRequest, Cancel): Project => because reason,

        create create_project_claim(proto::CreateProjectClaimRequest, project_claim): ProjectClaim,
        get get_project_claim(proto::GetProjectClaimRequest): ProjectClaim,
        list list_project_claims(proto::ListProjectClaimsRequest) by project_id in state
            -> proto::ListProjectClaimsResponse, project_claims: ProjectClaim,
        act withdraw_project_claim(proto::WithdrawProjectClaimRequest, Withdraw): ProjectClaim => because reason,

        create create_beneficiary(proto::CreateBeneficiaryRequest, beneficiary): Beneficiary,
        get get_beneficiary(proto::GetBeneficiaryRequest): Beneficiary,
        list list_beneficiaries(proto::ListBeneficiariesRequest) by project_id
            -> proto::ListBeneficiariesResponse, beneficiaries: Beneficiary,

        create create_wish(proto::CreateWishRequest, wish): Wish,
        get get_wish(proto::GetWishRequest): Wish,
        list list_wishes(proto::ListWishesRequest) in state
            -> proto::ListWishesResponse, wishes: Wish,
        update update_wish(proto::UpdateWishRequest, wish): Wish,
        act review_wish(proto::ReviewWishRequest, Review): Wish,
        act decline_wish(proto::DeclineWishRequest, Decline): Wish => because reason,
        act claim_wish(proto::ClaimWishRequest, Claim): Wish => sets { unit_id, volunteer_id },
        act release_wish(proto::ReleaseWishRequest, Release): Wish => because reason,
        act realise_wish(proto::RealiseWishRequest, Realise): Wish,
        act contest_wish(proto::ContestWishRequest, Contest): Wish => because reason,
        act confirm_wish(proto::ConfirmWishRequest, Confirm): Wish,
        act withdraw_wish(proto::WithdrawWishRequest, Withdraw): Wish => because reason,
    }
}
