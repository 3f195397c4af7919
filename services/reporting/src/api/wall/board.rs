//! Cache of the walls that are being watched. Each wall is built once for all its watchers.
//! Its case table is computed in the background, and no wall waits for a newer one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as AsyncMutex, Semaphore, SemaphorePermit, watch},
    task::JoinHandle,
    time::{Instant, timeout},
};
use wangge_api::{refusal::Refusal, reporting::v1 as wire};
use wangge_auth::RecordScope;

use super::{figures, make};
use crate::{App, api::case_table::Table};

/// Age at which a case table is recomputed.
const TABLE_AGE: Duration = Duration::from_secs(3);
/// Timeout of an area's first wall for its first case table.
const FIRST_TABLE_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of walls built at once, so that calls find free connections.
const MAX_CONCURRENT_WALLS: usize = 3;
/// Time after which an unused wall is removed from the cache.
const RETENTION: Duration = Duration::from_secs(60);

/// Cached walls by area.
#[derive(Debug, Clone)]
pub(crate) struct Boards {
    boards: Arc<Mutex<HashMap<String, Arc<Board>>>>,
    permits: Arc<Semaphore>,
}

impl Default for Boards {
    fn default() -> Self {
        Self {
            boards: Arc::default(),
            permits: Arc::new(Semaphore::new(MAX_CONCURRENT_WALLS)),
        }
    }
}

/// The cached wall of one area.
#[derive(Debug, Default)]
struct Board {
    /// Locked while the wall is built, so that concurrent callers share one build.
    made: AsyncMutex<Made>,
    /// The current case table. Its receivers are notified when the table changes.
    table: watch::Sender<Shown>,
    /// The task that computes the next case table.
    renewal: Mutex<Option<JoinHandle<()>>>,
}

/// The last wall that was built.
#[derive(Debug, Default)]
struct Made {
    wall: Arc<wire::Wall>,
    beats: u64,
    /// Version of the case table that the wall contains.
    table: u64,
    begun: Option<Instant>,
}

/// The current case table and its version.
#[derive(Debug, Clone, Default)]
struct Shown {
    /// `None` until the first table has been computed.
    table: Option<Arc<Table>>,
    computed: Option<Instant>,
    /// Incremented whenever the table's lines change.
    version: u64,
}

impl Shown {
    fn is_old(&self) -> bool {
        self.computed
            .is_none_or(|computed| computed.elapsed() >= TABLE_AGE)
    }

    /// Replaces the table; returns true if its lines differ from the previous ones.
    fn replace(&mut self, table: Table, computed: Instant) -> bool {
        let is_other = self
            .table
            .as_ref()
            .is_none_or(|shown| shown.lines != table.lines);
        self.table = Some(Arc::new(table));
        self.computed = Some(computed);
        // A table with the same lines only updates the time, so that no watcher rebuilds its
        // wall for it.
        self.version += u64::from(is_other);
        is_other
    }
}

impl Boards {
    /// Returns the wall of an area, no older than the last applied events and `age`.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`; any database error.
    pub(crate) async fn wall(
        &self,
        app: &App,
        code: &str,
        scope: &RecordScope,
        age: Duration,
    ) -> Result<Arc<wire::Wall>, Refusal> {
        let board = self.board(code);
        board.renew_in_time(app, code, scope);
        let mut table = board.table.subscribe();
        let first = table.wait_for(|shown| shown.table.is_some());
        // Without a table in time, the wall is built without figures, and the next one has them.
        drop(timeout(FIRST_TABLE_TIMEOUT, first).await);
        let mut made = board.made.lock().await;
        // Read before the wall is built: events that are applied during the build make the cached
        // wall out of date at once, rather than being missed.
        let beats = app.pulse.beats();
        let shown = board.table.borrow().clone();
        if made.is_fresh(beats, shown.version, age) {
            return Ok(made.wall.clone());
        }
        let begun = Instant::now();
        let permit = self.permit().await?;
        let wall = make(app, code, scope, app.clock.now(), shown.table.as_deref()).await?;
        drop(permit);
        // Assigned only now: if the caller is dropped during the build, the old wall stays valid.
        *made = Made {
            wall: Arc::new(wall),
            beats,
            table: shown.version,
            begun: Some(begun),
        };
        Ok(made.wall.clone())
    }

    /// Returns a receiver that is notified of the area's next case table.
    pub(crate) fn renewals(&self, code: &str) -> Renewals {
        Renewals(self.board(code).table.subscribe())
    }

    /// Waits for a permit to build a wall.
    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let permit = self.permits.acquire().await;
        permit.map_err(|error| Refusal::internal(&error))
    }

    fn board(&self, code: &str) -> Arc<Board> {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        // A board that is in use is referenced elsewhere too. Only unused ones expire, so the cache
        // doesn't grow with the number of areas that were ever requested.
        boards.retain(|_, board| Arc::strong_count(board) > 1 || board.is_recent());
        boards.entry(code.to_owned()).or_default().clone()
    }
}

/// Notifications of an area's next case table.
#[derive(Debug)]
pub(crate) struct Renewals(watch::Receiver<Shown>);

impl Renewals {
    /// Waits until the case table differs from the last one that was seen.
    pub(crate) async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        self.0.changed().await
    }
}

impl Made {
    /// Returns true if the wall contains all applied events and this version of the table.
    fn is_fresh(&self, beats: u64, table: u64, age: Duration) -> bool {
        self.beats == beats
            && self.table == table
            && self.begun.is_some_and(|begun| begun.elapsed() < age)
    }
}

impl Board {
    /// Returns true if the wall was requested recently or is being built.
    fn is_recent(&self) -> bool {
        // A lock that is held means that the wall is being built. Waiting for it here would block
        // the map of all boards.
        self.made.try_lock().map_or(true, |made| {
            made.begun.is_some_and(|begun| begun.elapsed() < RETENTION)
        })
    }

    /// Starts to compute the next case table, if it is due and no other task does.
    fn renew_in_time(self: &Arc<Self>, app: &App, code: &str, scope: &RecordScope) {
        let mut renewal = self.renewal.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = renewal.as_ref().is_none_or(JoinHandle::is_finished);
        if is_idle && self.table.borrow().is_old() {
            let (app, code, scope) = (app.clone(), code.to_owned(), scope.clone());
            // A task of its own: it isn't cancelled with the caller, and no wall waits for it.
            *renewal = Some(tokio::spawn(self.clone().renew(app, code, scope)));
        }
    }

    /// Computes the case table, and notifies the watchers if it has changed.
    async fn renew(self: Arc<Self>, app: App, code: String, scope: RecordScope) {
        let begun = Instant::now();
        match figures(&app, &code, &scope, app.clock.now()).await {
            Ok(table) => {
                self.table
                    .send_if_modified(|shown| shown.replace(table, begun));
            }
            // The previous table stays in use, with its time, and the next wall retries.
            Err(error) => tracing::debug!(%error, "the case table could not be refreshed"),
        }
    }
}
