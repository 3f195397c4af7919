//! gRPC layer of the service: converts requests to drafts and commands, and
//! records to response messages. It makes no decisions.

pub mod addresses;
pub mod appointments;
pub mod areas;
pub mod co_governance;
pub mod estates;
pub mod figures;
pub mod imports;
mod page;
pub mod people;
pub mod residents;
pub mod units;
mod vacancies;
mod wire;

use tokio_util::sync::CancellationToken;
use tonic::{codec::CompressionEncoding::Gzip, service::Routes};
use wangge_api::organization::v1::server::{
    area_service_server::AreaServiceServer,
    co_governance_service_server::CoGovernanceServiceServer,
    estate_service_server::EstateServiceServer, import_service_server::ImportServiceServer,
    person_service_server::PersonServiceServer, resident_service_server::ResidentServiceServer,
    unit_service_server::UnitServiceServer,
};

use crate::App;

/// Builds the routes of all gRPC services. Import streams end when `stop` is cancelled.
pub fn routes(app: &App, stop: CancellationToken) -> Routes {
    let areas = areas::Areas(app.clone());
    let units = units::Units(app.clone());
    let people = people::People(app.clone());
    let estates = estates::Estates(app.clone());
    let residents = residents::Residents(app.clone());
    let co_governance = co_governance::CoGovernance(app.clone());
    let imports = imports::Imports {
        app: app.clone(),
        stop,
    };
    Routes::new(AreaServiceServer::new(areas).accept_compressed(Gzip))
        .add_service(UnitServiceServer::new(units).accept_compressed(Gzip))
        .add_service(PersonServiceServer::new(people).accept_compressed(Gzip))
        .add_service(EstateServiceServer::new(estates).accept_compressed(Gzip))
        .add_service(ResidentServiceServer::new(residents).accept_compressed(Gzip))
        .add_service(CoGovernanceServiceServer::new(co_governance).accept_compressed(Gzip))
        .add_service(ImportServiceServer::new(imports).accept_compressed(Gzip))
}
