//! `ResidentService`: residents, their needs and their roles.

use tonic::Request;
use wangge_api::{
    date,
    organization::v1::{self as proto, server::resident_service_server::ResidentService},
    refusal::Refusal,
};
use wangge_auth::Caller;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use super::page::Page;
use crate::{
    App,
    domain::{
        need_tag::{NeedKind, NeedTag, NeedTeam},
        resident::Resident,
        resident_role::{ResidentRole, ResidentRoleKind},
    },
    store::counts::{NeedCount, count_needs},
};

/// Handler of the map of residents' needs.
#[derive(Debug, Clone)]
pub struct Residents(pub App);

proto_enum!(NeedKind, NeedTeam, ResidentRoleKind);
proto_mapping! {
    Resident = proto::Resident { household_id, name, is_party_member, start_date, end_date }
    change { name, is_party_member }
}
proto_mapping! {
    NeedTag = proto::NeedTag { resident_id, kind, team, note, start_date, end_date }
    change { note }
}
proto_mapping! {
    ResidentRole = proto::ResidentRole { resident_id, kind, start_date, end_date }
    change {}
}

record_service! {
    ResidentService for Residents {
        create create_resident(proto::CreateResidentRequest, resident): Resident,
        get get_resident(proto::GetResidentRequest): Resident,
        list list_residents(proto::ListResidentsRequest) by household_id on on_date
            -> proto::ListResidentsResponse, residents: Resident,
        update update_resident(proto::UpdateResidentRequest, resident): Resident,
        end end_resident(proto::EndResidentRequest): Resident,

        create create_need_tag(proto::CreateNeedTagRequest, need_tag): NeedTag,
        get get_need_tag(proto::GetNeedTagRequest): NeedTag,
        list list_need_tags(proto::ListNeedTagsRequest) by resident_id on on_date
            -> proto::ListNeedTagsResponse, need_tags: NeedTag,
        update update_need_tag(proto::UpdateNeedTagRequest, need_tag): NeedTag,
        end end_need_tag(proto::EndNeedTagRequest): NeedTag,

        create create_resident_role(proto::CreateResidentRoleRequest, resident_role): ResidentRole,
        get get_resident_role(proto::GetResidentRoleRequest): ResidentRole,
        list list_resident_roles(proto::ListResidentRolesRequest) by resident_id on on_date
            -> proto::ListResidentRolesResponse, resident_roles: ResidentRole,
        end end_resident_role(proto::EndResidentRoleRequest): ResidentRole,

        own list_need_counts(proto::ListNeedCountsRequest) -> proto::ListNeedCountsResponse,
    }
}

impl Residents {
    async fn list_need_counts(
        &self,
        request: Request<proto::ListNeedCountsRequest>,
    ) -> Result<proto::ListNeedCountsResponse, Refusal> {
        let (_, scope) = Caller::of(&request)?;
        let message = request.into_inner();
        let on = date::optional(message.on_date.as_ref(), "on_date")?
            .unwrap_or_else(|| day_of(self.0.clock.now(), DEFAULT_ZONE));
        let arguments = vec![
            "ListNeedCounts".to_owned(),
            message.within_code.clone(),
            // The day is bound to the token even if it is the default: after midnight the
            // token is rejected, instead of mixing the counts of two days.
            on.to_string(),
        ];
        let page: Page<(String, i16)> =
            Page::read(message.page_size, &message.page_token, arguments)?;
        let scope = scope.within(&message.within_code);
        let pool = &self.0.database.calls;
        let counts = count_needs(pool, &scope, on, page.after.clone(), page.limit()).await?;
        let key = |count: &NeedCount| (count.area_code.clone(), count.kind);
        let (counts, next_page_token) = page.close(counts, page.size, key);
        let need_counts = counts
            .into_iter()
            .map(|count| proto::NeedCount {
                area_code: count.area_code,
                kind: count.kind.into(),
                resident_count: count.residents,
                household_count: count.households,
            })
            .collect();
        Ok(proto::ListNeedCountsResponse {
            need_counts,
            next_page_token,
        })
    }
}
