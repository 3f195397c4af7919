//! Walls that are being looked at: told of changes, made once for everybody who
//! looks at the same one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as Turn, Semaphore, SemaphorePermit, watch},
    task::JoinHandle,
    time::Instant,
};
use wangge_api::{refusal::Refusal, reporting::v1 as wire};
use wangge_auth::RecordScope;

use super::{figures, make};
use crate::App;

/// How old the case table may be before it is made anew, beside the wall: it is
/// the dearest part, and no change waits for it.
const TABLE_AGE: Duration = Duration::from_secs(3);
/// How old a case table may be that is shown while a new one is made.
const TABLE_SHOWN: Duration = Duration::from_secs(8);
/// How many walls are made at once.
const TURNS: usize = 3;
/// How long a wall is kept that nobody has asked for.
const FORGET: Duration = Duration::from_secs(60);

/// The walls that were made last, by area.
#[derive(Debug, Clone)]
pub(crate) struct Boards {
    boards: Arc<Mutex<HashMap<String, Arc<Turn<Board>>>>>,
    /// So many are made at once.
    turns: Arc<Semaphore>,
}

impl Default for Boards {
    fn default() -> Self {
        Self {
            boards: Arc::default(),
            turns: Arc::new(Semaphore::new(TURNS)),
        }
    }
}

/// One wall as it was made last.
#[derive(Debug, Default)]
struct Board {
    wall: Arc<wire::Wall>,
    beats: u64,
    made: Option<Instant>,
    table: Option<Table>,
    /// Makes the next case table.
    renewal: Option<JoinHandle<()>>,
    /// Told when there is another case table.
    renewed: watch::Sender<()>,
}

impl Board {
    /// Whether it shows what has happened, and a case table that may be shown.
    fn is_fresh(&self, beats: u64, age: Duration) -> bool {
        self.beats == beats
            && self.made.is_some_and(|made| made.elapsed() < age)
            && (self.table.as_ref()).is_some_and(|table| table.made.elapsed() < TABLE_SHOWN)
    }

    /// Shows another case table from the next wall on.
    fn show(&mut self, table: Table) {
        let is_same = |shown: &Table| shown.lines == table.lines;
        let changed = !self.table.as_ref().is_some_and(is_same);
        self.table = Some(table);
        if changed {
            self.made = None;
            self.renewed.send_replace(());
        }
    }
}

/// The case table as it was made last.
#[derive(Debug, Clone)]
struct Table {
    lines: Vec<wire::CaseLine>,
    made: Instant,
}

impl Boards {
    /// The wall of an area, no older than the last beat and `age`.
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
        let shared = self.board(code);
        // One makes it, the others wait for that one.
        let mut board = shared.lock().await;
        self.renew_in_time(&shared, &mut board, app, code, scope);
        let beats = app.pulse.beats();
        if board.is_fresh(beats, age) {
            return Ok(board.wall.clone());
        }
        let now = app.clock.now();
        let table = match board.table.clone() {
            Some(table) if table.made.elapsed() < TABLE_SHOWN => table,
            _ => {
                let table = self.make_table(app, code, scope).await?;
                board.table.insert(table).clone()
            }
        };
        let begun = Instant::now();
        let turn = self.turn().await?;
        board.wall = Arc::new(make(app, code, scope, now, table.lines).await?);
        drop(turn);
        // Only now, since whoever makes it may be gone half-way.
        board.beats = beats;
        board.made = Some(begun);
        Ok(board.wall.clone())
    }

    /// To wait for the next case table of an area that is another one.
    pub(crate) async fn renewals(&self, code: &str) -> watch::Receiver<()> {
        self.board(code).lock().await.renewed.subscribe()
    }

    /// Has the case table of a board made anew, if it is time and nobody is at it.
    fn renew_in_time(
        &self,
        shared: &Arc<Turn<Board>>,
        board: &mut Board,
        app: &App,
        code: &str,
        scope: &RecordScope,
    ) {
        let is_old = |table: &Table| table.made.elapsed() >= TABLE_AGE;
        let is_idle = board.renewal.as_ref().is_none_or(JoinHandle::is_finished);
        if is_idle && board.table.as_ref().is_some_and(is_old) {
            let (app, code, scope) = (app.clone(), code.to_owned(), scope.clone());
            let renewal = self.clone().renew(shared.clone(), app, code, scope);
            board.renewal = Some(tokio::spawn(renewal));
        }
    }

    /// Makes the case table of a board anew, and tells those who look at it if it
    /// is another one.
    async fn renew(self, board: Arc<Turn<Board>>, app: App, code: String, scope: RecordScope) {
        let renewed = match self.make_table(&app, &code, &scope).await {
            Ok(table) => table,
            Err(error) => {
                // The next wall tries again, and says so to its callers in the end.
                tracing::debug!(%error, "the case table stays as it is");
                return;
            }
        };
        let mut board = board.lock().await;
        // Whoever could not wait may have made one meanwhile.
        let is_newer = |shown: &Table| shown.made < renewed.made;
        if board.table.as_ref().is_none_or(is_newer) {
            board.show(renewed);
        }
    }

    async fn make_table(
        &self,
        app: &App,
        code: &str,
        scope: &RecordScope,
    ) -> Result<Table, Refusal> {
        let _turn = self.turn().await?;
        let made = Instant::now();
        let lines = figures(app, code, scope).await?;
        Ok(Table { lines, made })
    }

    /// One of few turns: calls must find connections while walls are made.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let turn = self.turns.acquire().await;
        turn.map_err(|error| Refusal::internal(&error))
    }

    fn board(&self, code: &str) -> Arc<Turn<Board>> {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        // What nobody has asked for in a while, nobody holds either.
        boards.retain(|_, board| {
            let used = board.try_lock().map_or(true, |board| {
                board.made.is_some_and(|made| made.elapsed() < FORGET)
            });
            used || Arc::strong_count(board) > 1
        });
        boards.entry(code.to_owned()).or_default().clone()
    }
}
