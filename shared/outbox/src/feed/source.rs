//! The database of the feed, as a reader uses it: one statement at a time, and readers
//! other than the platform's own services on a limited number of connections. It
//! doesn't decide what is sent.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;
use wangge_api::refusal::Refusal;
use wangge_pg::StoreError;

use super::{
    selection::{Beginning, Selection},
    shutting_down,
    step::{self, Limit, Step},
    times, unknown_token,
};
use crate::position::Position;

/// The feed's database, for one reader.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) pool: PgPool,
    /// Acquired by readers with a limited number of connections.
    pub(super) turns: Option<Arc<Semaphore>>,
}

impl Source {
    /// Returns the id of the feed and the position of its last event.
    pub(super) async fn end(&self) -> Result<(Uuid, i64), Refusal> {
        let _turn = self.turn().await?;
        let end = sqlx::query_as("select feed_id, last_position from feed")
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::from)?;
        Ok(end)
    }

    /// Returns the position at which a reader begins, in a feed that ends at `end`.
    ///
    /// # Errors
    /// Returns `FEED_TOKEN_INVALID`, `FEED_TOKEN_UNKNOWN`, or the database's error.
    pub(super) async fn begin(
        &self,
        beginning: &Beginning,
        (feed_id, end): (Uuid, i64),
    ) -> Result<Position, Refusal> {
        match beginning {
            Beginning::After(token) => {
                let at = Position::read(token, feed_id)?;
                if at.number > end {
                    return Err(unknown_token());
                }
                Ok(at)
            }
            Beginning::Now => {
                let _turn = self.turn().await?;
                times::at(&self.pool, feed_id, end).await
            }
            Beginning::At(time) => {
                let _turn = self.turn().await?;
                times::before(&self.pool, feed_id, *time, end).await
            }
        }
    }

    /// Reads the next events; see [`step::read`].
    pub(super) async fn step(
        &self,
        after: Position,
        last: i64,
        selection: &Selection,
        limit: Limit,
    ) -> Result<Step, Refusal> {
        let _turn = self.turn().await?;
        step::read(&self.pool, after, last, selection, limit).await
    }

    /// Waits for a connection. Hold the turn for one piece of work only, and never two:
    /// readers would wait for each other.
    pub(super) async fn turn(&self) -> Result<Option<SemaphorePermit<'_>>, Refusal> {
        match &self.turns {
            None => Ok(None),
            Some(turns) => turns.acquire().await.map(Some).map_err(|_| shutting_down()),
        }
    }
}
