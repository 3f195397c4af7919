//! Walls that are being looked at: told of changes, made once for everybody who
//! looks at the same one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as Turn, Semaphore, SemaphorePermit},
    task::JoinHandle,
    time::Instant,
};
use wangge_api::{refusal::Refusal, reporting::v1 as wire};
use wangge_auth::RecordScope;

use super::{figures, make};
use crate::App;

/// How old the case table may be before it is made anew, beside the wall: it is
/// the dearest part, and no change waits for it.
const TABLE_AGE: Duration = Duration::from_secs(4);
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
        let beats = app.pulse.beats();
        let is_fresh = board.beats == beats && board.made.is_some_and(|made| made.elapsed() < age);
        if is_fresh {
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
        if table.made.elapsed() >= TABLE_AGE
            && board.renewal.as_ref().is_none_or(JoinHandle::is_finished)
        {
            let (app, code, scope) = (app.clone(), code.to_owned(), scope.clone());
            let renewal = self.clone().renew(shared.clone(), app, code, scope);
            board.renewal = Some(tokio::spawn(renewal));
        }
        Ok(board.wall.clone())
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
        let before = board.lock().await.table.replace(renewed.clone());
        if before.is_none_or(|before| before.lines != renewed.lines) {
            app.pulse.beat();
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
