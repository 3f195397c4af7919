//! `StationService`: stations, their functional areas and catalogue, provider contracts
//! and subsidies.

use wangge_api::volunteers::v1::{self as proto, server::station_service_server::StationService};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::{
        catalogue_item::{CatalogueItem, PriceKind},
        functional_area::FunctionalArea,
        provider_contract::ProviderContract,
        station::{Station, StationKind},
        subsidy_entry::SubsidyEntry,
    },
};

/// The handler of `StationService`.
#[derive(Debug, Clone)]
pub(crate) struct Stations(pub App);

proto_enum!(PriceKind, StationKind);
proto_mapping! {
    Station = proto::Station { name, kind, start_date, end_date }
    change { name }
}
proto_mapping! {
    FunctionalArea = proto::FunctionalArea { station_id, name, capacity, start_date, end_date }
    change { name, capacity }
}
proto_mapping! {
    CatalogueItem = proto::CatalogueItem {
        station_id, name, price_kind, price_fen, start_date, end_date,
    }
    change { name }
}
proto_mapping! {
    ProviderContract = proto::ProviderContract {
        unit_id, station_id, subject, amount_fen, start_date, end_date,
    }
    change { subject }
}
proto_mapping! {
    SubsidyEntry = proto::SubsidyEntry { station_id, amount_fen, entry_date, purpose }
    change {}
}

record_service! {
    StationService for Stations {
        create create_station(proto::CreateStationRequest, station): Station,
        get get_station(proto::GetStationRequest): Station,
        list list_stations(proto::ListStationsRequest) on on_date
            -> proto::ListStationsResponse, stations: Station,
        update update_station(proto::UpdateStationRequest, station): Station,
        end end_station(proto::EndStationRequest): Station,

        create create_functional_area(proto::CreateFunctionalAreaRequest, functional_area): FunctionalArea,
        get get_functional_area(proto::GetFunctionalAreaRequest): FunctionalArea,
        list list_functional_areas(proto::ListFunctionalAreasRequest) by station_id on on_date
            -> proto::ListFunctionalAreasResponse, functional_areas: FunctionalArea,
        update update_functional_area(proto::UpdateFunctionalAreaRequest, functional_area): FunctionalArea,
        end end_functional_area(proto::EndFunctionalAreaRequest): FunctionalArea,

        create create_catalogue_item(proto::CreateCatalogueItemRequest, catalogue_item): CatalogueItem,
        get get_catalogue_item(proto::GetCatalogueItemRequest): CatalogueItem,
        list list_catalogue_items(proto::ListCatalogueItemsRequest) by station_id on on_date
            -> proto::ListCatalogueItemsResponse, catalogue_items: CatalogueItem,
        update update_catalogue_item(proto::UpdateCatalogueItemRequest, catalogue_item): CatalogueItem,
        end end_catalogue_item(proto::EndCatalogueItemRequest): CatalogueItem,

        create create_provider_contract(proto::CreateProviderContractRequest, provider_contract): ProviderContract,
        get get_provider_contract(proto::GetProviderContractRequest): ProviderContract,
        list list_provider_contracts(proto::ListProviderContractsRequest) on on_date
            -> proto::ListProviderContractsResponse, provider_contracts: ProviderContract,
        update update_provider_contract(proto::UpdateProviderContractRequest, provider_contract): ProviderContract,
        end end_provider_contract(proto::EndProviderContractRequest): ProviderContract,

        create create_subsidy_entry(proto::CreateSubsidyEntryRequest, subsidy_entry): SubsidyEntry,
        get get_subsidy_entry(proto::GetSubsidyEntryRequest): SubsidyEntry,
        list list_subsidy_entries(proto::ListSubsidyEntriesRequest) by station_id
            -> proto::ListSubsidyEntriesResponse, subsidy_entries: SubsidyEntry,
    }
}
