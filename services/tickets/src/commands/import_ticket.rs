//! Loads tickets with a past, some at once.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::{Reason, Refusal};
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

/// Weight of the rows that share a statement ([`PastTicket::weight`]), unless a
/// single one weighs more: at some 200 bytes each, 4 MB of parameters. No row
/// weighs more than 500 lines with 100 orders each.
const TOGETHER: usize = 20_000;

/// A row to be loaded.
#[derive(Debug, Clone)]
pub(crate) struct PastRow {
    /// The ticket.
    pub past: PastTicket,
    /// Digest of the row, by which the same row is known again.
    pub digest: String,
}

impl PastRow {
    /// The day of the report.
    fn day(&self) -> NaiveDate {
        day_of(self.past.reported_time, DEFAULT_ZONE)
    }
}

/// Whose load it is, and of which community.
#[derive(Debug, Clone)]
pub(crate) struct Importer {
    /// What the importer reaches.
    pub scope: RecordScope,
    /// The importer.
    pub subject: String,
    /// Code of the community in which tickets lie that name no area; empty if not
    /// known.
    pub area_code: String,
}

/// What a trial goes by and has let pass.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// What is there and what is claimed to come; none if what rows name is taken
    /// as given.
    pub reference: Option<Reference>,
    /// Codes of categories.
    pub categories: HashSet<String>,
    tickets: HashMap<Uuid, String>,
    orders: HashSet<Uuid>,
}

/// Says of each row whether it would be loaded, behind what was tried before;
/// gives the area in which its ticket would lie, if that was looked for.
///
/// # Errors
/// When the database can't be reached.
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
            // Others than those that are known may still come.
            if let Some(reference) = app.reference.known() {
                orders(&row.past).try_for_each(|order| order.demand_current(&reference))?;
            }
            None
        }
    };
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

/// Loads rows; each is loaded wholly or refused. `waits` says whether places may
/// still come, and is false from then on.
///
/// # Errors
/// When the database can't be reached; then some of the rows may be loaded, which
/// are known again when they are sent again.
pub(crate) async fn import_tickets(
    app: &App,
    importer: &Importer,
    waits: &mut bool,
    rows: &[PastRow],
) -> Result<Vec<Outcome>, Refusal> {
    wait_for_references(app, importer, waits, rows).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for rows in by_weight(rows) {
        outcomes.extend(match load_together(app, importer, rows).await {
            Err(refusal) if is_about_rows(&refusal) => load_singly(app, importer, rows).await?,
            settled => settled?,
        });
    }
    Ok(outcomes)
}

/// Rows in order, in groups of which none but a single row weighs more than
/// [`TOGETHER`].
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

/// Whether the fault lies in a row and not in the moment; or others are
/// loading the same rows.
fn is_about_rows(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        Reason::FieldInvalid | Reason::RecordExists | Reason::ConcurrentChange
    )
}

/// Loads rows one by one, since one of them can't be written, and refuses that
/// one alone.
async fn load_singly(
    app: &App,
    importer: &Importer,
    rows: &[PastRow],
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes = Vec::new();
    for row in rows {
        let row = std::slice::from_ref(row);
        let mut loaded = load_together(app, importer, row).await;
        // Written by others at the same time: now it is there to be compared.
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

/// Loads rows in one statement.
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
            Some((Some(digest), revision)) if *digest == row.digest => {
                Outcome::Unchanged(id, *revision)
            }
            Some(_) => Outcome::Refused(Refusal::exists("ticket", "id")),
            None => match load(app, &reference, &HashSet::new(), importer, row) {
                Ok(write) => {
                    let revision = write.revision();
                    writes.push(write);
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

/// Decides what a row becomes, for a load and for a trial. `categories` are
/// known beside those of the reference data.
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
    let place = reference.place(report, &importer.area_code, day);
    if !reference.knows_area(&place.area_code) || !importer.scope.covers(&place.area_code) {
        return Err(Refusal::unknown_reference("area_code", "area"));
    }
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

/// An order of a history.
struct PastOrder {
    /// Path to it in the row.
    path: String,
    id: Uuid,
    unit_id: Uuid,
    /// Day on which it was issued.
    day: NaiveDate,
}

impl PastOrder {
    /// Path to a field of it in the row.
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// Demands that the unit existed when it was ordered to, if it is known. The
    /// refusal names the field, as every one of a row does.
    fn demand_current(&self, reference: &Reference) -> Result<(), Refusal> {
        let demanded = reference.demand_current(self.unit_id, "unit_id", self.day);
        demanded.map_err(|refusal| Refusal {
            reason: refusal.reason,
            ..Refusal::field(&self.field("unit_id"), "history", refusal.message)
        })
    }
}

/// The orders that a history issues.
fn orders(past: &PastTicket) -> impl Iterator<Item = PastOrder> {
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

/// Waits until the copies have every area and unit that the rows name, since a
/// load of organization's records is followed by this one at once.
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
    // A row that names no area is found by its point or address; as long as no
    // grid has it, its grid may still come behind the community. What was there
    // when the load began comes while that is waited for once.
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

/// Waits until the copies are as complete as that, for as long as organization's
/// feed may still bring what is missing; returns whether they are.
pub(crate) async fn wait_until(
    app: &App,
    complete: impl Fn(&Reference) -> bool,
) -> Result<bool, Refusal> {
    let mut arrival = Arrival::new(app.database.background.clone());
    loop {
        let reference = app.reference.refresh().await?;
        if complete(&reference) {
            return Ok(true);
        }
        if !arrival.may_still_come().await? {
            return Ok(false);
        }
    }
}
