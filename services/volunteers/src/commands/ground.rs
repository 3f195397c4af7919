//! Resolves the references of plain records: to organization's areas and units, as
//! replicated from its feed, and to other records of this service.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::clock::Clock;
use wangge_outbox::Hint;
use wangge_pg::{Constraint, Database, StoreError, Tx};
use wangge_records::{Found, Ground, Host, Kept as _, Record as _};

use crate::{
    App,
    domain::{
        catalogue_item::CatalogueItem, need::Need, need_match::NeedMatch, project::Project,
        recurring_session::RecurringSession, resource::Resource, service_event::ServiceEvent,
        service_post::ServicePost, service_record::ServiceRecord, station::Station, team::Team,
        venue_route::VenueRoute, volunteer::Volunteer,
    },
    error, store,
};

impl Host for App {
    type Ground = Copies;

    fn ground(&self, scope: RecordScope) -> Copies {
        Copies { scope }
    }

    fn database(&self) -> &Database {
        &self.database
    }

    fn clock(&self) -> &Clock {
        &self.clock
    }

    fn hint(&self) -> &Hint {
        &self.hint
    }

    fn constraints(&self) -> &'static [Constraint] {
        error::CONSTRAINTS
    }
}

/// Resolves references against the replicas and this service's own records.
#[derive(Debug, Clone)]
pub struct Copies {
    scope: RecordScope,
}

impl Ground for Copies {
    fn scope(&self) -> &RecordScope {
        &self.scope
    }

    async fn find(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, Found)>, StoreError> {
        let scope = &self.scope;
        match kind {
            // Not scoped: providers and officials come from units of every area.
            "unit" => store::unit::find_units(tx, ids).await,
            // Scoped: a record outside the caller's scope is refused like one that doesn't exist.
            CatalogueItem::KIND => CatalogueItem::find(tx, scope, ids).await,
            Need::KIND => Need::find(tx, scope, ids).await,
            NeedMatch::KIND => NeedMatch::find(tx, scope, ids).await,
            Project::KIND => Project::find(tx, scope, ids).await,
            RecurringSession::KIND => RecurringSession::find(tx, scope, ids).await,
            Resource::KIND => Resource::find(tx, scope, ids).await,
            ServiceEvent::KIND => ServiceEvent::find(tx, scope, ids).await,
            ServicePost::KIND => ServicePost::find(tx, scope, ids).await,
            ServiceRecord::KIND => ServiceRecord::find(tx, scope, ids).await,
            Station::KIND => Station::find(tx, scope, ids).await,
            Team::KIND => Team::find(tx, scope, ids).await,
            VenueRoute::KIND => VenueRoute::find(tx, scope, ids).await,
            Volunteer::KIND => Volunteer::find(tx, scope, ids).await,
            // An unknown kind resolves to nothing, so naming it is refused as an unknown reference.
            _ => Ok(Vec::new()),
        }
    }

    fn is_foreign(&self, kind: &str) -> bool {
        // Only these may arrive late, by the feed. Own records are there or they are not, so
        // an import doesn't wait for them.
        ["area", "unit"].contains(&kind)
    }

    async fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<Vec<(String, Found)>, StoreError> {
        let areas = store::area::list_areas(tx, &self.scope, codes).await?;
        Ok(areas
            .into_iter()
            .map(|area| {
                let days = area.days();
                let found = Found {
                    kind: area.kind,
                    days,
                    ..Found::plain(area.code.clone())
                };
                (area.code, found)
            })
            .collect())
    }
}
