//! `UnitService`: the tree of organization units.

use wangge_api::organization::v1::{self as proto, server::unit_service_server::UnitService};
use wangge_record_api::{proto_enum, proto_mapping, record_service};

use crate::{
    App,
    domain::unit::{Unit, UnitKind},
};

/// Handler of units.
#[derive(Debug, Clone)]
pub struct Units(pub App);

proto_enum!(UnitKind);
proto_mapping! {
    Unit = proto::Unit { code, kind, name, parent_id, start_date, end_date }
    change { name, end_date }
}

record_service! {
    UnitService for Units {
        create create_unit(proto::CreateUnitRequest, unit): Unit,
        get get_unit(proto::GetUnitRequest): Unit,
        list list_units(proto::ListUnitsRequest) in kind
            -> proto::ListUnitsResponse, units: Unit,
        update update_unit(proto::UpdateUnitRequest, unit): Unit,
    }
}
