//! `StationService`: stations, their catalogue and functional areas, their providers
//! and their subsidies.

use wangge_api::volunteers::v1::{self as proto, server::station_service_server::StationService};
use wangge_records::{serve, wire, wire_enum};

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

#[derive(Debug, Clone)]
pub(super) struct Stations(pub App);

wire_enum!(PriceKind, StationKind);
wire! {
    Station = proto::Station { name, kind, start_date, end_date }
    change { name }
}
wire! {
    FunctionalArea = proto::FunctionalArea { station_id, name, capacity, start_date, end_date }
    change { name, capacity }
}
wire! {
    CatalogueItem = proto::CatalogueItem {
        station_id, name, price_kind, price_fen, start_date, end_date,
    }
    change { name }
}
wire! {
    ProviderContract = proto::ProviderContract {
        unit_id, station_id, subject, amount_fen, start_date, end_date,
    }
    change { subject }
}
wire! {
    SubsidyEntry = proto::SubsidyEntry { station_id, amount_fen, entry_date, purpose }
    change {}
}

serve! {
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
