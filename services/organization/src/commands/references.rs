//! Records that another record names: whether they are there for the caller,
//! and what must be known of them. What was found is remembered, since codes
//! and kinds never change and nothing is ever deleted.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::{Tx, transaction::Failure};
use wangge_records::Found;

use crate::{
    domain::{
        area::AreaKind,
        person::PersonId,
        unit::{UnitId, UnitKind},
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
}

/// Records found so far, all within one scope.
#[derive(Debug)]
pub struct References {
    scope: RecordScope,
    areas: HashMap<String, AreaKind>,
    units: HashMap<UnitId, UnitFacts>,
    people: HashSet<PersonId>,
}

impl References {
    /// Nothing found yet.
    pub fn new(scope: RecordScope) -> Self {
        Self {
            scope,
            areas: HashMap::new(),
            units: HashMap::new(),
            people: HashSet::new(),
        }
    }

    /// The scope in which records are found.
    pub fn scope(&self) -> &RecordScope {
        &self.scope
    }

    /// What the area with a code is.
    ///
    /// # Errors
    /// `REFERENCE_UNKNOWN` on `field`.
    pub async fn area(
        &mut self,
        tx: &mut Tx,
        code: &str,
        field: &str,
    ) -> Result<AreaKind, Failure> {
        if let Some(kind) = self.areas.get(code) {
            return Ok(*kind);
        }
        let kind = store::area::load_kind(tx, &self.scope, code)
            .await?
            .ok_or_else(|| Refusal::unknown_reference(field, "area"))?;
        self.learn_area(code, kind);
        Ok(kind)
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
        let facts = UnitFacts {
            kind: unit.kind,
            area_code: unit.area_code,
        };
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
    pub(super) fn learned_areas(&self, codes: &[String]) -> Vec<(String, i16)> {
        let found = |code: &String| Some((code.clone(), self.areas.get(code)?.code()));
        codes.iter().filter_map(found).collect()
    }

    /// Remembers an area.
    pub fn learn_area(&mut self, code: &str, kind: AreaKind) {
        self.areas.insert(code.to_owned(), kind);
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
