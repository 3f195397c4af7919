//! An in-memory snapshot of the reference data: areas, units, addresses, categories and
//! the duty list. It is rebuilt when the tables change. With it, a report is routed
//! without a statement and without a call to another service.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use chrono::NaiveDate;
use sqlx::PgPool;
use tokio::sync::Mutex;
use uuid::Uuid;
use wangge_api::refusal::{Refusal, Rule};
use wangge_auth::RecordScope;
use wangge_kernel::{
    area_code,
    clock::Clock,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_pg::StoreError;
use wangge_places::{AddressEntry, Located, PlaceArea, PlaceIndex, boundary};
use wangge_record::Days;
use wangge_record_store::Claims;

use crate::{
    domain::{
        category::Limit,
        report::{Place, Report},
    },
    store::{
        copies::{AreaCopy, UnitCopy},
        reference::{ReferenceRows, load_reference, load_version},
    },
};

/// Number of the contract's `AREA_KIND_GRID`.
const GRID: i16 = 4;

/// Maximum distance in metres of a point from the nearest boundary in reach; a larger
/// one is treated as a mistake of the caller.
const FAR: f64 = 20_000.0;

/// A snapshot of the reference data.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    version: i64,
    /// Day on which it was built. The next day can bring new areas into effect.
    day: NaiveDate,
    /// Kinds of areas by code.
    areas: HashMap<String, i16>,
    /// Days on which units exist, by id.
    units: HashMap<Uuid, Days>,
    categories: HashMap<String, Limit>,
    /// The duty list: units by category and area.
    duties: HashMap<(String, String), Uuid>,
    places: PlaceIndex,
}

impl Reference {
    fn new(rows: ReferenceRows, today: NaiveDate) -> Self {
        let mut names = rows.area_names;
        let areas = rows.areas.iter().map(|area| PlaceArea {
            code: area.code.clone(),
            name: names.remove(&area.id).unwrap_or_default(),
            is_grid: area.kind == GRID,
            start_date: Some(area.start_date),
            end_date: area.end_date,
            // Organization validates boundaries. One that can't be read is treated as
            // missing, so that it doesn't block routing elsewhere.
            boundary: boundary::read(&area.boundary_geojson).ok(),
        });
        let addresses = rows.addresses.into_iter();
        let addresses = addresses.map(|(text, area_code)| AddressEntry { text, area_code });
        Self {
            version: rows.version,
            day: today,
            places: PlaceIndex::new(areas.collect(), addresses),
            areas: rows
                .areas
                .into_iter()
                .map(|area| (area.code, area.kind))
                .collect(),
            units: rows
                .units
                .into_iter()
                .map(|unit| (unit.id, unit.days()))
                .collect(),
            categories: rows
                .categories
                .into_iter()
                .map(|category| (category.code, category.limit))
                .collect(),
            duties: rows
                .responsibilities
                .into_iter()
                .map(|duty| ((duty.category_code, duty.area_code), duty.unit_id))
                .collect(),
        }
    }

    /// Returns the version of the tables and the day that the snapshot was built from.
    pub(crate) fn version(&self) -> (i64, NaiveDate) {
        (self.version, self.day)
    }

    pub(crate) fn knows_area(&self, code: &str) -> bool {
        self.areas.contains_key(code)
    }

    pub(crate) fn knows_unit(&self, id: Uuid) -> bool {
        self.units.contains_key(&id)
    }

    /// Checks that a unit, named in `field`, is known.
    ///
    /// # Errors
    /// Returns `REFERENCE_UNKNOWN` if it isn't.
    pub(crate) fn require_unit(&self, id: Uuid, field: &str) -> Result<(), Refusal> {
        if self.knows_unit(id) {
            Ok(())
        } else {
            Err(Refusal::unknown_reference(field, "unit"))
        }
    }

    /// Checks that a unit, named in `field`, exists on a day. An unknown unit passes.
    ///
    /// # Errors
    /// Returns `GUARD_FAILED` (`REFERENCE_NOT_CURRENT`), with the unit's first day or end.
    pub(crate) fn require_current(
        &self,
        id: Uuid,
        field: &str,
        day: NaiveDate,
    ) -> Result<(), Refusal> {
        self.units
            .get(&id)
            .map_or(Ok(()), |days| days.require("unit", field, day))
    }

    pub(crate) fn category_limit(&self, code: &str) -> Option<Limit> {
        self.categories.get(code).copied()
    }

    /// Determines the area of a report on a day: the grid that it names, or else the
    /// smallest area located by its point or address within the area that it names, or
    /// within `fallback`; that area itself if none is located. A place claimed by areas of
    /// several communities gets the smallest area that encloses them all, to be routed
    /// manually.
    pub(crate) fn place(&self, report: &Report, fallback: &str, day: NaiveDate) -> Place {
        let named = named(report, fallback);
        let found = if self.is_grid(named) {
            Some(named)
        } else {
            self.locate(report, named, day)
                .area()
                .filter(|code| area_code::is_within(code, named))
        };
        let area_code = found.unwrap_or(named).to_owned();
        Place {
            // Dispatch happens today, even if the report is an imported one.
            suggested_unit_id: self.responsible_unit(&report.category_code, &area_code, self.day),
            // The address book may only name the community of an address.
            routed: self.is_grid(&area_code),
            area_code,
        }
    }

    /// Returns the unit that the duty list names: that of the entry with the longest area
    /// code that contains the place. `None` if that unit doesn't exist on the day.
    pub(crate) fn responsible_unit(
        &self,
        category_code: &str,
        area_code: &str,
        day: NaiveDate,
    ) -> Option<Uuid> {
        (0..=area_code.len())
            .rev()
            .filter_map(|length| area_code.get(..length))
            .find_map(|area| {
                self.duties
                    .get(&(category_code.to_owned(), area.to_owned()))
            })
            .copied()
            // Without a fallback to a shorter code: a dispatcher decides which unit
            // replaces one that has ended.
            .filter(|unit| self.require_current(*unit, "unit_id", day).is_ok())
    }

    fn is_grid(&self, code: &str) -> bool {
        self.areas.get(code) == Some(&GRID)
    }

    /// Checks that a report's point is within [`FAR`] of a boundary in reach of the area
    /// that it names, or of `fallback`, on its day ([`PlaceIndex::is_far`]).
    pub(crate) fn check_point(
        &self,
        report: &Report,
        fallback: &str,
        day: NaiveDate,
    ) -> Result<(), Refusal> {
        let within = named(report, fallback);
        let far = |point| self.places.is_far(point, within, FAR, day);
        if report.point.is_some_and(far) {
            return Err(Refusal::field(
                "ticket.point",
                Rule::TicketPointInReach,
                format!("is more than {FAR} metres outside of the area"),
            ));
        }
        Ok(())
    }

    /// Locates a report by its point. The address decides if the point is in no area, and
    /// refines the result if the area is not a grid.
    fn locate(&self, report: &Report, within: &str, day: NaiveDate) -> Located<'_> {
        let by_point = report.point.map_or(Located::Nowhere, |point| {
            self.places.locate_point(point, within, day)
        });
        match by_point {
            // Claimed by several communities: the address must not decide between them.
            Located::Between { .. } => by_point,
            Located::In(code) if self.is_grid(code) => by_point,
            Located::In(area) => match self.places.locate_address(&report.address, area) {
                Located::Nowhere => by_point,
                by_address => by_address,
            },
            Located::Nowhere => self.places.locate_address(&report.address, within),
        }
    }
}

/// An area of a data set to import, with the data used to locate places.
#[derive(Debug)]
pub(crate) struct ClaimedPlace {
    /// Code of the area.
    pub code: String,
    /// Name of the area; empty if unknown.
    pub name: String,
    /// Boundary as GeoJSON; empty if unknown.
    pub boundary_geojson: String,
}

/// Adds claimed areas and units that don't exist yet, and removes areas that are neither
/// in a scope nor around it.
fn add_claims(
    rows: &mut ReferenceRows,
    claims: &Claims,
    places: Vec<ClaimedPlace>,
    scope: &RecordScope,
) {
    let own = scope.own_area().unwrap_or_default();
    rows.areas
        .retain(|area| scope.covers(&area.code) || own.starts_with(&area.code));
    let known: HashSet<String> = rows.areas.iter().map(|area| area.code.clone()).collect();
    for place in places {
        let Some(claimed) = claims.area(&place.code) else {
            continue;
        };
        if known.contains(&place.code) {
            continue;
        }
        let id = Uuid::now_v7();
        rows.area_names.insert(id, place.name);
        rows.areas.push(AreaCopy {
            id,
            code: place.code,
            kind: claimed.kind,
            boundary_geojson: place.boundary_geojson,
            // An unknown start doesn't restrict the days.
            start_date: claimed.days.start_date.unwrap_or(NaiveDate::MIN),
            end_date: claimed.days.end_date,
            revision: 0,
        });
    }
    let known: HashSet<Uuid> = rows.units.iter().map(|unit| unit.id).collect();
    let claimed = claims.units().filter(|(id, _)| !known.contains(id));
    rows.units.extend(claimed.map(|(id, unit)| UnitCopy {
        id,
        kind: unit.kind,
        area_code: unit.area_code.clone(),
        start_date: unit.days.start_date.unwrap_or(NaiveDate::MIN),
        end_date: unit.days.end_date,
        revision: 0,
    }));
}

/// Returns the area that a report names, or else `fallback`.
fn named<'a>(report: &'a Report, fallback: &'a str) -> &'a str {
    if report.area_code.is_empty() {
        fallback
    } else {
        &report.area_code
    }
}

/// Caches the current snapshot.
#[derive(Debug)]
pub(crate) struct ReferenceCache {
    pool: PgPool,
    clock: Clock,
    picture: RwLock<Option<Arc<Reference>>>,
    /// Held while the snapshot is rebuilt, so that concurrent callers don't rebuild it
    /// twice and an older snapshot never replaces a newer one.
    renewing: Mutex<()>,
}

impl ReferenceCache {
    pub(crate) fn new(pool: PgPool, clock: Clock) -> Self {
        Self {
            pool,
            clock,
            picture: RwLock::new(None),
            renewing: Mutex::new(()),
        }
    }

    /// Returns the cached snapshot, and loads it first if there is none yet.
    pub(crate) async fn get(&self) -> Result<Arc<Reference>, StoreError> {
        match self.known() {
            Some(picture) => Ok(picture),
            None => self.refresh().await,
        }
    }

    /// Builds a snapshot for a dry run: of the existing data in a scope and around it, and
    /// of what a data set claims in addition.
    pub(crate) async fn claiming(
        &self,
        claims: &Claims,
        places: Vec<ClaimedPlace>,
        scope: &RecordScope,
    ) -> Result<Reference, StoreError> {
        // Not cached: claims are valid for this dry run only.
        let mut rows = load_reference(&self.pool).await?;
        add_claims(&mut rows, claims, places, scope);
        Ok(Reference::new(rows, self.today()))
    }

    /// Returns the snapshot, refreshed first if it doesn't satisfy `knows`: another replica
    /// may have written the missing data.
    pub(crate) async fn knowing(
        &self,
        knows: impl Fn(&Reference) -> bool,
    ) -> Result<Arc<Reference>, StoreError> {
        let picture = self.get().await?;
        if knows(&picture) {
            Ok(picture)
        } else {
            self.refresh().await
        }
    }

    /// Returns the snapshot, rebuilt first if the tables have changed or another day has
    /// begun since it was built.
    pub(crate) async fn refresh(&self) -> Result<Arc<Reference>, StoreError> {
        // Read before the lock: callers that wait for a rebuild share its result if it is
        // at least as new as what they saw.
        let wanted = load_version(&self.pool).await?;
        let _renewing = self.renewing.lock().await;
        let today = self.today();
        if let Some(picture) = self.known()
            && picture.version >= wanted
            && picture.day == today
        {
            return Ok(picture);
        }
        let rows = load_reference(&self.pool).await?;
        let picture = Arc::new(Reference::new(rows, today));
        // A snapshot is replaced as a whole, so even a poisoned lock holds a valid one.
        *self.picture.write().unwrap_or_else(PoisonError::into_inner) = Some(picture.clone());
        Ok(picture)
    }

    /// Returns the cached snapshot without refreshing it; `None` if none was loaded yet.
    pub(crate) fn known(&self) -> Option<Arc<Reference>> {
        self.picture
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn today(&self) -> NaiveDate {
        day_of(self.clock.now(), DEFAULT_ZONE)
    }
}
