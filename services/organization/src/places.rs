//! In-memory index of areas and addresses. It is rebuilt after this process or
//! another replica has changed an area or an address.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::NaiveDate;
use tokio::{sync::Mutex, time::Instant};
use wangge_api::refusal::Refusal;
use wangge_auth::RecordScope;
use wangge_pg::Database;
use wangge_places::{AddressEntry, Located, PlaceArea, PlaceIndex, boundary, coordinates::Degrees};

use crate::store::place;

/// How long a snapshot is used before the feed is checked for changes by other replicas.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A place to look up.
#[derive(Debug, Clone)]
pub enum Place {
    /// A point in WGS 84.
    Point(Degrees),
    /// An address as text.
    Address(String),
}

/// The result of a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// In no grid that exists on the day.
    Nothing,
    /// In the grid with this code.
    Grid(String),
    /// Claimed by several communities: a boundary case.
    Between {
        /// Code of the smallest area that contains all the areas that claim it.
        common: String,
        /// Codes of the claiming areas.
        claims: Vec<String>,
    },
}

/// An immutable index of all places, as of one point in time.
#[derive(Debug)]
struct Snapshot {
    index: PlaceIndex,
    /// Value of [`Places::generation`] when the snapshot was loaded.
    generation: u64,
}

/// The cached snapshot, and up to where it is known to be current.
#[derive(Debug, Clone)]
struct Known {
    snapshot: Arc<Snapshot>,
    /// Feed position up to which the snapshot contains every change.
    position: i64,
    /// Time of the last check for changes.
    looked: Instant,
}

/// The cached index, with what is needed to invalidate it.
#[derive(Debug, Default)]
pub struct Places {
    current: RwLock<Option<Known>>,
    /// Number of changes that this process has committed.
    generation: AtomicU64,
    /// Held while the index is rebuilt, so that concurrent calls rebuild it once.
    renewing: Mutex<()>,
}

impl Places {
    /// Invalidates the index after this process has committed a change of an area or
    /// an address.
    pub fn changed(&self) {
        // `Release` pairs with the `Acquire` loads: a reader that sees the new generation
        // also loads the places after the commit.
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Looks up the grid that contains a place within an area on a day.
    ///
    /// # Errors
    /// Any database error.
    pub async fn locate(
        &self,
        database: &Database,
        place: &Place,
        within: &str,
        day: NaiveDate,
    ) -> Result<Found, Refusal> {
        let places = self.snapshot(database).await?;
        let located = match place {
            Place::Point(point) => places.index.locate_point(*point, within, day),
            Place::Address(words) => places.index.locate_address(words, within),
        };
        Ok(match located {
            // The address book also names communities, and its entries outlive their
            // grids: only a grid that exists on the day is a result.
            Located::In(code)
                if places
                    .index
                    .area(code)
                    .is_some_and(|area| area.is_grid && area.exists_on(day)) =>
            {
                Found::Grid(code.to_owned())
            }
            Located::Between {
                common: Some(common),
                claims,
            } => Found::Between {
                common: common.to_owned(),
                claims: claims.into_iter().map(str::to_owned).collect(),
            },
            _ => Found::Nothing,
        })
    }

    async fn snapshot(&self, database: &Database) -> Result<Arc<Snapshot>, Refusal> {
        if let Some(fresh) = self.usable().filter(is_fresh) {
            return Ok(fresh.snapshot);
        }
        let _renewing = self.renewing.lock().await;
        // Checked again under the lock: the task that held it has probably rebuilt the
        // index.
        let known = self.usable();
        if let Some(fresh) = known.as_ref().filter(|known| is_fresh(known)) {
            return Ok(fresh.snapshot.clone());
        }
        // Both are read before the places: a change that commits in between is then
        // loaded twice at worst, and never missed.
        let generation = self.generation.load(Ordering::Acquire);
        let after = known.as_ref().map_or(0, |known| known.position);
        let since = place::load_places_since(&database.calls, after).await?;
        // Nothing has changed: the snapshot stays, only its position moves on.
        let snapshot = match known {
            Some(known) if !since.changed => known.snapshot,
            _ => Arc::new(load(database, generation).await?),
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Known {
            snapshot: snapshot.clone(),
            position: since.position,
            looked: Instant::now(),
        });
        Ok(snapshot)
    }

    /// Returns the cached snapshot unless this process has changed a place since.
    fn usable(&self) -> Option<Known> {
        let generation = self.generation.load(Ordering::Acquire);
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            // A caller must find what it has just written through this process, even while
            // the snapshot is fresh.
            .filter(|known| known.snapshot.generation == generation)
    }
}

fn is_fresh(known: &Known) -> bool {
    known.looked.elapsed() < POLL_INTERVAL
}

async fn load(database: &Database, generation: u64) -> Result<Snapshot, Refusal> {
    let everything = RecordScope::everything();
    let areas = place::list_areas(&database.calls, &everything).await?;
    let addresses = place::list_addresses(&database.calls, &everything).await?;
    // Parsing boundaries is CPU-bound and would block the runtime's worker threads.
    let build = move || build(areas, addresses, generation);
    tokio::task::spawn_blocking(build)
        .await
        .map_err(|error| Refusal::internal(&error))
}

fn build(
    areas: Vec<place::PlaceRow>,
    addresses: Vec<place::AddressRow>,
    generation: u64,
) -> Snapshot {
    let areas = areas.into_iter().map(|area| {
        let boundary = area.boundary_geojson.as_deref().map(boundary::read);
        // Boundaries stored before they were validated may not parse. The area is then
        // found by address only, instead of failing every lookup.
        if let Some(Err(error)) = &boundary {
            tracing::warn!(area.code = area.code, %error, "an area's boundary can't be parsed");
        }
        PlaceArea {
            boundary: boundary.and_then(Result::ok),
            code: area.code,
            name: area.name,
            is_grid: area.is_grid,
            start_date: Some(area.start_date),
            end_date: area.end_date,
        }
    });
    let areas = areas.collect();
    let addresses = addresses.into_iter().map(|row| AddressEntry {
        text: row.normalized_text,
        area_code: row.area_code,
    });
    Snapshot {
        index: PlaceIndex::new(areas, addresses),
        generation,
    }
}
