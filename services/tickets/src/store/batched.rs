//! Batches calls on tickets: concurrent calls share one statement. If it fails because
//! of one of them, each is executed separately.

use wangge_pg::{Coalescer, Lanes, StoreError};

use super::{
    ticket::{Asked, AskedForCommand, Loaded, load_for_command, load_tickets},
    ticket_write::{TicketWrite, insert_tickets, update_tickets},
};
use crate::domain::ticket::Ticket;

/// Maximum number of calls in one statement.
const MAX_BATCH: usize = 64;

/// Maximum number of concurrent statements of each kind: while one waits for the disk,
/// another can be processed.
const MAX_CONCURRENT_BATCHES: usize = 3;

/// Access to tickets for calls, with one [`Coalescer`] for each kind of statement.
#[derive(Debug, Clone)]
pub struct TicketStore {
    reads: Coalescer<Asked, Option<Ticket>>,
    loads: Coalescer<AskedForCommand, Loaded>,
    inserts: Coalescer<TicketWrite, ()>,
    updates: Coalescer<TicketWrite, bool>,
}

impl TicketStore {
    /// Starts the coalescers on the lanes of the database.
    pub fn start(lanes: &Lanes) -> Self {
        let (reads, loads) = (lanes.clone(), lanes.clone());
        let (inserts, updates) = (lanes.clone(), lanes.clone());
        Self {
            reads: Coalescer::start(
                MAX_CONCURRENT_BATCHES,
                MAX_BATCH,
                move |asked: Vec<Asked>| {
                    let lanes = reads.clone();
                    async move { read(&lanes, &asked).await }
                },
            ),
            loads: Coalescer::start(
                MAX_CONCURRENT_BATCHES,
                MAX_BATCH,
                move |asked: Vec<AskedForCommand>| {
                    let lanes = loads.clone();
                    async move { load(&lanes, &asked).await }
                },
            ),
            inserts: Coalescer::start(
                MAX_CONCURRENT_BATCHES,
                MAX_BATCH,
                move |writes: Vec<TicketWrite>| {
                    let lanes = inserts.clone();
                    async move { insert(&lanes, &writes).await }
                },
            ),
            updates: Coalescer::start(
                MAX_CONCURRENT_BATCHES,
                MAX_BATCH,
                move |writes: Vec<TicketWrite>| {
                    let lanes = updates.clone();
                    async move { update(&lanes, &writes).await }
                },
            ),
        }
    }

    /// Returns the ticket, or `None` if it is outside the caller's scope.
    ///
    /// # Errors
    /// Returns any database error.
    pub async fn load(&self, asked: Asked) -> Result<Option<Ticket>, StoreError> {
        self.reads.call(asked).await
    }

    /// Returns the data that a command bases its decision on.
    ///
    /// # Errors
    /// Returns any database error.
    pub async fn load_for_command(&self, asked: AskedForCommand) -> Result<Loaded, StoreError> {
        self.loads.call(asked).await
    }

    /// Inserts a new ticket.
    ///
    /// # Errors
    /// Returns any database error, e.g. if the ticket or its request exists already.
    pub async fn insert(&self, write: TicketWrite) -> Result<(), StoreError> {
        self.inserts.call(write).await
    }

    /// Updates a ticket if it still has the revision that the decision is based on.
    /// Returns true if it had.
    ///
    /// # Errors
    /// Returns any database error, e.g. if the request was executed before.
    pub async fn update(&self, write: TicketWrite) -> Result<bool, StoreError> {
        self.updates.call(write).await
    }
}

fn to_each<T>(count: usize, answers: Result<Vec<T>, StoreError>) -> Vec<Result<T, StoreError>> {
    match answers {
        Ok(answers) => answers.into_iter().map(Ok).collect(),
        Err(error) => (0..count).map(|_| Err(error.clone())).collect(),
    }
}

/// Reads tickets; an unreadable one only fails its own caller.
async fn read(lanes: &Lanes, asked: &[Asked]) -> Vec<Result<Option<Ticket>, StoreError>> {
    match load_tickets(lanes, asked).await {
        // If the database is unavailable, retrying each call would only add load and
        // make its caller wait for another timeout.
        Err(error) if asked.len() > 1 && !error.is_unavailable() => {
            let mut answers = Vec::new();
            for asked in asked {
                let read = load_tickets(lanes, std::slice::from_ref(asked)).await;
                answers.push(read.map(|tickets| tickets.into_iter().flatten().next()));
            }
            answers
        }
        answers => to_each(asked.len(), answers),
    }
}

/// Loads the data for commands; unreadable data only fails its own caller.
async fn load(lanes: &Lanes, asked: &[AskedForCommand]) -> Vec<Result<Loaded, StoreError>> {
    match load_for_command(lanes, asked).await {
        Err(error) if asked.len() > 1 && !error.is_unavailable() => {
            let mut answers = Vec::new();
            for asked in asked {
                let loaded = load_for_command(lanes, std::slice::from_ref(asked)).await;
                answers.push(loaded.map(|loaded| loaded.into_iter().next().unwrap_or_default()));
            }
            answers
        }
        answers => to_each(asked.len(), answers),
    }
}

/// Inserts tickets. A duplicate aborts the whole statement; then each ticket is
/// inserted separately.
async fn insert(lanes: &Lanes, writes: &[TicketWrite]) -> Vec<Result<(), StoreError>> {
    match insert_tickets(lanes, writes).await {
        Ok(()) => writes.iter().map(|_| Ok(())).collect(),
        Err(error) if writes.len() > 1 && !error.is_unavailable() => {
            let mut answers = Vec::new();
            for write in writes {
                answers.push(insert_tickets(lanes, std::slice::from_ref(write)).await);
            }
            answers
        }
        Err(error) => to_each(writes.len(), Err(error)),
    }
}

/// Updates tickets. A request that was executed before aborts the whole statement; then
/// each ticket is updated separately.
async fn update(lanes: &Lanes, writes: &[TicketWrite]) -> Vec<Result<bool, StoreError>> {
    match update_tickets(lanes, writes).await {
        Err(error) if writes.len() > 1 && !error.is_unavailable() => {
            let mut answers = Vec::new();
            for write in writes {
                let changed = update_tickets(lanes, std::slice::from_ref(write)).await;
                answers.push(changed.map(|changed| changed.contains(&true)));
            }
            answers
        }
        answers => to_each(writes.len(), answers),
    }
}
