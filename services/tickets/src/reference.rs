//! The in-memory snapshot of reference data: areas, units, addresses, categories and
//! the duty list. It is loaded from the service's own tables and refreshed when they
//! change, so a report is routed without a query or a remote call.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use chrono::NaiveDate;
use sqlx::PgPool;
use tokio::sync::Mutex;
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_kernel::{
    area_code,
    clock::Clock,
    limit::{DEFAULT_ZONE, day_of},
};
use wangge_pg::StoreError;
use wangge_places::{AddressEntry, Located, PlaceArea, PlaceIndex, boundary};
use wangge_records::{Claims, Days};

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

/// Number of `AREA_KIND_GRID` in organization's contract.
const GRID: i16 = 4;

/// Maximum distance, in metres, of a report's point from every boundary in reach. A point
/// farther away is a mistake of its reporter.
const FAR: f64 = 20_000.0;

/// A snapshot of the reference data.
#[derive(Debug, Default)]
pub(crate) struct Reference {
    version: i64,
    /// Day on which the snapshot was loaded: areas may start to exist on the next one.
    day: NaiveDate,
    /// Kinds of areas, by code.
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
            // Boundaries were validated on entry; an area may have none.
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

    /// Returns the version of the snapshot: that of the tables, and the day.
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
    /// Returns `REFERENCE_UNKNOWN`.
    pub(crate) fn demand_unit(&self, id: Uuid, field: &str) -> Result<(), Refusal> {
        if self.knows_unit(id) {
            Ok(())
        } else {
            Err(Refusal::unknown_reference(field, "unit"))
        }
    }

    /// Checks that a unit, named in `field`, exists on a day. An unknown unit passes.
    ///
    /// # Errors
    /// Returns `GUARD_FAILED` (`unit_not_current`), which names the day.
    pub(crate) fn demand_current(
        &self,
        id: Uuid,
        field: &str,
        day: NaiveDate,
    ) -> Result<(), Refusal> {
        self.units
            .get(&id)
            .map_or(Ok(()), |days| days.demand("unit", field, day))
    }

    pub(crate) fn category_limit(&self, code: &str) -> Option<Limit> {
        self.categories.get(code).copied()
    }

    /// Returns the area of a report of a day. That is the grid that the report names; else
    /// the smallest area that its point or address is in, within the area that it names or
    /// within `fallback`; else that area itself. If areas of several communities claim the
    /// place, it returns the smallest area around them all, for a dispatcher to route.
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
            // Of the snapshot's day and not the report's: an order would be issued now.
            suggested_unit_id: self.responsible_unit(&report.category_code, &area_code, self.day),
            // An address may resolve to a community and not to one of its grids.
            routed: self.is_grid(&area_code),
            area_code,
        }
    }

    /// Returns the unit that the duty list names: the entry with the longest area code that
    /// is a prefix of `area_code`. Returns none if that unit doesn't exist on the day; then
    /// a dispatcher chooses its successor.
    pub(crate) fn responsible_unit(
        &self,
        category_code: &str,
        area_code: &str,
        day: NaiveDate,
    ) -> Option<Uuid> {
        // Area codes are hierarchical: each prefix is the code of an area around, or of none.
        // Duties exist for categories and areas at any level, the whole platform included.
        (0..=area_code.len())
            .rev()
            .filter_map(|length| area_code.get(..length))
            .find_map(|area| {
                self.duties
                    .get(&(category_code.to_owned(), area.to_owned()))
            })
            .copied()
            .filter(|unit| self.demand_current(*unit, "unit_id", day).is_ok())
    }

    fn is_grid(&self, code: &str) -> bool {
        self.areas.get(code) == Some(&GRID)
    }

    /// Checks that a report's point is plausible for the area that it names, or for
    /// `fallback`, on its day: not farther than [`FAR`] from every boundary in its reach
    /// ([`PlaceIndex::is_far`]).
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
                "ticket.point_in_reach",
                format!("lies more than {FAR} metres outside of the area"),
            ));
        }
        Ok(())
    }

    /// Locates a report by its point if that is inside a known area, or by its address if
    /// no boundary contains the point.
    fn locate(&self, report: &Report, within: &str, day: NaiveDate) -> Located<'_> {
        let by_point = report.point.map_or(Located::Nowhere, |point| {
            self.places.locate_point(point, within, day)
        });
        match by_point {
            // A boundary case between communities: an address book entry belongs to one of them
            // and must not decide it.
            Located::Between { .. } => by_point,
            Located::In(code) if self.is_grid(code) => by_point,
            // The point is in a community but in no grid of it: only addresses within that
            // community can refine the result.
            Located::In(area) => match self.places.locate_address(&report.address, area) {
                Located::Nowhere => by_point,
                by_address => by_address,
            },
            Located::Nowhere => self.places.locate_address(&report.address, within),
        }
    }
}

/// An area that a data set claims, with the fields that locate places in it.
#[derive(Debug)]
pub(crate) struct ClaimedPlace {
    /// Code of the area.
    pub code: String,
    /// Name of the area; empty if not known.
    pub name: String,
    /// Boundary as GeoJSON; empty if not known.
    pub boundary_geojson: String,
}

/// Adds claimed areas and units that are not stored; drops areas that are neither in the
/// scope nor around it.
fn add_claims(
    rows: &mut ReferenceRows,
    claims: &Claims,
    places: Vec<ClaimedPlace>,
    scope: &RecordScope,
) {
    // A dry run must not depend on, or disclose, areas that its caller can't see.
    let own = scope.own_area().unwrap_or_default();
    rows.areas
        .retain(|area| scope.covers(&area.code) || own.starts_with(&area.code));
    let known: HashSet<String> = rows.areas.iter().map(|area| area.code.clone()).collect();
    for place in places {
        // `claims` holds what was accepted of the data set.
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

/// The cache of the current snapshot.
#[derive(Debug)]
pub(crate) struct ReferenceCache {
    pool: PgPool,
    clock: Clock,
    picture: RwLock<Option<Arc<Reference>>>,
    /// Held while a snapshot is loaded: it prevents that an older one replaces a newer one,
    /// and that two tasks load the same version.
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

    /// Returns the cached snapshot; loads one if there is none yet.
    pub(crate) async fn get(&self) -> Result<Arc<Reference>, StoreError> {
        match self.known() {
            Some(picture) => Ok(picture),
            None => self.refresh().await,
        }
    }

    /// Returns a snapshot for a dry run: the stored areas in a scope and around it, and those
    /// that a data set claims. It is not cached.
    pub(crate) async fn claiming(
        &self,
        claims: &Claims,
        places: Vec<ClaimedPlace>,
        scope: &RecordScope,
    ) -> Result<Reference, StoreError> {
        let mut rows = load_reference(&self.pool).await?;
        add_claims(&mut rows, claims, places, scope);
        Ok(Reference::new(rows, self.today()))
    }

    /// Returns a snapshot, refreshed once if the cached one lacks what `knows` checks for:
    /// another replica may have stored it since.
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

    /// Returns a snapshot, reloaded if the tables have changed since it was loaded, or
    /// another day has begun.
    pub(crate) async fn refresh(&self) -> Result<Arc<Reference>, StoreError> {
        // Read before the lock: callers that wait for a load already under way are satisfied
        // by it if it is at least of the version that they have read.
        let wanted = load_version(&self.pool).await?;
        let _renewing = self.renewing.lock().await;
        // Checked again under the lock: another task may have loaded the version.
        let today = self.today();
        if let Some(picture) = self.known()
            && picture.version >= wanted
            // A new day changes which areas and units exist without a write to the tables.
            && picture.day == today
        {
            return Ok(picture);
        }
        let rows = load_reference(&self.pool).await?;
        let picture = Arc::new(Reference::new(rows, today));
        // A poisoned lock still holds a complete snapshot, since it is replaced as a whole.
        *self.picture.write().unwrap_or_else(PoisonError::into_inner) = Some(picture.clone());
        Ok(picture)
    }

    /// Returns the cached snapshot as it is; none if none was loaded yet.
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
