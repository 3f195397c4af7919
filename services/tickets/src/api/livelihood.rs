//! Handlers of `LivelihoodService`: livelihood items and matters.

use tonic::Request;
use wangge_api::{
    date,
    refusal::Refusal,
    tickets::v1::{self as proto, server::livelihood_service_server::LivelihoodService},
};
use wangge_auth::Caller;
use wangge_record_api::{list, page::Page, proto_mapping, record_service};
use wangge_record_store::Filter;

use crate::{
    App,
    domain::{livelihood_item::LivelihoodItem, livelihood_matter::LivelihoodMatter},
};

/// Implements `LivelihoodService` for livelihood items and matters.
#[derive(Debug, Clone)]
pub(crate) struct Livelihood(pub App);

proto_mapping! {
    LivelihoodItem = proto::LivelihoodItem { name, limit_days, materials, start_date, end_date }
    change { name, materials }
}
proto_mapping! {
    LivelihoodMatter = proto::LivelihoodMatter { livelihood_item_id, applicant_name, resident_id, handler_person_id, due_date, amount_fen }
    change { handler_person_id } states
}

record_service! {
    LivelihoodService for Livelihood {
        create create_livelihood_item(proto::CreateLivelihoodItemRequest, livelihood_item): LivelihoodItem,
        get get_livelihood_item(proto::GetLivelihoodItemRequest): LivelihoodItem,
        list list_livelihood_items(proto::ListLivelihoodItemsRequest) on on_date
            -> proto::ListLivelihoodItemsResponse, livelihood_items: LivelihoodItem,
        update update_livelihood_item(proto::UpdateLivelihoodItemRequest, livelihood_item): LivelihoodItem,
        end end_livelihood_item(proto::EndLivelihoodItemRequest): LivelihoodItem,

        create create_livelihood_matter(proto::CreateLivelihoodMatterRequest, livelihood_matter): LivelihoodMatter,
        get get_livelihood_matter(proto::GetLivelihoodMatterRequest): LivelihoodMatter,
        list list_livelihood_matters(proto::ListLivelihoodMattersRequest) in state
            -> proto::ListLivelihoodMattersResponse, livelihood_matters: LivelihoodMatter,
        update update_livelihood_matter(proto::UpdateLivelihoodMatterRequest, livelihood_matter): LivelihoodMatter,
        act complete_livelihood_matter_materials(proto::CompleteLivelihoodMatterMaterialsRequest, CompleteMaterials): LivelihoodMatter,
        act review_livelihood_matter(proto::ReviewLivelihoodMatterRequest, Review): LivelihoodMatter,
        act publicise_livelihood_matter(proto::PubliciseLivelihoodMatterRequest, Publicise): LivelihoodMatter,
        act approve_livelihood_matter(proto::ApproveLivelihoodMatterRequest, Approve): LivelihoodMatter,
        act refuse_livelihood_matter(proto::RefuseLivelihoodMatterRequest, Refuse): LivelihoodMatter => because reason,
        act deliver_livelihood_matter(proto::DeliverLivelihoodMatterRequest, Deliver): LivelihoodMatter => sets { amount_fen },
        act withdraw_livelihood_matter(proto::WithdrawLivelihoodMatterRequest, Withdraw): LivelihoodMatter => because reason,

        own list_public_livelihood_matters(proto::ListPublicLivelihoodMattersRequest)
            -> proto::ListPublicLivelihoodMattersResponse,
    }
}

impl Livelihood {
    async fn list_public_livelihood_matters(
        &self,
        request: Request<proto::ListPublicLivelihoodMattersRequest>,
    ) -> Result<proto::ListPublicLivelihoodMattersResponse, Refusal> {
        let (_, scope) = Caller::of(&request)?;
        let request = request.into_inner();
        // Its own name, so that a token of the full list isn't valid here.
        let arguments = format!("public livelihood matters {}", request.within_code);
        let page = Page::read(request.page_size, &request.page_token, arguments)?;
        let scope = scope.within(&request.within_code);
        let (matters, next_page_token) =
            list::list(&self.0, &scope, Filter::default(), page, public).await?;
        Ok(proto::ListPublicLivelihoodMattersResponse {
            livelihood_matters: matters,
            next_page_token,
        })
    }
}

/// Converts a matter to its public message, which has nothing about the applicant.
fn public(matter: LivelihoodMatter) -> proto::PublicLivelihoodMatter {
    // A matter without steps is still in the state that it was created in.
    let last = matter.lifecycle.steps().last();
    let state_time = last.map_or(matter.metadata.created_time, |step| step.step_time);
    proto::PublicLivelihoodMatter {
        id: matter.metadata.id.to_string(),
        livelihood_item_id: matter.livelihood_item_id.to_string(),
        area_code: matter.metadata.area_code,
        handler_person_id: matter.handler_person_id.to_string(),
        due_date: Some(date::to_wire(matter.due_date)),
        state: matter.lifecycle.state().code().into(),
        state_time: Some(date::timestamp(state_time)),
    }
}
