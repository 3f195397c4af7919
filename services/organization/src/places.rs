//! The index of areas and addresses, kept in memory. It is made anew when this
//! process or another replica has changed a place.

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

/// How long what other replicas may have changed is not looked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What somebody looks for.
#[derive(Debug, Clone)]
pub enum Place {
    /// A point in WGS 84.
    Point(Degrees),
    /// An address in words.
    Address(String),
}

/// Where a place was found to lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// In no grid.
    Nothing,
    /// In the grid with this code.
    Grid(String),
    /// Claimed by several communities: a boundary case.
    Between {
        /// Code of the smallest area that all who claim it lie in.
        common: String,
        /// Codes of the areas that claim it.
        claims: Vec<String>,
    },
}

/// Places as they stood at some time.
#[derive(Debug)]
struct Snapshot {
    index: PlaceIndex,
    /// Changes of this process that it has seen.
    generation: u64,
}

/// The last snapshot, and how long it can be trusted.
#[derive(Debug, Clone)]
struct Known {
    snapshot: Arc<Snapshot>,
    /// Position of the feed up to which no change is missing from it.
    position: i64,
    /// When that was looked at.
    looked: Instant,
}

/// The index, and what tells whether it is still right.
#[derive(Debug, Default)]
pub struct Places {
    current: RwLock<Option<Known>>,
    /// Counts the changes that this process has committed.
    generation: AtomicU64,
    /// Held by whoever makes the index anew, so that nobody does it twice.
    renewing: Mutex<()>,
}

impl Places {
    /// This process has committed a change of an area or an address.
    pub fn changed(&self) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// What is known of where a place lies within an area on a day.
    ///
    /// # Errors
    /// What the database says.
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
        let known = self.usable();
        if let Some(fresh) = known.as_ref().filter(|known| is_fresh(known)) {
            return Ok(fresh.snapshot.clone());
        }
        // Both read before the places: a change that is committed later is
        // found by the next look.
        let generation = self.generation.load(Ordering::Acquire);
        let after = known.as_ref().map_or(0, |known| known.position);
        let since = place::load_places_since(&database.calls, after).await?;
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

    /// What is known, if this process has changed nothing since.
    fn usable(&self) -> Option<Known> {
        let generation = self.generation.load(Ordering::Acquire);
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .filter(|known| known.snapshot.generation == generation)
    }
}

fn is_fresh(known: &Known) -> bool {
    known.looked.elapsed() < LOOK_EVERY
}

async fn load(database: &Database, generation: u64) -> Result<Snapshot, Refusal> {
    let everything = RecordScope::everything();
    let areas = place::list_areas(&database.calls, &everything).await?;
    let addresses = place::list_addresses(&database.calls, &everything).await?;
    // Reading boundaries takes time that other calls need.
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
        if let Some(Err(error)) = &boundary {
            tracing::warn!(area.code = area.code, %error, "a boundary cannot be read");
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
