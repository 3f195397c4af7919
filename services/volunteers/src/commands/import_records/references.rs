//! Lookup of the areas and units that rows of an import reference. They are delivered
//! by organization's feed, which may lag behind the import, so the lookup waits for them.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_outbox::Arrival;
use wangge_pg::{Database, StoreError};
use wangge_record::Days;
use wangge_record_store::Claims;

use super::rows::{Record, Row};
use crate::{
    domain::{
        area::Area,
        registration::{self, Registration},
    },
    store,
};

/// Codes of areas and ids of units.
#[derive(Debug, Default)]
pub(super) struct Names {
    codes: BTreeSet<String>,
    unit_ids: BTreeSet<Uuid>,
}

impl Names {
    /// Returns the names that rows reference; rows outside the scope are skipped.
    pub(super) fn of(rows: &[Row], scope: &RecordScope) -> Self {
        let mut names = Self::default();
        for row in rows {
            if let Ok(Record::Registration(new)) = &row.content
                && scope.covers(&new.area_code)
            {
                names.codes.insert(new.area_code.clone());
                names.unit_ids.insert(new.home_unit_id.0);
            }
        }
        names
    }

    /// Returns the names that are neither known nor in `given_up`.
    fn missing(&self, known: &References, given_up: &Self) -> Self {
        let code_missing =
            |code: &&String| known.area(code).is_none() && !given_up.codes.contains(*code);
        let unit_missing =
            |id: &&Uuid| known.unit(**id).is_none() && !given_up.unit_ids.contains(*id);
        Self {
            codes: self.codes.iter().filter(code_missing).cloned().collect(),
            unit_ids: self.unit_ids.iter().filter(unit_missing).copied().collect(),
        }
    }
}

/// Areas and units that were found in the local copies or are claimed.
#[derive(Debug, Default)]
pub(super) struct References {
    areas: HashMap<String, Area>,
    units: HashMap<Uuid, Days>,
    /// True if unknown areas and units are accepted.
    trusts: bool,
}

impl References {
    /// Checks the area and the unit that a registration references.
    ///
    /// # Errors
    /// Returns the errors of [`registration::check_references`].
    pub(super) fn check(&self, new: &Registration) -> Result<(), Refusal> {
        let (area, unit) = (self.area(&new.area_code), self.unit(new.home_unit_id.0));
        if self.trusts && (area.is_none() || unit.is_none()) {
            return Ok(());
        }
        registration::check_references(new, area, unit, "")
    }

    fn area(&self, code: &str) -> Option<&Area> {
        self.areas.get(code)
    }

    /// Returns the days of a unit, if it is known.
    fn unit(&self, id: Uuid) -> Option<Days> {
        self.units.get(&id).copied()
    }

    fn claim(&mut self, wanted: &Names, claims: &Claims) {
        for code in &wanted.codes {
            if let Some(claimed) = claims.area(code) {
                let area = || Area {
                    code: code.clone(),
                    kind: claimed.kind,
                    start_date: claimed.days.start_date,
                    end_date: claimed.days.end_date,
                };
                // The stored copy takes precedence over a claim.
                self.areas.entry(code.clone()).or_insert_with(area);
            }
        }
        for id in &wanted.unit_ids {
            if let Some(claimed) = claims.unit(*id) {
                self.units.entry(*id).or_insert(claimed.days);
            }
        }
    }
}

/// Returns the known areas and units of `wanted`, and the claims for the rest. If there
/// are no claims at all, the rest is accepted without validation. For dry runs.
pub(super) async fn claimed(
    database: &Database,
    scope: &RecordScope,
    wanted: &Names,
    claims: Option<&Claims>,
) -> Result<References, StoreError> {
    let mut known = look_up(database, scope, wanted).await?;
    match claims {
        Some(claims) => known.claim(wanted, claims),
        None => known.trusts = true,
    }
    Ok(known)
}

/// Polls until all of `wanted` is known, or organization's feed can no longer deliver
/// what is missing. Names that were not delivered are added to `given_up` and not waited
/// for again in the same import.
pub(super) async fn wait(
    database: &Database,
    scope: &RecordScope,
    wanted: Names,
    given_up: &mut Names,
) -> Result<References, StoreError> {
    let mut arrival = Arrival::new(database.background.clone());
    loop {
        let known = look_up(database, scope, &wanted).await?;
        let mut missing = wanted.missing(&known, given_up);
        if missing.codes.is_empty() && missing.unit_ids.is_empty() {
            return Ok(known);
        }
        // Recorded for the whole stream: otherwise each batch with a misspelt code would
        // wait for the full timeout.
        if !arrival.may_still_come().await? {
            given_up.codes.append(&mut missing.codes);
            given_up.unit_ids.append(&mut missing.unit_ids);
            return Ok(known);
        }
    }
}

async fn look_up(
    database: &Database,
    scope: &RecordScope,
    wanted: &Names,
) -> Result<References, StoreError> {
    if wanted.codes.is_empty() && wanted.unit_ids.is_empty() {
        return Ok(References::default());
    }
    let codes: Vec<_> = wanted.codes.iter().cloned().collect();
    let unit_ids: Vec<_> = wanted.unit_ids.iter().copied().collect();
    let areas = store::area::list_areas(&database.calls, scope, &codes).await?;
    // Not limited to the scope: officials come from units of any area.
    let units = store::unit::find_units(&database.calls, &unit_ids).await?;
    Ok(References {
        areas: areas
            .into_iter()
            .map(|area| (area.code.clone(), area))
            .collect(),
        units: units
            .into_iter()
            .map(|(id, unit)| (id, unit.days))
            .collect(),
        trusts: false,
    })
}
