//! Records that another record names: whether they are there for the caller,
//! and what must be known of them. What was found is remembered, since codes
//! and kinds never change and nothing is ever deleted.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::area_code;
use wangge_pg::{Tx, transaction::Failure};
use wangge_resource::{Days, Found};

use super::area_tree::Bounded;
use crate::{
    domain::{
        area::{Area, AreaKind},
        person::PersonId,
        unit::{Unit, UnitId, UnitKind},
    },
    store,
};

/// What must be known of a unit that another record names.
#[derive(Debug, Clone)]
pub struct UnitFacts {
    /// What it is.
    pub kind: UnitKind,
    /// Code of its area.
    pub area_code: String,
    /// The days on which it exists.
    pub days: Days,
}

impl UnitFacts {
    /// Those of a unit.
    pub fn of(unit: &Unit) -> Self {
        Self {
            kind: unit.kind,
            area_code: unit.area_code.clone(),
            days: unit.days(),
        }
    }
}

/// What must be known of an area that another record names.
#[derive(Debug, Clone, Copy)]
pub struct AreaFacts {
    /// What it is.
    pub kind: AreaKind,
    /// The days on which it exists.
    pub days: Days,
}

/// Records found so far, all within one scope.
#[derive(Debug)]
pub struct References {
    scope: RecordScope,
    areas: HashMap<String, AreaFacts>,
    /// Areas in which the words of the address book are one another's, by code.
    homes: HashMap<String, String>,
    units: HashMap<UnitId, UnitFacts>,
    people: HashSet<PersonId>,
    /// What rows that are only checked have brought of the tree.
    tried: BTreeMap<String, Option<String>>,
}

impl References {
    /// Nothing found yet.
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

    /// The scope in which records are found.
    pub fn scope(&self) -> &RecordScope {
        &self.scope
    }

    /// The area with a code.
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

    /// The area that an area's entries of the address book are entered for: the
    /// community of a grid, and any other area itself.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` on `field`.
    pub async fn home(&mut self, tx: &mut Tx, code: &str, field: &str) -> Result<String, Failure> {
        if let Some(home) = self.homes.get(code) {
            return Ok(home.clone());
        }
        let area = store::area::load_area(tx, &self.scope, code)
            .await?
            .filter(|_| self.scope.covers(code))
            .ok_or_else(|| Refusal::unknown_reference(field, "area"))?;
        self.learn_area(&area);
        Ok(area.home().to_owned())
    }

    /// The unit with an id.
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

    /// Demands that there is a person with an id.
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

    /// Of these records, those that rows before have brought.
    pub(super) fn learned(&self, kind: &str, ids: &[Uuid]) -> Vec<(Uuid, Found)> {
        let found = |id: &Uuid| match kind {
            "unit" => self.units.get(&UnitId(*id)).map(|unit| Found {
                kind: unit.kind.code(),
                days: unit.days,
                ..Found::plain(unit.area_code.clone())
            }),
            "person" => {
                let known = self.people.contains(&PersonId(*id));
                known.then(|| Found::plain(String::new()))
            }
            _ => None,
        };
        ids.iter()
            .filter_map(|id| Some((*id, found(id)?)))
            .collect()
    }

    /// Of these areas, those that rows before have brought.
    pub(super) fn learned_areas(&self, codes: &[String]) -> Vec<(String, Found)> {
        let found = |code: &String| {
            let area = self.areas.get(code)?;
            let found = Found {
                kind: area.kind.code(),
                days: area.days,
                ..Found::plain(code.clone())
            };
            Some((code.clone(), found))
        };
        codes.iter().filter_map(found).collect()
    }

    /// Remembers an area.
    pub fn learn_area(&mut self, area: &Area) {
        let facts = AreaFacts {
            kind: area.kind,
            days: area.days(),
        };
        self.areas.insert(area.code.clone(), facts);
        self.homes.insert(area.code.clone(), area.home().to_owned());
    }

    /// Remembers an area that is only tried, and so can't be found in the
    /// database.
    pub fn try_area(&mut self, area: &Area) {
        self.learn_area(area);
        let boundary = area.boundary_geojson.clone();
        self.tried.insert(area.code.clone(), boundary);
    }

    /// The code of an area that was only tried, with which a new one's clashes.
    pub fn tried_clash(&self, area: &Area) -> Option<&str> {
        let parent = area.parent_code.as_deref().unwrap_or_default();
        let around = self.tried_around(&area.code).next();
        let inside = self
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

    /// The nearest area around a code that was only tried and has a boundary.
    pub fn bounded_around(&self, code: &str) -> Option<Bounded> {
        self.tried_around(code)
            .find_map(|(code, boundary)| Some((code.to_owned(), boundary?.to_owned())))
    }

    /// Areas around a code that were only tried, the smallest first.
    fn tried_around(&self, code: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut around = area_code::around(code);
        around.pop();
        around.into_iter().rev().filter_map(|code| {
            let (code, boundary) = self.tried.get_key_value(&code)?;
            Some((code.as_str(), boundary.as_deref()))
        })
    }

    /// Remembers a unit.
    pub fn learn_unit(&mut self, id: UnitId, facts: UnitFacts) {
        self.units.insert(id, facts);
    }

    /// Remembers a person.
    pub fn learn_person(&mut self, id: PersonId) {
        self.people.insert(id);
    }
}
