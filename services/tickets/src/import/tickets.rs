//! Imports tickets with their histories, in batches.

pub(in crate::import) mod dry_run;
pub(in crate::import) mod wait;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_api::refusal::{FieldViolation, Reason, Refusal, Rule};
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};

use wangge_record_import::Outcome;

use self::wait::wait_for_references;
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
        ticket::load_digests,
        ticket_write::{TicketWrite, insert_tickets},
    },
};

/// Maximum total weight ([`PastTicket::weight`]) of the rows in one statement; a single
/// row may exceed it. At some 200 bytes each, that is 4 MB of parameters. A row has at
/// most 500 lines with 100 orders each.
const MAX_BATCH_WEIGHT: usize = 20_000;

/// A row to import.
#[derive(Debug, Clone)]
pub(in crate::import) struct PastRow {
    /// The ticket with its history.
    pub past: PastTicket,
    /// Digest of the row's message; identifies the row when it is sent again.
    pub digest: String,
}

impl PastRow {
    /// Returns the day of the report. The ticket's place is determined as of this day.
    fn day(&self) -> NaiveDate {
        day_of(self.past.reported_time, DEFAULT_ZONE)
    }
}

/// The importer, and the community whose records are imported.
#[derive(Debug, Clone)]
pub(in crate::import) struct Importer {
    /// Records that the importer can access.
    pub scope: RecordScope,
    /// Subject of the importer's token; the actor of lines that have none.
    pub subject: String,
    /// Code of the community that tickets without an area belong to; empty if unknown.
    pub area_code: String,
}

/// Imports rows; each is imported completely or rejected. `waits` is true while grids may
/// still be delivered, and is set to false once a wait for them has timed out.
///
/// # Errors
/// Returns an error if the database can't be reached. Some of the rows may be committed
/// by then; a retry returns them as `Unchanged`.
pub(in crate::import) async fn import_tickets(
    app: &App,
    importer: &Importer,
    waits: &mut bool,
    rows: &[PastRow],
) -> Result<Vec<Outcome>, Refusal> {
    wait_for_references(app, importer, waits, rows).await?;
    let mut outcomes = Vec::with_capacity(rows.len());
    for rows in by_weight(rows) {
        outcomes.extend(match load_together(app, importer, rows).await {
            // The statement failed as a whole, so nothing of this batch was written.
            Err(refusal) if is_about_rows(&refusal) => load_singly(app, importer, rows).await?,
            settled => settled?,
        });
    }
    Ok(outcomes)
}

/// Splits rows into consecutive groups. A group weighs at most [`MAX_BATCH_WEIGHT`], unless it is a
/// single row.
fn by_weight(rows: &[PastRow]) -> impl Iterator<Item = &[PastRow]> {
    let mut weight = 0;
    // `chunk_by` passes pairs of neighbours. Each call adds the pair's first row, so that
    // the row that starts a group is counted by the call for its successor.
    rows.chunk_by(move |before, row| {
        weight += before.past.weight();
        let fits = weight + row.past.weight() <= MAX_BATCH_WEIGHT;
        if !fits {
            weight = 0;
        }
        fits
    })
}

/// Returns true if a row caused the error, or a concurrent import of the same rows did;
/// false for a transient error.
fn is_about_rows(refusal: &Refusal) -> bool {
    matches!(
        refusal.reason,
        Reason::FieldInvalid | Reason::RecordExists | Reason::ConcurrentChange
    )
}

/// Imports rows one by one after their batch failed, so that only the rows that can't be
/// written are rejected.
async fn load_singly(
    app: &App,
    importer: &Importer,
    rows: &[PastRow],
) -> Result<Vec<Outcome>, Refusal> {
    let mut outcomes = Vec::new();
    for row in rows {
        let row = std::slice::from_ref(row);
        let mut loaded = load_together(app, importer, row).await;
        // A concurrent import may have committed the row after its digest was looked up.
        // The second attempt finds it: the same content is unchanged, other is rejected.
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
            Some((Some(digest), revision)) if *digest == row.digest => {
                Outcome::Unchanged(id, *revision)
            }
            Some(_) => Outcome::Refused(Refusal::exists("ticket", "id")),
            None => match load(app, &reference, &HashSet::new(), importer, row) {
                Ok(write) => {
                    let revision = write.revision();
                    writes.push(write);
                    // A duplicate in the same batch is compared with this row. Inserted
                    // twice, it would violate the primary key and fail the batch.
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
        app.notifier.notify();
    }
    Ok(outcomes)
}

/// Builds the write of a row, for an import or a dry run. `categories` are valid in
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
    // As of the day of the report: grids are split, so its grid may no longer exist.
    let place = reference.place(report, &importer.area_code, day);
    // Checked on the result, not on the named area: a point or an address must not place
    // a ticket outside the importer's scope.
    if !reference.knows_area(&place.area_code) || !importer.scope.covers(&place.area_code) {
        return Err(Refusal::unknown_reference("area_code", "area"));
    }
    let within = match importer.area_code.as_str() {
        "" => &place.area_code,
        community => community,
    };
    reference.check_point(report, within, day)?;
    for order in orders(&row.past) {
        reference.require_unit(order.unit_id, &order.field("unit_id"))?;
        order.require_current(reference)?;
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
    // Without a request key: the digest makes a retried import idempotent.
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
                Rule::HistoryOrder,
                "is before that of the previous entry, or in the future",
            ),
            Impossible::Act { number, denied } => {
                let field = format!("history[{number}].action");
                at_field(&field, Refusal::from(denied))
            }
        })
}

/// Adds to a refusal the field of the row that is the cause, as all refusals of rows name
/// one.
fn at_field(field: &str, refusal: Refusal) -> Refusal {
    let why = refusal.message.clone();
    Refusal {
        fields: vec![FieldViolation::new(field, Rule::History, why)],
        ..refusal
    }
}

/// An order that an imported history issues.
struct PastOrder {
    /// Field path of the order in the row.
    path: String,
    id: Uuid,
    unit_id: Uuid,
    /// Day on which the order was issued.
    day: NaiveDate,
}

impl PastOrder {
    /// Returns the path of one of the order's fields in the row.
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// Checks that the unit, if it is known, existed on the day of the order.
    fn require_current(&self, reference: &Reference) -> Result<(), Refusal> {
        let demanded = reference.require_current(self.unit_id, "unit_id", self.day);
        demanded.map_err(|refusal| at_field(&self.field("unit_id"), refusal))
    }
}

/// Returns the orders that a history issues.
fn orders(past: &PastTicket) -> impl Iterator<Item = PastOrder> {
    // From 1: line 0 is the report, which is no act.
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
