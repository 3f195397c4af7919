//! A cache of the walls that are being watched: each is made once for everybody who
//! watches it. Its case table is computed beside it, and no wall waits for a newer one.

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

/// Age at which a case table is computed again.
const TABLE_AGE: Duration = Duration::from_secs(3);
/// How long the first wall of an area waits for its first case table.
const FIRST_TABLE_TIMEOUT: Duration = Duration::from_secs(2);
/// How many walls are made at once: calls must find connections meanwhile.
const MAX_CONCURRENT_WALLS: usize = 3;
/// How long a wall stays cached that nobody has asked for.
const RETENTION: Duration = Duration::from_secs(60);

/// The walls that were made last, by area.
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

/// One wall.
#[derive(Debug, Default)]
struct Board {
    /// Locked while the wall is made: one makes it, the others wait for that one.
    made: AsyncMutex<Made>,
    /// The case table; whoever waits for it is notified of another one.
    table: watch::Sender<Shown>,
    /// Computes the next case table.
    renewal: Mutex<Option<JoinHandle<()>>>,
}

/// A wall as it was made last.
#[derive(Debug, Default)]
struct Made {
    wall: Arc<wire::Wall>,
    beats: u64,
    /// Version of the case table that it shows.
    table: u64,
    begun: Option<Instant>,
}

/// The case table that is shown.
#[derive(Debug, Clone, Default)]
struct Shown {
    /// None until the first one has been computed.
    table: Option<Arc<Table>>,
    computed: Option<Instant>,
    /// Grows whenever another table is shown.
    version: u64,
}

impl Shown {
    fn is_old(&self) -> bool {
        self.computed
            .is_none_or(|computed| computed.elapsed() >= TABLE_AGE)
    }

    /// Shows a table; returns whether it is another one.
    fn replace(&mut self, table: Table, computed: Instant) -> bool {
        let is_other = self
            .table
            .as_ref()
            .is_none_or(|shown| shown.lines != table.lines);
        self.table = Some(Arc::new(table));
        self.computed = Some(computed);
        self.version += u64::from(is_other);
        is_other
    }
}

impl Boards {
    /// Returns the wall of an area, no older than the last beat and `age`.
    ///
    /// # Errors
    /// `RECORD_NOT_FOUND`, and what the database says.
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
        // Without one in time, the wall is made without figures, and they follow.
        drop(timeout(FIRST_TABLE_TIMEOUT, first).await);
        let mut made = board.made.lock().await;
        let beats = app.pulse.beats();
        let shown = board.table.borrow().clone();
        if made.is_fresh(beats, shown.version, age) {
            return Ok(made.wall.clone());
        }
        let begun = Instant::now();
        let permit = self.permit().await?;
        let wall = make(app, code, scope, app.clock.now(), shown.table.as_deref()).await?;
        drop(permit);
        // Only now, since whoever makes it may be gone half-way.
        *made = Made {
            wall: Arc::new(wall),
            beats,
            table: shown.version,
            begun: Some(begun),
        };
        Ok(made.wall.clone())
    }

    /// Returns what changes when there is another case table of an area.
    pub(crate) fn renewals(&self, code: &str) -> Renewals {
        Renewals(self.board(code).table.subscribe())
    }

    /// Waits for its turn: few walls are made at once.
    pub(super) async fn permit(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let permit = self.permits.acquire().await;
        permit.map_err(|error| Refusal::internal(&error))
    }

    fn board(&self, code: &str) -> Arc<Board> {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        boards.retain(|_, board| Arc::strong_count(board) > 1 || board.is_recent());
        boards.entry(code.to_owned()).or_default().clone()
    }
}

/// To wait for the next case table of an area.
#[derive(Debug)]
pub(crate) struct Renewals(watch::Receiver<Shown>);

impl Renewals {
    /// Waits until there is another case table than at the last time.
    pub(crate) async fn changed(&mut self) -> Result<(), watch::error::RecvError> {
        self.0.changed().await
    }
}

impl Made {
    /// Whether it shows everything that was applied, and the table of this version.
    fn is_fresh(&self, beats: u64, table: u64, age: Duration) -> bool {
        self.beats == beats
            && self.table == table
            && self.begun.is_some_and(|begun| begun.elapsed() < age)
    }
}

impl Board {
    /// Whether it was asked for of late, or is just being made.
    fn is_recent(&self) -> bool {
        self.made.try_lock().map_or(true, |made| {
            made.begun.is_some_and(|begun| begun.elapsed() < RETENTION)
        })
    }

    /// Begins to compute the next case table, if it is time and nobody is at it.
    fn renew_in_time(self: &Arc<Self>, app: &App, code: &str, scope: &RecordScope) {
        let mut renewal = self.renewal.lock().unwrap_or_else(PoisonError::into_inner);
        let is_idle = renewal.as_ref().is_none_or(JoinHandle::is_finished);
        if is_idle && self.table.borrow().is_old() {
            let (app, code, scope) = (app.clone(), code.to_owned(), scope.clone());
            *renewal = Some(tokio::spawn(self.clone().renew(app, code, scope)));
        }
    }

    /// Computes the case table, and notifies those who show it if it is another one.
    async fn renew(self: Arc<Self>, app: App, code: String, scope: RecordScope) {
        let begun = Instant::now();
        match figures(&app, &code, &scope, app.clock.now()).await {
            Ok(table) => {
                self.table
                    .send_if_modified(|shown| shown.replace(table, begun));
            }
            // The last one stays, with its time, and the next wall tries again.
            Err(error) => tracing::debug!(%error, "the case table is not renewed"),
        }
    }
}
