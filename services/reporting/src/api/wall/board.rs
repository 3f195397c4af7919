//! Walls that are being looked at: told of changes, made once for everybody who
//! looks at the same one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Mutex as Turn, Semaphore},
    time::Instant,
};
use wangge_api::{refusal::Refusal, reporting::v1 as wire};
use wangge_auth::RecordScope;

use super::{figures, make};
use crate::App;

/// How old the case table may be.
const TABLE_AGE: Duration = Duration::from_secs(5);
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
#[derive(Debug)]
struct Board {
    wall: Arc<wire::Wall>,
    beats: u64,
    made: Option<Instant>,
    table_made: Option<Instant>,
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
        let board = self.board(code);
        // One makes it, the others wait for that one.
        let mut board = board.lock().await;
        let beats = app.pulse.beats();
        let is_fresh = board.beats == beats && board.made.is_some_and(|made| made.elapsed() < age);
        if is_fresh {
            return Ok(board.wall.clone());
        }
        let now = app.clock.now();
        let old = board
            .table_made
            .is_none_or(|made| made.elapsed() >= TABLE_AGE);
        // Calls must find connections while walls are made.
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|error| Refusal::internal(&error))?;
        let begun = Instant::now();
        let figures = if old {
            figures(app, code, scope).await?
        } else {
            board.wall.figures.clone()
        };
        let made = make(app, code, scope, now, figures).await?;
        // Only now, since whoever makes it may be gone half-way.
        if old {
            board.table_made = Some(begun);
        }
        board.wall = Arc::new(made);
        board.beats = beats;
        board.made = Some(begun);
        Ok(board.wall.clone())
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
        let empty = || {
            Arc::new(Turn::new(Board {
                wall: Arc::default(),
                beats: 0,
                made: None,
                table_made: None,
            }))
        };
        boards.entry(code.to_owned()).or_insert_with(empty).clone()
    }
}
