//! The dry run of tickets: what an import would do, without writing.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;
use wangge_api::refusal::Refusal;

use super::{Importer, PastRow, load, orders, replay};
use crate::{
    App,
    domain::report::Place,
    reference::Reference,
    store::ticket::{find_orders, load_digests},
};

/// State of a dry run: the reference data, and the rows that passed so far.
#[derive(Debug, Default)]
pub(in crate::import) struct Tried {
    /// Existing reference data, and the areas and units of the data set; `None` if
    /// references aren't checked.
    pub reference: Option<Reference>,
    /// Codes of categories that earlier rows would create.
    pub categories: HashSet<String>,
    tickets: HashMap<Uuid, String>,
    orders: HashSet<Uuid>,
}

/// Validates rows without writing them, after those of earlier calls. Returns for each
/// row the area of its ticket, if that was determined, or why it would be rejected.
///
/// # Errors
/// Returns an error if the database can't be reached.
pub(in crate::import) async fn try_tickets(
    app: &App,
    importer: &Importer,
    tried: &mut Tried,
    rows: &[PastRow],
) -> Result<Vec<Result<Option<String>, Refusal>>, Refusal> {
    let lanes = &app.database.background_lanes;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.past.report.id).collect();
    let there: HashMap<Uuid, Option<String>> = load_digests(lanes, &ids)
        .await?
        .into_iter()
        .map(|(id, digest, _)| (id, digest))
        .collect();
    let ids: Vec<Uuid> = rows
        .iter()
        .flat_map(|row| orders(&row.past))
        .map(|order| order.id)
        .collect();
    // Ids of orders are unique over all tickets. An import relies on the primary key for
    // that; a dry run inserts nothing, so it looks them up.
    let taken: HashSet<Uuid> = find_orders(lanes, &ids).await?.into_iter().collect();
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.past.report.id;
        let same = there.get(&id).and_then(Option::as_ref);
        let outcome = match same.or_else(|| tried.tickets.get(&id)) {
            Some(digest) if *digest == row.digest => Ok(None),
            None if !there.contains_key(&id) => try_ticket(app, importer, tried, &taken, row),
            _ => Err(Refusal::exists("ticket", "id")),
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

fn try_ticket(
    app: &App,
    importer: &Importer,
    tried: &mut Tried,
    taken: &HashSet<Uuid>,
    row: &PastRow,
) -> Result<Option<String>, Refusal> {
    let area_code = match &tried.reference {
        Some(reference) => {
            let write = load(app, reference, &tried.categories, importer, row)?;
            Some(write.area_code().to_owned())
        }
        None => {
            let place = Place {
                area_code: row.past.report.area_code.clone(),
                routed: false,
                suggested_unit_id: None,
            };
            replay(app, row, place, &importer.subject, |_| ())?;
            // Only units that are known: others may be part of the same import.
            if let Some(reference) = app.reference.known() {
                orders(&row.past).try_for_each(|order| order.require_current(&reference))?;
            }
            None
        }
    };
    // Collected apart and added at the end: a rejected row must not reserve ids.
    let mut own = HashSet::new();
    for order in orders(&row.past) {
        let id = order.id;
        if taken.contains(&id) || tried.orders.contains(&id) || !own.insert(id) {
            return Err(Refusal::exists("order", &order.field("id")));
        }
    }
    tried.orders.extend(own);
    tried.tickets.insert(row.past.report.id, row.digest.clone());
    Ok(area_code)
}
