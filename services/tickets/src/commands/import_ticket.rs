//! Imports tickets with their histories, in batches.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::{errors::v1::Reason, refusal::Refusal};
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_outbox::Arrival;

use super::import_records::Outcome;
use crate::{
    App,
    domain::{
        act::Act,
        past::{Impossible, PastTicket, Step},
        report::Place,
        ticket::Ticket,
    },
    error::CONSTRAINTS,
    events,
    reference::Reference,
    store::{
        ticket::{find_orders, load_digests},
        ticket_write::{TicketWrite, insert_tickets},
    },
};

/// Weight limit of the rows that share a statement ([`PastTicket::weight`]); a single row
/// may exceed it. At some 200 bytes per unit of weight, that is 4 MB of parameters. No
/// row weighs more than 500 lines with 100 orders each.
const TOGETHER: usize = 20_000;

/// A ticket row of an import.
#[derive(Debug, Clone)]
pub(crate) struct PastRow {
    /// The ticket with its history.
    pub past: PastTicket,
    /// Digest of the row, to recognise it when it is imported again.
    pub digest: String,
}

impl PastRow {
    /// Returns the day of the report.
    fn day(&self) -> NaiveDate {
        day_of(self.past.reported_time, DEFAULT_ZONE)
    }
}

/// The caller of an import, and the community whose records it brings.
#[derive(Debug, Clone)]
pub(crate) struct Importer {
    /// Areas that the importer can write to.
    pub scope: RecordScope,
    /// Subject of the importer's token.
    pub subject: String,
    /// Community of tickets that name no area; empty if not known.
    pub area_code: String,
}

/// State of a dry run: its reference data and the rows it has accepted so far.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// Stored and claimed reference data; none if references are assumed to exist.
    pub reference: Option<Reference>,
    /// Codes of accepted categories.
    pub categories: HashSet<String>,
    tickets: HashMap<Uuid, String>,
    orders: HashSet<Uuid>,
}

/// Validates rows against the database and the rows accepted before. Returns for each
/// the area of its ticket, if it was looked up.
///
/// # Errors
/// Returns an error if the database is unavailable.
pub(crate) async fn try_tickets(
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
    let taken: HashSet<Uuid> = find_orders(lanes, &ids).await?.into_iter().collect();
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.past.report.id;
        // An imported ticket stores the digest of its row; one that was reported has none and
        // never matches.
        let same = there.get(&id).and_then(Option::as_ref);
        let outcome = match same.or_else(|| tried.tickets.get(&id)) {
            // The same row again, stored or earlier in this dry run: an import would skip it.
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
            // Units that are not known yet may still arrive; only known ones are checked.
            if let Some(reference) = app.reference.known() {
                orders(&row.past).try_for_each(|order| order.demand_current(&reference))?;
            }
            None
        }
    };
    // Collected first and added at the end: a rejected row reserves no ids.
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

/// Imports rows; each is written as a whole or rejected. `waits` is true while areas may
/// still arrive; it turns false when a wait has timed out.
///
/// # Errors
/// Returns an error if the database is unavailable. Some of the rows may be imported
/// then; a repeated import skips them.
pub(crate) async fn import_tickets(
    app: &App,
    importer: &Importer,
    waits: &mut bool,
    rows: &[PastRow],
) -> Result<Vec<Outcome>, Refusal> {
    wait_for_references(app, importer, waits, rows).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for rows in by_weight(rows) {
        // The statement is atomic, so one bad row fails its batch. Rows are retried singly to
        // find it.
        outcomes.extend(match load_together(app, importer, rows).await {
            Err(refusal) if is_about_rows(&refusal) => load_singly(app, importer, rows).await?,
            settled => settled?,
        });
    }
    Ok(outcomes)
}

/// Splits rows, in order, into batches that weigh at most [`TOGETHER`]; a row that
/// weighs more forms its own.
fn by_weight(rows: &[PastRow]) -> impl Iterator<Item = &[PastRow]> {
    let mut weight = 0;
    rows.chunk_by(move |before, row| {
        weight += before.past.weight();
        let fits = weight + row.past.weight() <= TOGETHER;
        if !fits {
            weight = 0;
        }
        fits
    })
}

/// Returns true if a row caused the error, or a concurrent import of the same rows,
/// rather than the state of the database.
fn is_about_rows(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        Reason::FieldInvalid | Reason::RecordExists | Reason::ConcurrentChange
    )
}

/// Imports rows one by one after their batch has failed, and rejects only those at fault.
async fn load_singly(
    app: &App,
    importer: &Importer,
    rows: &[PastRow],
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes = Vec::new();
    for row in rows {
        let row = std::slice::from_ref(row);
        let mut loaded = load_together(app, importer, row).await;
        // A concurrent import may just have written the row: the second attempt compares it.
        if loaded.as_ref().is_err_and(is_about_rows) {
            loaded = load_together(app, importer, row).await;
        }
        match loaded {
            Ok(loaded) => outcomes.extend(loaded),
            Err(refusal) if is_about_rows(&refusal) => outcomes.push(Outcome::Refused(refusal)),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(outcomes)
}

/// Imports rows in one statement.
async fn load_together(
    app: &App,
    importer: &Importer,
    rows: &[PastRow],
) -> Result<Vec<Outcome>, Refusal> {
    let reference = app.reference.get().await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.past.report.id).collect();
    let mut there: HashMap<Uuid, (Option<String>, i64)> =
        load_digests(&app.database.background_lanes, &ids)
            .await?
            .into_iter()
            .map(|(id, digest, revision)| (id, (digest, revision)))
            .collect();
    let mut writes = Vec::new();
    let mut outcomes = Vec::new();
    for row in rows {
        let id = row.past.report.id;
        let outcome = match there.get(&id) {
            // The same row was imported before: an import that was interrupted is run again.
            Some((Some(digest), revision)) if *digest == row.digest => {
                Outcome::Unchanged(id, *revision)
            }
            Some(_) => Outcome::Refused(Refusal::exists("ticket", "id")),
            None => match load(app, &reference, &HashSet::new(), importer, row) {
                Ok(write) => {
                    let revision = write.revision();
                    writes.push(write);
                    // A row may occur twice in one batch; the second must not be written again.
                    there.insert(id, (Some(row.digest.clone()), revision));
                    Outcome::Imported(id, revision)
                }
                Err(refusal) => Outcome::Refused(refusal),
            },
        };
        outcomes.push(outcome);
    }
    if !writes.is_empty() {
        insert_tickets(&app.database.background_lanes, &writes)
            .await
            .map_err(|error| error.refuse(CONSTRAINTS))?;
        app.hint.committed();
    }
    Ok(outcomes)
}

/// Decides what a row becomes, for imports and dry runs. `categories` are known in
/// addition to those of the reference data.
fn load(
    app: &App,
    reference: &Reference,
    categories: &HashSet<String>,
    importer: &Importer,
    row: &PastRow,
) -> Result<TicketWrite, Refusal> {
    let (report, day) = (&row.past.report, row.day());
    let category = &report.category_code;
    if reference.category_limit(category).is_none() && !categories.contains(category) {
        return Err(Refusal::unknown_reference("category_code", "category"));
    }
    // Placed among the areas of the report's day: grids may have been split since.
    let place = reference.place(report, &importer.area_code, day);
    if !reference.knows_area(&place.area_code) || !importer.scope.covers(&place.area_code) {
        return Err(Refusal::unknown_reference("area_code", "area"));
    }
    // Checked against the community that the import names, since a row without an area is
    // placed by the very point that is to be checked.
    let within = match importer.area_code.as_str() {
        "" => &place.area_code,
        community => community,
    };
    reference.check_point(report, within, day)?;
    for order in orders(&row.past) {
        reference.demand_unit(order.unit_id, &order.field("unit_id"))?;
        order.demand_current(reference)?;
    }
    let now = app.clock.now();
    let (mut lines, mut events) = (Vec::new(), Vec::new());
    let mut ticket = replay(app, row, place, &importer.subject, |step| {
        events.push(events::ticket_changed(
            step.ticket,
            step.action,
            step.moment,
            now,
        ));
        lines.push(step.line);
    })?;
    ticket.import_digest = Some(row.digest.clone());
    Ok(TicketWrite::new(0, ticket, lines, &events, None, now))
}

fn replay(
    app: &App,
    row: &PastRow,
    place: Place,
    importer: &str,
    each: impl FnMut(Step<'_>),
) -> Result<Ticket, Refusal> {
    row.past
        .replay(place, importer, app.clock.now(), each)
        .map_err(|impossible| match impossible {
            Impossible::Time { number } => Refusal::field(
                &format!("history[{number}].action_time"),
                "order_of_time",
                "lies before the line before it, or in the future",
            ),
            Impossible::Act { number, denied } => {
                let why = Refusal::from(denied);
                Refusal {
                    reason: why.reason,
                    ..Refusal::field(&format!("history[{number}].action"), "history", why.message)
                }
            }
        })
}

/// An order that a history issues.
struct PastOrder {
    /// Path to the order in the row.
    path: String,
    id: Uuid,
    unit_id: Uuid,
    /// Day on which the order was issued.
    day: NaiveDate,
}

impl PastOrder {
    /// Returns the path to a field of the order.
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// Checks that the unit existed when the order was issued, if the unit is known. The
    /// refusal names the field, as every refusal of a row does.
    fn demand_current(&self, reference: &Reference) -> Result<(), Refusal> {
        let demanded = reference.demand_current(self.unit_id, "unit_id", self.day);
        demanded.map_err(|refusal| Refusal {
            reason: refusal.reason,
            ..Refusal::field(&self.field("unit_id"), "history", refusal.message)
        })
    }
}

/// Returns the orders that a history issues.
fn orders(past: &PastTicket) -> impl Iterator<Item = PastOrder> {
    // Counted from 1: the report is line 0 and is not among the acts.
    past.acts.iter().zip(1..).flat_map(|(past, line)| {
        let orders = match &past.act {
            Act::Dispatch { orders, .. } => orders.as_slice(),
            _ => &[],
        };
        let day = day_of(past.at, DEFAULT_ZONE);
        orders
            .iter()
            .enumerate()
            .map(move |(number, order)| PastOrder {
                path: format!("history[{line}].orders[{number}]"),
                id: order.id,
                unit_id: order.unit_id,
                day,
            })
    })
}

/// Waits until the copies have every area and unit that the rows name, since this import
/// usually follows that of organization's records at once.
async fn wait_for_references(
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
    // A row without an area is placed by its point or address. While no grid matches, the
    // grid may still follow its community through the feed. One wait is enough: it lasts
    // until all that was committed before the import has arrived.
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

/// Waits until the copies are complete or organization's feed has nothing left to
/// deliver; returns true if they are complete.
pub(crate) async fn wait_until(
    app: &App,
    complete: impl Fn(&Reference) -> bool,
) -> Result<bool, Refusal> {
    let mut arrival = Arrival::new(app.database.background.clone());
    loop {
        // `refresh` and not `get`: the copies change underneath while the feed is applied.
        let reference = app.reference.refresh().await?;
        if complete(&reference) {
            return Ok(true);
        }
        if !arrival.may_still_come().await? {
            return Ok(false);
        }
    }
}
