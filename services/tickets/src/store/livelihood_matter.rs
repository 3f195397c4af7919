//! Statements on livelihood matters.

use std::collections::HashMap;

use chrono::{DateTime, Days, Utc};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_pg::{StoreError, Tx};
use wangge_records::{Record as _, kept::CREATE};

use crate::domain::livelihood_matter::LivelihoodMatter;

/// A matter is decided within the legal limit of its item.
pub(crate) async fn guard(
    tx: &mut Tx,
    matters: &[LivelihoodMatter],
    action: &'static str,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if action != CREATE {
        return Ok(Vec::new());
    }
    let items: Vec<Uuid> = matters
        .iter()
        .map(|matter| matter.livelihood_item_id)
        .collect();
    let limits = sqlx::query!(
        "select id, limit_days from livelihood_item where id = any($1)",
        &items
    )
    .fetch_all(tx)
    .await?;
    let limits: HashMap<Uuid, i32> = limits
        .into_iter()
        .map(|row| (row.id, row.limit_days))
        .collect();
    let beyond = |matter: &&LivelihoodMatter| {
        let received = day_of(matter.head.created_time, DEFAULT_ZONE);
        // In a trial the item may be part of what is tried.
        let last = limits
            .get(&matter.livelihood_item_id)
            .and_then(|days| received.checked_add_days(Days::new(days.unsigned_abs().into())));
        matter.due_date < received || last.is_some_and(|last| matter.due_date > last)
    };
    let why = "due_date must lie within the legal limit of the item";
    let refused = matters.iter().filter(beyond).map(|matter| {
        let refusal = Refusal::guard("beyond_limit", LivelihoodMatter::KIND, why);
        (matter.head.id, refusal)
    });
    Ok(refused.collect())
}
