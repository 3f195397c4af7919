//! What plain records of this service stand on: organization's areas and units,
//! as its feed has brought them, tickets, and one another.

use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::clock::Clock;
use wangge_outbox::Hint;
use wangge_pg::{Constraint, Database, StoreError, Tx};
use wangge_resource::{Found, Record as _};
use wangge_resource_store::{Ground, Host, Kept as _};

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

/// The copies of areas and units, and the service's own records.
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
            "unit" => copies::find_units(tx, ids).await,
            "ticket" => ticket::find_tickets(tx, scope, ids).await,
            ChatGroup::KIND => ChatGroup::find(tx, scope, ids).await,
            Deliberation::KIND => Deliberation::find(tx, scope, ids).await,
            // A district's items hold for its communities: a matter's guard looks at
            // where an item can be applied for.
            LivelihoodItem::KIND => LivelihoodItem::find(tx, &RecordScope::everything(), ids).await,
            Meeting::KIND => Meeting::find(tx, scope, ids).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Tickets are loaded in another way, and so may not be there when a trial
    /// names them.
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
