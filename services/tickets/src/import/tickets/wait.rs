//! Waits for areas and units that an import names and organization's feed has yet to
//! deliver.

use std::collections::HashSet;

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_outbox::Arrival;

use super::{Importer, PastRow, orders};
use crate::{App, reference::Reference};

/// Waits until the copies contain every area and unit that the rows name, or until a
/// timeout: an import of organization's records is followed by this one at once.
pub(super) async fn wait_for_references(
    app: &App,
    importer: &Importer,
    waits: &mut bool,
    rows: &[PastRow],
) -> Result<(), Refusal> {
    let areas: HashSet<&str> = rows
        .iter()
        .map(|row| match row.past.report.area_code.as_str() {
            "" => importer.area_code.as_str(),
            code => code,
        })
        .filter(|code| !code.is_empty())
        .collect();
    let units: HashSet<Uuid> = rows
        .iter()
        .flat_map(|row| orders(&row.past))
        .map(|order| order.unit_id)
        .collect();
    wait_until(app, |reference| {
        areas.iter().all(|code| reference.knows_area(code))
            && units.iter().all(|unit| reference.knows_unit(*unit))
    })
    .await?;
    // A row without an area is placed by its point or address. If no grid contains it,
    // its grid may still be delivered after the community. One wait is enough:
    // everything that was committed before the import began is delivered during it.
    let unplaced: Vec<&PastRow> = rows
        .iter()
        .filter(|row| row.past.report.area_code.is_empty())
        .collect();
    if *waits && !unplaced.is_empty() {
        *waits = wait_until(app, |reference| {
            unplaced.iter().all(|row| {
                let place = reference.place(&row.past.report, &importer.area_code, row.day());
                place.routed
            })
        })
        .await?;
    }
    Ok(())
}

/// Waits until `complete` returns true for the snapshot, as long as the feeds may still
/// deliver what is missing. Returns false on a timeout.
///
/// # Errors
/// Returns an error if the database can't be queried.
pub(in crate::import) async fn wait_until(
    app: &App,
    complete: impl Fn(&Reference) -> bool,
) -> Result<bool, Refusal> {
    let mut arrival = Arrival::new(app.database.background.clone());
    loop {
        // Reloads only if the tables' version or the day has changed.
        let reference = app.reference.refresh().await?;
        if complete(&reference) {
            return Ok(true);
        }
        if !arrival.may_still_come().await? {
            return Ok(false);
        }
    }
}
