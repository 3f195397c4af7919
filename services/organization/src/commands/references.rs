//! Records that another record refers to: checks that they exist in the caller's
//! scope, and returns what must be known of them. Results are cached, because codes
//! and kinds never change and nothing is ever deleted.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::area_code;
use wangge_pg::{Tx, transaction::Failure};
use wangge_record::{Days, ResolvedReference};

use super::area_tree::Bounded;
use crate::{
    domain::{
        area::{Area, AreaKind},
        person::PersonId,
        unit::{Unit, UnitId, UnitKind},
    },
    store,
};

/// The facts about a unit that records which refer to it depend on.
#[derive(Debug, Clone)]
pub struct UnitFacts {
    /// Kind of the unit.
    pub kind: UnitKind,
    /// Code of its area.
    pub area_code: String,
    /// The days on which it exists.
    pub days: Days,
}

impl UnitFacts {
    /// Returns the facts of a unit.
    pub fn of(unit: &Unit) -> Self {
        Self {
            kind: unit.kind,
            area_code: unit.area_code.clone(),
            days: unit.days(),
        }
    }
}

/// The facts about an area that records which refer to it depend on.
#[derive(Debug, Clone, Copy)]
pub struct AreaFacts {
    /// Kind of the area.
    pub kind: AreaKind,
    /// The days on which it exists.
    pub days: Days,
}

/// Cache of the records found so far, all within one scope.
#[derive(Debug)]
pub struct References {
    scope: RecordScope,
    areas: HashMap<String, AreaFacts>,
    /// Home of each area by its code: see [`Area::home`].
    homes: HashMap<String, String>,
    units: HashMap<UnitId, UnitFacts>,
    people: HashSet<PersonId>,
    /// Boundaries by code of the areas that a dry run has accepted and not written.
    tried: BTreeMap<String, Option<String>>,
}

impl References {
    /// Creates an empty cache for a scope.
    pub fn new(scope: RecordScope) -> Self {
        Self {
            scope,
            areas: HashMap::new(),
            homes: HashMap::new(),
            tried: BTreeMap::new(),
            units: HashMap::new(),
            people: HashSet::new(),
        }
    }

    /// Returns the scope that records are looked up in.
    pub fn scope(&self) -> &RecordScope {
        &self.scope
    }

    /// Returns the area with a code, from the cache if possible.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` on `field`.
    pub async fn area(
        &mut self,
        tx: &mut Tx,
        code: &str,
        field: &str,
    ) -> Result<AreaFacts, Failure> {
        if let Some(facts) = self.areas.get(code) {
            return Ok(*facts);
        }
        let (kind, days) = store::area::load_kind(tx, &self.scope, code)
            .await?
            .ok_or_else(|| Refusal::unknown_reference(field, "area"))?;
        let facts = AreaFacts { kind, days };
        self.areas.insert(code.to_owned(), facts);
        Ok(facts)
    }

    /// Returns the area that entries of the address book are entered for: the community
    /// of a grid, and any other area itself.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` on `field`.
    pub async fn home(&mut self, tx: &mut Tx, code: &str, field: &str) -> Result<String, Failure> {
        if let Some(home) = self.homes.get(code) {
            return Ok(home.clone());
        }
        let area = store::area::load_area(tx, &self.scope, code)
            .await?
            // `load_area` also returns the areas around the scope, whose address books the
            // caller may not write.
            .filter(|_| self.scope.covers(code))
            .ok_or_else(|| Refusal::unknown_reference(field, "area"))?;
        self.learn_area(&area);
        Ok(area.home().to_owned())
    }

    /// Returns the unit with an id, from the cache if possible.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` on `field`.
    pub async fn unit(
        &mut self,
        tx: &mut Tx,
        id: UnitId,
        field: &str,
    ) -> Result<UnitFacts, Failure> {
        if let Some(facts) = self.units.get(&id) {
            return Ok(facts.clone());
        }
        let unit = store::unit::load_unit(tx, &self.scope, id.0)
            .await?
            .ok_or_else(|| Refusal::unknown_reference(field, "unit"))?;
        let facts = UnitFacts::of(&unit);
        self.learn_unit(id, facts.clone());
        Ok(facts)
    }

    /// Checks that a person with the id exists.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` on `field`.
    pub async fn person(&mut self, tx: &mut Tx, id: PersonId, field: &str) -> Result<(), Failure> {
        if self.people.contains(&id) {
            return Ok(());
        }
        store::person::load_person(tx, &self.scope, id.0)
            .await?
            .ok_or_else(|| Refusal::unknown_reference(field, "person"))?;
        self.learn_person(id);
        Ok(())
    }

    /// Returns the records among `ids` that are cached, such as those of earlier rows.
    pub(super) fn learned(&self, kind: &str, ids: &[Uuid]) -> Vec<(Uuid, ResolvedReference)> {
        let found = |id: &Uuid| match kind {
            "unit" => self.units.get(&UnitId(*id)).map(|unit| ResolvedReference {
                kind: unit.kind.code(),
                days: unit.days,
                ..ResolvedReference::plain(unit.area_code.clone())
            }),
            "person" => {
                let known = self.people.contains(&PersonId(*id));
                known.then(|| ResolvedReference::plain(String::new()))
            }
            _ => None,
        };
        ids.iter()
            .filter_map(|id| Some((*id, found(id)?)))
            .collect()
    }

    /// Returns the areas among `codes` that are cached, such as those of earlier rows.
    pub(super) fn learned_areas(&self, codes: &[String]) -> Vec<(String, ResolvedReference)> {
        let found = |code: &String| {
            let area = self.areas.get(code)?;
            let found = ResolvedReference {
                kind: area.kind.code(),
                days: area.days,
                ..ResolvedReference::plain(code.clone())
            };
            Some((code.clone(), found))
        };
        codes.iter().filter_map(found).collect()
    }

    /// Adds an area to the cache.
    pub fn learn_area(&mut self, area: &Area) {
        let facts = AreaFacts {
            kind: area.kind,
            days: area.days(),
        };
        self.areas.insert(area.code.clone(), facts);
        self.homes.insert(area.code.clone(), area.home().to_owned());
    }

    /// Adds an area of a dry run, which is never written and so can't be found in the
    /// database.
    pub fn try_area(&mut self, area: &Area) {
        self.learn_area(area);
        let boundary = area.boundary_geojson.clone();
        self.tried.insert(area.code.clone(), boundary);
    }

    /// Returns the code of an area of the dry run that clashes with a new area's code.
    pub fn tried_clash(&self, area: &Area) -> Option<&str> {
        let parent = area.parent_code.as_deref().unwrap_or_default();
        let around = self.tried_around(&area.code).next();
        let inside = self
            // A code sorts directly before all codes that begin with it, so the next code in
            // order is enough to find a clash.
            .tried
            .range(area.code.clone()..)
            .map(|(code, _)| code.as_str());
        let inside = inside.filter(|code| *code != area.code).take(1);
        inside
            .filter(|code| area_code::is_within(code, &area.code))
            .chain(
                around
                    .map(|(code, _)| code)
                    .filter(|code| code.len() > parent.len()),
            )
            .next()
    }

    /// Returns the nearest area around a code that the dry run has accepted with a boundary.
    pub fn bounded_around(&self, code: &str) -> Option<Bounded> {
        self.tried_around(code)
            .find_map(|(code, boundary)| Some((code.to_owned(), boundary?.to_owned())))
    }

    /// Returns the areas around a code that the dry run has accepted, the smallest first.
    fn tried_around(&self, code: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut around = area_code::around(code);
        // The last code is the given one itself.
        around.pop();
        around.into_iter().rev().filter_map(|code| {
            let (code, boundary) = self.tried.get_key_value(&code)?;
            Some((code.as_str(), boundary.as_deref()))
        })
    }

    /// Adds a unit to the cache.
    pub fn learn_unit(&mut self, id: UnitId, facts: UnitFacts) {
        self.units.insert(id, facts);
    }

    /// Adds a person to the cache.
    pub fn learn_person(&mut self, id: PersonId) {
        self.people.insert(id);
    }
}
