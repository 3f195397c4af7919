//! `EstateService`: estates, buildings and households.

use wangge_api::organization::v1::{self as proto, server::estate_service_server::EstateService};
use wangge_record_api::{proto_mapping, record_service};

use crate::{
    App,
    domain::{building::Building, estate::Estate, household::Household},
};

/// Handler of estates, buildings and households.
#[derive(Debug, Clone)]
pub struct Estates(pub App);

proto_mapping! {
    Estate = proto::Estate { name, property_company_id, start_date, end_date }
    change { name, property_company_id }
}
proto_mapping! {
    Building = proto::Building { estate_id, name, start_date, end_date }
    change { name }
}
proto_mapping! {
    Household = proto::Household { building_id, room, start_date, end_date }
    change { room }
}

record_service! {
    EstateService for Estates {
        create create_estate(proto::CreateEstateRequest, estate): Estate,
        get get_estate(proto::GetEstateRequest): Estate,
        list list_estates(proto::ListEstatesRequest) on on_date
            -> proto::ListEstatesResponse, estates: Estate,
        update update_estate(proto::UpdateEstateRequest, estate): Estate,
        end end_estate(proto::EndEstateRequest): Estate,

        create create_building(proto::CreateBuildingRequest, building): Building,
        get get_building(proto::GetBuildingRequest): Building,
        list list_buildings(proto::ListBuildingsRequest) by estate_id on on_date
            -> proto::ListBuildingsResponse, buildings: Building,
        update update_building(proto::UpdateBuildingRequest, building): Building,
        end end_building(proto::EndBuildingRequest): Building,

        create create_household(proto::CreateHouseholdRequest, household): Household,
        get get_household(proto::GetHouseholdRequest): Household,
        list list_households(proto::ListHouseholdsRequest) by building_id on on_date
            -> proto::ListHouseholdsResponse, households: Household,
        update update_household(proto::UpdateHouseholdRequest, household): Household,
        end end_household(proto::EndHouseholdRequest): Household,
    }
}
