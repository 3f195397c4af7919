//! Guard of livelihood matters.

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use uuid::Uuid;
use wangge_api::refusal::{Guard, Refusal};
use wangge_kernel::{
    area_code,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_pg::{StoreError, Tx};
use wangge_record::{Change, Record as _};

use crate::domain::livelihood_matter::{LivelihoodMatter, LivelihoodMatterAction};

/// Rejects a matter unless its item can be applied for in its area on the day of the
/// application, and its deadline is within the item's legal limit.
pub(crate) async fn guard(
    tx: &mut Tx,
    matters: &[LivelihoodMatter],
    change: Change<LivelihoodMatterAction>,
    _now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Refusal)>, StoreError> {
    if change != Change::Create {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = matters
        .iter()
        .map(|matter| matter.livelihood_item_id)
        .collect();
    let items = sqlx::query_as!(
        Item,
        "select id, area_code, limit_days, start_date, end_date from livelihood_item where id = any($1)",
        &ids
    )
    .fetch_all(tx)
    .await?;
    let items: HashMap<Uuid, Item> = items.into_iter().map(|item| (item.id, item)).collect();
    let mut refused = Vec::new();
    for matter in matters {
        // In a dry run the item may be missing, because its row is part of the same data
        // set and was rolled back.
        let item = items.get(&matter.livelihood_item_id);
        let refusal = item.and_then(|item| item.refuse(matter));
        refused.extend(refusal.map(|refusal| (matter.metadata.id, refusal)));
    }
    Ok(refused)
}

/// The fields of an item that constrain its matters.
struct Item {
    id: Uuid,
    area_code: String,
    limit_days: i32,
    start_date: NaiveDate,
    end_date: Option<NaiveDate>,
}

impl Item {
    /// Returns the reason why a matter can't belong to the item; `None` if it can.
    fn refuse(&self, matter: &LivelihoodMatter) -> Option<Refusal> {
        if !area_code::is_within(&matter.metadata.area_code, &self.area_code) {
            let field = "livelihood_matter.livelihood_item_id";
            return Some(Refusal::unknown_reference(field, "livelihood_item"));
        }
        let received = day_of(matter.metadata.created_time, DEFAULT_ZONE);
        let holds = self.start_date <= received && self.end_date.is_none_or(|end| received < end);
        if !holds {
            let (guard, kind) = (Guard::ReferenceNotCurrent, "livelihood_item");
            let why = format!("it is not in the catalogue on {received}");
            return Some(Refusal::reference_guard(
                guard,
                kind,
                "livelihood_item_id",
                &why,
            ));
        }
        let days = Days::new(self.limit_days.unsigned_abs().into());
        let last = received.checked_add_days(days);
        let is_within =
            received <= matter.due_date && last.is_none_or(|last| matter.due_date <= last);
        let why = "due_date must be within the legal limit of the item";
        (!is_within).then(|| Refusal::guard(Guard::BeyondLimit, LivelihoodMatter::KIND, why))
    }
}
