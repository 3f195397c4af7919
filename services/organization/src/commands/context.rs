//! Lookup of the records that plain records of this service refer to: areas, units,
//! people, and other plain records.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::clock::Clock;
use wangge_outbox::CommitNotifier;
use wangge_pg::{Constraint, Database, StoreError, Tx};
use wangge_record::{Record as _, ResolvedReference};
use wangge_record_store::{RecordContext, RecordTable as _, ReferenceResolver};

use super::references::References;
use crate::{
    App,
    domain::{building::Building, estate::Estate, household::Household, resident::Resident},
    error, store,
};

impl RecordContext for App {
    type Resolver = References;

    fn resolver(&self, scope: RecordScope) -> References {
        References::new(scope)
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

impl ReferenceResolver for References {
    fn scope(&self) -> &RecordScope {
        self.scope()
    }

    async fn find(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, ResolvedReference)>, StoreError> {
        let scope = self.scope();
        let stored = match kind {
            "unit" => store::unit::find_units(tx, scope, ids).await?,
            "person" => store::person::find_people(tx, scope, ids).await?,
            Estate::KIND => Estate::find(tx, scope, ids).await?,
            Building::KIND => Building::find(tx, scope, ids).await?,
            Household::KIND => Household::find(tx, scope, ids).await?,
            Resident::KIND => Resident::find(tx, scope, ids).await?,
            _ => Vec::new(),
        };
        // Stored records come last, so that they overwrite cached ones of the same id.
        let mut found = self.learned(kind, ids);
        found.extend(stored);
        Ok(found)
    }

    async fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<Vec<(String, ResolvedReference)>, StoreError> {
        let mut found = self.learned_areas(codes);
        found.extend(store::area::find_areas(tx, self.scope(), codes).await?);
        Ok(found)
    }
}
