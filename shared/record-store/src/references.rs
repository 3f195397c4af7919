//! Resolves the references of records: to areas, units, people and other records, and
//! checks that their targets meet the requirements. It refuses to know where a target
//! is stored: each service implements [`ReferenceResolver`] for that.
//!
//! Resolved references are cached, since area codes and kinds never change and no
//! record is ever deleted. States and ends do change. States are therefore checked in
//! calls only, whose cache lives no longer than their transaction; an end that arrives
//! during an import takes effect with the next import.
//!
//! This is the only place that checks whether references are in effect on the day that
//! counts: see [`ResolvedReferences::require_days`].

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::Arc,
};

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::{Guard, Reason, Refusal, Rule};
use wangge_pg::{StoreError, Trial, Tx};

use wangge_record::{EventSummary, Key, Record, Reference, ResolvedReference};

use crate::Claims;

/// Name of organization's units in every service's references.
const UNIT: &str = "unit";

/// Looks up the targets of references in a service's database.
pub trait ReferenceResolver: Send + Sync + 'static {
    /// Returns the scope in which areas and records are looked up.
    fn scope(&self) -> &RecordScope;

    /// Returns the records of a kind with these ids that the caller can refer to.
    /// Missing records, and those outside of the scope, are left out.
    ///
    /// # Errors
    /// Returns the database's error.
    fn find(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<(Uuid, ResolvedReference)>, StoreError>> + Send;

    /// Returns true if records of a kind, including `area`, are owned by another
    /// service, whose feed delivers them. An import waits for these, and a dry run may
    /// assume them.
    fn is_foreign(&self, _kind: &str) -> bool {
        false
    }

    /// Returns the areas with these codes that the caller can refer to.
    ///
    /// # Errors
    /// Returns the database's error.
    fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> impl Future<Output = Result<Vec<(String, ResolvedReference)>, StoreError>> + Send;
}

/// A resolver with the references that it has resolved so far.
#[derive(Debug, Clone)]
pub struct ResolvedReferences<G> {
    resolver: G,
    records: HashMap<(&'static str, Uuid), ResolvedReference>,
    areas: HashMap<String, ResolvedReference>,
    /// Targets that a wait has timed out for; they aren't waited for again.
    given_up: HashSet<Key>,
    /// True if missing records of other services are assumed to exist: a dry run can
    /// take place before this service has them.
    assumes_foreign: bool,
    /// Areas and units of the data set of a dry run. With these nothing is assumed,
    /// since everything is known that will be there.
    claims: Option<Arc<Claims>>,
    /// The transaction of a dry run that goes over many batches; it makes the accepted
    /// records visible to later batches.
    trial: Option<Trial>,
}

impl<G: ReferenceResolver> ResolvedReferences<G> {
    /// Creates a resolver without any resolved references.
    pub fn new(resolver: G) -> Self {
        Self {
            resolver,
            records: HashMap::new(),
            areas: HashMap::new(),
            given_up: HashSet::new(),
            assumes_foreign: false,
            claims: None,
            trial: None,
        }
    }

    /// Returns the scope in which areas and records are looked up.
    pub fn scope(&self) -> &RecordScope {
        self.resolver.scope()
    }

    /// Adds a resolved reference to the cache, for a record that has just been written
    /// or accepted.
    pub fn insert(&mut self, kind: &'static str, id: Uuid, found: ResolvedReference) {
        self.records.insert((kind, id), found);
    }

    /// Returns the area with a code, if it is resolved.
    pub fn area(&self, code: &str) -> Option<&ResolvedReference> {
        self.areas.get(code)
    }

    /// Adds an area to the cache: one that a dry run has refused, so that its fault isn't
    /// reported again for each record that refers to it.
    pub fn insert_area(&mut self, code: String, found: ResolvedReference) {
        self.areas.insert(code, found);
    }

    /// Resolves areas and units that aren't in the database from a data set, and stops
    /// assuming records of other services. For dry runs only: an import checks against
    /// what is there.
    pub fn claim(&mut self, claims: Arc<Claims>) {
        self.claims = Some(claims);
    }

    /// Resolves references, with at most one statement per kind. References that can't
    /// be resolved are not an error here: [`ResolvedReferences::require`] rejects them.
    ///
    /// # Errors
    /// Returns the database's error.
    pub async fn resolve(
        &mut self,
        tx: &mut Tx,
        references: impl Iterator<Item = Reference>,
    ) -> Result<(), StoreError> {
        let mut codes: Vec<String> = Vec::new();
        let mut ids: HashMap<&'static str, Vec<Uuid>> = HashMap::new();
        for reference in references {
            match reference.key {
                Key::Code(code) if !self.areas.contains_key(&code) => codes.push(code),
                Key::Id(id) if !self.records.contains_key(&(reference.kind, id)) => {
                    ids.entry(reference.kind).or_default().push(id);
                }
                Key::Code(_) | Key::Id(_) => {}
            }
        }
        if !codes.is_empty() {
            self.areas
                .extend(self.resolver.find_areas(tx, &codes).await?);
            self.insert_claimed_areas(codes);
        }
        for (kind, ids) in ids {
            // Missing records aren't cached: a feed may deliver them before the next
            // lookup.
            let found = self.resolver.find(tx, kind, &ids).await?;
            self.records
                .extend(found.into_iter().map(|(id, found)| ((kind, id), found)));
            if kind == UNIT {
                self.insert_claimed_units(ids);
            }
        }
        Ok(())
    }

    fn insert_claimed_areas(&mut self, codes: Vec<String>) {
        let Some(claims) = &self.claims else { return };
        for code in codes {
            if let Some(claimed) = claims.area(&code) {
                // The database takes precedence over the data set, here as for units.
                self.areas.entry(code).or_insert_with(|| claimed.clone());
            }
        }
    }

    fn insert_claimed_units(&mut self, ids: Vec<Uuid>) {
        let Some(claims) = &self.claims else { return };
        for id in ids {
            if let Some(claimed) = claims.unit(id) {
                let known = self.records.entry((UNIT, id));
                known.or_insert_with(|| claimed.clone());
            }
        }
    }

    /// Returns true if records refer to something of another service that its feed may
    /// still deliver.
    pub fn waits_for<'r, R: Record>(&self, records: impl Iterator<Item = &'r R>) -> bool {
        self.missing(records).next().is_some()
    }

    /// Stops waiting for what records refer to and the feeds haven't delivered.
    pub fn give_up<'r, R: Record>(&mut self, records: impl Iterator<Item = &'r R>) {
        let missing: Vec<Key> = self.missing(records).collect();
        self.given_up.extend(missing);
    }

    fn missing<'r, R: Record>(
        &self,
        records: impl Iterator<Item = &'r R>,
    ) -> impl Iterator<Item = Key> {
        records
            .flat_map(Record::references)
            .filter(|reference| {
                self.resolver.is_foreign(reference.kind)
                    && self.may_be_reached(&reference.key)
                    && !self.given_up.contains(&reference.key)
                    && self.lookup(reference).is_none()
            })
            .map(|reference| reference.key)
    }

    /// Returns false if waiting for a record is pointless: an area outside of the scope
    /// isn't found even after it has been delivered.
    fn may_be_reached(&self, key: &Key) -> bool {
        match key {
            Key::Code(code) => self.scope().covers(code),
            Key::Id(_) => true,
        }
    }

    /// Returns the transaction of a dry run over many batches, and creates it on first
    /// use.
    pub fn trial(&mut self) -> Trial {
        self.trial.get_or_insert_default().clone()
    }

    /// Sets whether missing records of other services are assumed to exist. Has no
    /// effect after [`ResolvedReferences::claim`].
    pub fn assume_foreign(&mut self, assumes_foreign: bool) {
        self.assumes_foreign = assumes_foreign;
    }

    /// Checks the references of a new record against their requirements, and sets what
    /// it takes from the record that determines its area. Its references must have been
    /// resolved before with [`ResolvedReferences::resolve`].
    ///
    /// # Errors
    /// Returns `REFERENCE_UNKNOWN`, naming every field, `FIELD_INVALID`, or
    /// `GUARD_FAILED` like [`ResolvedReferences::require_state`] and [`ResolvedReferences::require_days`].
    pub fn validate<R: Record>(&self, record: &mut R) -> Result<(), Refusal> {
        let area_from = record.area_from();
        let summary = record.event_summary();
        // The day of an imported record is the one on which it came into being.
        let today = day_of(record.metadata().created_time, DEFAULT_ZONE);
        let references = record.references();
        let mut unknown = Vec::new();
        for reference in &references {
            // Of a unit around the scope, which everyone in it may refer to, no record takes
            // its area.
            let is_outside = area_from.is_some_and(|id| reference.key == Key::Id(id))
                && (self.lookup(reference))
                    .is_some_and(|found| !self.scope().covers(&found.area_code));
            let required = if is_outside {
                let field = format!("{}.{}", R::KIND, reference.field);
                Err(Refusal::unknown_reference(&field, reference.kind))
            } else {
                self.require(R::KIND, reference)
            };
            match required {
                Err(refusal) if refusal.reason == Reason::ReferenceUnknown => {
                    unknown.extend(refusal.fields);
                }
                required => required?,
            }
        }
        if !unknown.is_empty() {
            return Err(Refusal {
                reason: Reason::ReferenceUnknown,
                ..Refusal::fields(unknown)
            });
        }
        for reference in &references {
            // Only the current state is known, and an imported record refers to an
            // earlier one.
            if !record.metadata().imported {
                self.require_state(reference)?;
            }
            self.require_days(reference, &summary, today)?;
            if let (Some(found), Key::Id(id)) = (self.lookup(reference), &reference.key)
                && area_from == Some(*id)
            {
                found
                    .area_code
                    .clone_into(&mut record.metadata_mut().area_code);
                record.copy_from(found);
            }
        }
        // Defence in depth: however the area was determined, it must be in the caller's
        // scope.
        if self.scope().covers(&record.metadata().area_code) {
            Ok(())
        } else {
            let field = format!("{}.area_code", R::KIND);
            Err(Refusal::unknown_reference(&field, "area"))
        }
    }

    /// Requires that a reference is resolved, or may be assumed, and that its target is
    /// of a permitted kind. `record` is the kind of the referring record.
    ///
    /// # Errors
    /// Returns `REFERENCE_UNKNOWN` or `FIELD_INVALID`, naming the field.
    pub fn require(&self, record: &str, reference: &Reference) -> Result<(), Refusal> {
        let field = format!("{record}.{}", reference.field);
        let Some(found) = self.lookup(reference) else {
            // Assumed in a dry run without a data set only, and only for other
            // services' records: a service knows its own.
            let is_given = self.assumes_foreign && self.claims.is_none();
            if is_given && self.resolver.is_foreign(reference.kind) {
                return Ok(());
            }
            return Err(Refusal::unknown_reference(&field, reference.kind));
        };
        if reference.of.is_empty() || reference.of.contains(&found.kind) {
            return Ok(());
        }
        Err(match reference.must_be {
            "" => Refusal::unknown_reference(&field, reference.kind),
            must_be => Refusal::field(&field, Rule::ReferenceKind, must_be),
        })
    }

    /// Requires that the target of a reference is in effect on the day that counts: the
    /// day of the reference, else the first day of the referring record, else `today`.
    /// A dated record must also not outlast its target. Its area is exempt from that: a
    /// grid can be split while its buildings remain.
    ///
    /// # Errors
    /// Returns `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`), with the bound that the day is
    /// outside of.
    pub fn require_days(
        &self,
        reference: &Reference,
        summary: &EventSummary,
        today: NaiveDate,
    ) -> Result<(), Refusal> {
        let Some(found) = self.lookup(reference) else {
            return Ok(());
        };
        if reference.any_day {
            return Ok(());
        }
        let day = reference.day.or(summary.start_date).unwrap_or(today);
        let (kind, field) = (reference.kind, reference.field);
        found.days.require(kind, field, day)?;
        if summary.is_dated && matches!(reference.key, Key::Id(_)) {
            found.days.require_until(kind, field, summary.end_date)?;
        }
        Ok(())
    }

    /// Requires that the target of a reference is in one of the required states, if the
    /// reference requires any.
    ///
    /// # Errors
    /// Returns `GUARD_FAILED` (`REFERENCE_STATE`), with the current state.
    pub fn require_state(&self, reference: &Reference) -> Result<(), Refusal> {
        let Key::Id(id) = &reference.key else {
            return Ok(());
        };
        let found = self.records.get(&(reference.kind, *id));
        let state = found.and_then(|found| found.state);
        match state {
            Some(state) if !reference.states.is_empty() && !reference.states.contains(&state) => {
                let (kind, field) = (reference.kind, reference.field);
                let wanted = reference.states.join(" or ");
                let why = format!("it is {state}, and must be {wanted}");
                Err(Refusal::reference_guard(
                    Guard::ReferenceState,
                    kind,
                    field,
                    &why,
                ))
            }
            _ => Ok(()),
        }
    }

    /// Returns the target of a reference from the cache; never queries the database.
    fn lookup(&self, reference: &Reference) -> Option<&ResolvedReference> {
        match &reference.key {
            Key::Code(code) => self.areas.get(code),
            Key::Id(id) => self.records.get(&(reference.kind, *id)),
        }
    }
}
