//! Resolves the references of this service's plain records: to areas and units, from
//! the copies that organization's feed maintains, to tickets, and to one another.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::clock::Clock;
use wangge_outbox::Hint;
use wangge_pg::{Constraint, Database, StoreError, Tx};
use wangge_records::{Found, Ground, Host, Kept as _, Record as _};

use crate::{
    App,
    domain::{
        chat_group::ChatGroup, deliberation::Deliberation, livelihood_item::LivelihoodItem,
        meeting::Meeting,
    },
    error,
    store::{copies, ticket},
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

/// Resolves references within a scope: the copies of areas and units, and own records.
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
            // Not limited to the scope: a record may name units of the areas around the
            // caller's.
            "unit" => copies::find_units(tx, ids).await,
            "ticket" => ticket::find_tickets(tx, scope, ids).await,
            ChatGroup::KIND => ChatGroup::find(tx, scope, ids).await,
            Deliberation::KIND => Deliberation::find(tx, scope, ids).await,
            // A district's item applies to its communities, whose callers don't have the
            // district in their scope. The guard of a matter checks where an item applies.
            LivelihoodItem::KIND => LivelihoodItem::find(tx, &RecordScope::everything(), ids).await,
            Meeting::KIND => Meeting::find(tx, scope, ids).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Returns true for kinds that a dry run may name before they exist. Tickets are
    /// imported by other code than plain records, so they are among them.
    fn is_foreign(&self, kind: &str) -> bool {
        ["area", "unit", "ticket"].contains(&kind)
    }

    async fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> Result<Vec<(String, Found)>, StoreError> {
        copies::find_areas(tx, &self.scope, codes).await
    }
}
