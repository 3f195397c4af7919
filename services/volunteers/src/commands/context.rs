//! Resolves the references of records: to organization's areas and units, whose
//! copies its feed delivers, and to other records of this service.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::clock::Clock;
use wangge_outbox::CommitNotifier;
use wangge_pg::{Constraint, Database, StoreError, Tx};
use wangge_record::{Record as _, ResolvedReference};
use wangge_record_store::{RecordContext, RecordTable as _, ReferenceResolver};

use crate::{
    App,
    domain::{
        catalogue_item::CatalogueItem, need::Need, need_match::NeedMatch, project::Project,
        recurring_session::RecurringSession, registration::Registration, resource::Resource,
        service_event::ServiceEvent, service_post::ServicePost, service_record::ServiceRecord,
        station::Station, team::Team, venue_route::VenueRoute, volunteer::Volunteer,
    },
    error, store,
};

impl RecordContext for App {
    type Resolver = Copies;

    fn resolver(&self, scope: RecordScope) -> Copies {
        Copies { scope }
    }

    fn database(&self) -> &Database {
        &self.database
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn notifier(&self) -> &CommitNotifier {
        &self.notifier
    }

    fn constraints(&self) -> &'static [Constraint] {
        error::CONSTRAINTS
    }
}

/// Lookup of the copied areas and units, and of the service's own records, in a scope.
#[derive(Debug, Clone)]
pub struct Copies {
    scope: RecordScope,
}

impl ReferenceResolver for Copies {
    fn scope(&self) -> &RecordScope {
        &self.scope
    }

    async fn find(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
        let scope = &self.scope;
        match kind {
            // Not limited to the scope: providers and officials belong to units of any
            // area.
            "unit" => store::unit::find_units(tx, ids).await,
            CatalogueItem::KIND => CatalogueItem::find(tx, scope, ids).await,
            Need::KIND => Need::find(tx, scope, ids).await,
            NeedMatch::KIND => NeedMatch::find(tx, scope, ids).await,
            Project::KIND => Project::find(tx, scope, ids).await,
            RecurringSession::KIND => RecurringSession::find(tx, scope, ids).await,
            Registration::KIND => store::registration::find(tx, scope, ids).await,
            Resource::KIND => Resource::find(tx, scope, ids).await,
            ServiceEvent::KIND => ServiceEvent::find(tx, scope, ids).await,
            ServicePost::KIND => ServicePost::find(tx, scope, ids).await,
            ServiceRecord::KIND => ServiceRecord::find(tx, scope, ids).await,
            Station::KIND => Station::find(tx, scope, ids).await,
            Team::KIND => Team::find(tx, scope, ids).await,
            VenueRoute::KIND => VenueRoute::find(tx, scope, ids).await,
            Volunteer::KIND => Volunteer::find(tx, scope, ids).await,
            // An unknown kind is a reference that doesn't exist, not an error.
            _ => Ok(Vec::new()),
        }
    }

    fn is_foreign(&self, kind: &str) -> bool {
        // Organization's feed may deliver these later, so an import waits for them.
        ["area", "unit"].contains(&kind)
    }

    async fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<Vec<(String, ResolvedReference)>, StoreError> {
        let areas = store::area::list_areas(tx, &self.scope, codes).await?;
        Ok(areas
            .into_iter()
            .map(|area| {
                let days = area.days();
                let found = ResolvedReference {
                    kind: area.kind,
                    days,
                    ..ResolvedReference::plain(area.code.clone())
                };
                (area.code, found)
            })
            .collect())
    }
}
