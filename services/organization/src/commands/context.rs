//! What `wangge-record-store` needs of this service: its database, its clock, and the
//! lookup of the records that others refer to.

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
        building::Building, estate::Estate, household::Household, person::Person,
        resident::Resident, unit::Unit,
    },
    error, store,
};

impl RecordContext for App {
    type Resolver = Lookup;

    fn resolver(&self, scope: RecordScope) -> Lookup {
        Lookup { scope }
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

/// Lookup of areas, units, people and other records in a scope.
#[derive(Debug, Clone)]
pub struct Lookup {
    scope: RecordScope,
}

impl ReferenceResolver for Lookup {
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
            Unit::KIND => store::unit::find_units(tx, scope, ids).await,
            Person::KIND => Person::find(tx, scope, ids).await,
            Estate::KIND => Estate::find(tx, scope, ids).await,
            Building::KIND => Building::find(tx, scope, ids).await,
            Household::KIND => Household::find(tx, scope, ids).await,
            Resident::KIND => Resident::find(tx, scope, ids).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<Vec<(String, ResolvedReference)>, StoreError> {
        store::area::find_areas(tx, &self.scope, codes).await
    }
}
