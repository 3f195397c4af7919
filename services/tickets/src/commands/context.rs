//! Resolves the references of this service's plain records: to organization's areas
//! and units, as delivered by its feed, to tickets, and to one another.

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
        chat_group::ChatGroup, deliberation::Deliberation, livelihood_item::LivelihoodItem,
        meeting::Meeting,
    },
    error,
    store::{copies, ticket},
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

/// Resolves references from the copies of areas and units, and from the service's own
/// records.
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
            // In any scope: a record may name a unit of an area around its own.
            "unit" => copies::find_units(tx, ids).await,
            "ticket" => ticket::find_tickets(tx, scope, ids).await,
            ChatGroup::KIND => ChatGroup::find(tx, scope, ids).await,
            Deliberation::KIND => Deliberation::find(tx, scope, ids).await,
            // In any scope: a district's items apply to its communities. A guard of the
            // matter checks where an item can be applied for.
            LivelihoodItem::KIND => LivelihoodItem::find(tx, &RecordScope::everything(), ids).await,
            Meeting::KIND => Meeting::find(tx, scope, ids).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Includes tickets: a dry run doesn't write them to the database, so a reference to
    /// one may not resolve yet.
    fn is_foreign(&self, kind: &str) -> bool {
        ["area", "unit", "ticket"].contains(&kind)
    }

    async fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<Vec<(String, ResolvedReference)>, StoreError> {
        copies::find_areas(tx, &self.scope, codes).await
    }
}
