//! What records stand on: the areas, people, units and records that they name.
//! What was found is remembered, since codes and kinds never change and
//! nothing is ever deleted; states and ends do change: states are asked for in
//! calls alone, whose memory lasts no longer than their transaction, and an end
//! that comes during a load holds for the next one.
//!
//! The one place where references are checked for their day: see
//! [`Known::demand_days`].

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::Arc,
};

use chrono::NaiveDate;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_kernel::limit::{DEFAULT_ZONE, day_of};
use wangge_kernel::refusal::Refusal;
use wangge_pg::{StoreError, Trial, Tx};

use wangge_resource::{Found, Key, Record, Reference, Told};

use crate::Claims;

/// What organization's units are called wherever they are named.
const UNIT: &str = "unit";

/// How a service finds what its records name.
pub trait Ground: Send + Sync + 'static {
    /// In which scope records are looked for.
    fn scope(&self) -> &RecordScope;

    /// Records of a kind by id, those that are there for the caller.
    fn find(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<(Uuid, Found)>, StoreError>> + Send;

    /// Whether records of a kind, `area` among them, are another service's, whose
    /// feed brings them here.
    fn is_foreign(&self, _kind: &str) -> bool {
        false
    }

    /// Areas by code, those that are there for the caller.
    fn find_areas(
        &self,
        tx: &mut Tx,
        codes: &[String],
    ) -> impl Future<Output = Result<Vec<(String, Found)>, StoreError>> + Send;
}

/// A ground, and what has been found on it.
#[derive(Debug, Clone)]
pub struct Known<G> {
    ground: G,
    records: HashMap<(&'static str, Uuid), Found>,
    areas: HashMap<String, Found>,
    /// What was waited for in vain.
    given_up: HashSet<Key>,
    /// Whether what belongs to other services is taken as given: a trial may
    /// come before they have it.
    trusts: bool,
    /// What is claimed of areas and units in a trial; then nothing is taken as
    /// given.
    claims: Option<Arc<Claims>>,
    /// What a trial has let pass: digests by id, and the days of what only one
    /// record can have at a time.
    passed: HashMap<Uuid, Option<String>>,
    terms: HashMap<(&'static str, String), Vec<Term>>,
    /// Where a trial keeps what it has let pass, if it goes on over many batches.
    trial: Option<Trial>,
}

/// First day, and first day on which it no longer holds.
type Term = (NaiveDate, Option<NaiveDate>);

fn overlap(one: Term, other: Term) -> bool {
    one.1.is_none_or(|end| other.0 < end) && other.1.is_none_or(|end| one.0 < end)
}

impl<G: Ground> Known<G> {
    /// Nothing found yet.
    pub fn new(ground: G) -> Self {
        Self {
            ground,
            records: HashMap::new(),
            areas: HashMap::new(),
            given_up: HashSet::new(),
            trusts: false,
            claims: None,
            passed: HashMap::new(),
            terms: HashMap::new(),
            trial: None,
        }
    }

    /// In which scope records are looked for.
    pub fn scope(&self) -> &RecordScope {
        self.ground.scope()
    }

    /// The ground itself.
    pub fn ground(&self) -> &G {
        &self.ground
    }

    /// The ground itself, to teach it something.
    pub fn ground_mut(&mut self) -> &mut G {
        &mut self.ground
    }

    /// Remembers a record as if it had been found.
    pub fn learn(&mut self, kind: &'static str, id: Uuid, found: Found) {
        self.records.insert((kind, id), found);
    }

    /// Goes by what a data set claims of areas and units that can't be found, and
    /// takes nothing as given. For trials only: a load goes by what is there.
    pub fn claim(&mut self, claims: Arc<Claims>) {
        self.claims = Some(claims);
    }

    /// Looks for everything that is named: a statement for each kind at most.
    pub async fn look(
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
            self.areas.extend(self.ground.find_areas(tx, &codes).await?);
            self.learn_claimed_areas(codes);
        }
        for (kind, ids) in ids {
            let found = self.ground.find(tx, kind, &ids).await?;
            self.records
                .extend(found.into_iter().map(|(id, found)| ((kind, id), found)));
            if kind == UNIT {
                self.learn_claimed_units(ids);
            }
        }
        Ok(())
    }

    fn learn_claimed_areas(&mut self, codes: Vec<String>) {
        let Some(claims) = &self.claims else { return };
        for code in codes {
            if let Some(claimed) = claims.area(&code) {
                self.areas.entry(code).or_insert_with(|| claimed.clone());
            }
        }
    }

    fn learn_claimed_units(&mut self, ids: Vec<Uuid>) {
        let Some(claims) = &self.claims else { return };
        for id in ids {
            if let Some(claimed) = claims.unit(id) {
                let known = self.records.entry((UNIT, id));
                known.or_insert_with(|| claimed.clone());
            }
        }
    }

    /// Whether some records name what another service's feed has not brought and
    /// may still bring.
    pub fn waits_for<'r, R: Record>(&self, records: impl Iterator<Item = &'r R>) -> bool {
        self.missing(records).next().is_some()
    }

    /// Waits no more for what some records name.
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
                self.ground.is_foreign(reference.kind)
                    && self.may_be_reached(&reference.key)
                    && !self.given_up.contains(&reference.key)
                    && self.lookup(reference).is_none()
            })
            .map(|reference| reference.key)
    }

    /// Whether it makes sense to wait for a record: what lies outside the scope
    /// never comes.
    fn may_be_reached(&self, key: &Key) -> bool {
        match key {
            Key::Code(code) => self.scope().covers(code),
            Key::Id(_) => true,
        }
    }

    /// The trial that goes on over many batches; it begins when it is first asked
    /// for.
    pub fn trial(&mut self) -> Trial {
        self.trial.get_or_insert_default().clone()
    }

    /// Whether there is such a trial: then what was tried is in the database, for
    /// what is tried later.
    pub fn is_on_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// Takes what belongs to other services as given, or not.
    pub fn trust(&mut self, trusts: bool) {
        self.trusts = trusts;
    }

    /// Lets a tried record pass, unless it stands in the way of one that passed
    /// before: what a trial has tried is not in the database.
    ///
    /// # Errors
    /// `RECORD_EXISTS`, and what [`Record::taken`] refuses.
    pub fn pass<R: Record>(&mut self, record: &R) -> Result<(), Refusal> {
        let head = record.head();
        if let Some(digest) = self.passed.get(&head.id) {
            return if *digest == head.import_digest {
                Ok(())
            } else {
                Err(Refusal::exists(R::KIND, &format!("{}.id", R::KIND)))
            };
        }
        let told = record.told();
        if let (Some(key), Some(start)) = (record.exclusive(), told.start_date) {
            let term = (start, told.end_date);
            let terms = self.terms.entry((R::KIND, key)).or_default();
            if terms.iter().any(|other| overlap(*other, term)) {
                return Err(record.taken());
            }
            terms.push(term);
        }
        self.passed.insert(head.id, head.import_digest.clone());
        Ok(())
    }

    /// Puts a record in its place: what it names is there and holds on its days,
    /// and where it has no place of its own it lies where the record lies that
    /// places it.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` and `FIELD_INVALID`, naming the field; `GUARD_FAILED`
    /// as in [`Known::demand_state`] and [`Known::demand_days`].
    pub fn place<R: Record>(&self, record: &mut R) -> Result<(), Refusal> {
        let placed_by = record.placed_by();
        let told = record.told();
        let today = day_of(record.head().created_time, DEFAULT_ZONE);
        for reference in record.references() {
            let place = self.demand(R::KIND, &reference)?;
            if !record.head().imported {
                self.demand_state(&reference)?;
            }
            self.demand_days(&reference, &told, today)?;
            if let (Some(place), Some(id), Key::Id(named)) = (place, placed_by, &reference.key)
                && id == *named
            {
                place.clone_into(&mut record.head_mut().area_code);
            }
        }
        // The second wall: whatever named the place, the caller must reach it.
        if self.scope().covers(&record.head().area_code) {
            Ok(())
        } else {
            let field = format!("{}.area_code", R::KIND);
            Err(Refusal::unknown_reference(&field, "area"))
        }
    }

    /// Demands that what a record of some kind names is there and is what it
    /// must be; answers where it lies, if that is known.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` and `FIELD_INVALID`, naming the field.
    pub fn demand(&self, record: &str, reference: &Reference) -> Result<Option<&str>, Refusal> {
        let field = format!("{record}.{}", reference.field);
        let Some(found) = self.lookup(reference) else {
            let is_given = self.trusts && self.claims.is_none();
            if is_given && self.ground.is_foreign(reference.kind) {
                return Ok(None);
            }
            return Err(Refusal::unknown_reference(&field, reference.kind));
        };
        if !reference.of.is_empty() && !reference.of.contains(&found.kind) {
            return Err(Refusal::field(&field, "reference.kind", reference.must_be));
        }
        Ok(Some(&found.area_code))
    }

    /// Demands that what a record names holds on the day that counts: the day of
    /// the reference, else the first day of the record, else today. What holds
    /// from a day to a day must lie within the days of what it names, the area
    /// where it lies excepted: a grid can be split while its buildings stand.
    ///
    /// # Errors
    /// `GUARD_FAILED` (`<kind>_not_current`), with the day that stands against it.
    pub fn demand_days(
        &self,
        reference: &Reference,
        told: &Told,
        today: NaiveDate,
    ) -> Result<(), Refusal> {
        let Some(found) = self.lookup(reference) else {
            return Ok(());
        };
        if reference.any_day {
            return Ok(());
        }
        let day = reference.day.or(told.start_date).unwrap_or(today);
        let (kind, field) = (reference.kind, reference.field);
        found.days.demand(kind, field, day)?;
        if told.is_dated && matches!(reference.key, Key::Id(_)) {
            found.days.demand_until(kind, field, told.end_date)?;
        }
        Ok(())
    }

    /// Demands that a record that is named is in a state in which it can be.
    ///
    /// # Errors
    /// `GUARD_FAILED` (`<kind>_state`), with the state met.
    pub fn demand_state(&self, reference: &Reference) -> Result<(), Refusal> {
        let Key::Id(id) = &reference.key else {
            return Ok(());
        };
        let found = self.records.get(&(reference.kind, *id));
        let state = found.and_then(|found| found.state);
        match state {
            Some(state) if !reference.states.is_empty() && !reference.states.contains(&state) => {
                let guard = format!("{}_state", reference.kind);
                let wanted = reference.states.join(" or ");
                let why = format!("it is {state}, and must be {wanted}");
                Err(Refusal::guard(&guard, reference.kind, why))
            }
            _ => Ok(()),
        }
    }

    /// What is known of a record that is named.
    fn lookup(&self, reference: &Reference) -> Option<&Found> {
        match &reference.key {
            Key::Code(code) => self.areas.get(code),
            Key::Id(id) => self.records.get(&(reference.kind, *id)),
        }
    }
}
