//! Batches calls on tickets: concurrent calls share one statement. If a batch fails and
//! one of its calls may be the cause, each is run alone.

use wangge_pg::{Coalescer, Lanes, StoreError};

use super::{
    ticket::{Asked, AskedForCommand, Loaded, load_for_command, load_tickets},
    ticket_write::{TicketWrite, insert_tickets, update_tickets},
};
use crate::domain::ticket::Ticket;

/// Maximum number of calls in a batch.
const TOGETHER: usize = 64;

/// Concurrent batches per kind of statement: while one waits for the disk, another can
/// be processed.
const AT_ONCE: usize = 3;

/// Batched access to tickets, for calls.
#[derive(Debug, Clone)]
pub struct TicketStore {
    reads: Coalescer<Asked, Option<Ticket>>,
    loads: Coalescer<AskedForCommand, Loaded>,
    inserts: Coalescer<TicketWrite, ()>,
    updates: Coalescer<TicketWrite, bool>,
}

impl TicketStore {
    /// Starts the batching workers on the database's lanes.
    pub fn start(lanes: &Lanes) -> Self {
        let (reads, loads) = (lanes.clone(), lanes.clone());
        let (inserts, updates) = (lanes.clone(), lanes.clone());
        Self {
            reads: Coalescer::start(AT_ONCE, TOGETHER, move |asked: Vec<Asked>| {
                let lanes = reads.clone();
                async move { read(&lanes, &asked).await }
            }),
            loads: Coalescer::start(AT_ONCE, TOGETHER, move |asked: Vec<AskedForCommand>| {
                let lanes = loads.clone();
                async move { load(&lanes, &asked).await }
            }),
            inserts: Coalescer::start(AT_ONCE, TOGETHER, move |writes: Vec<TicketWrite>| {
                let lanes = inserts.clone();
                async move { insert(&lanes, &writes).await }
            }),
            updates: Coalescer::start(AT_ONCE, TOGETHER, move |writes: Vec<TicketWrite>| {
                let lanes = updates.clone();
                async move { update(&lanes, &writes).await }
            }),
        }
    }

    /// Returns the ticket, if the caller may see it.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub async fn load(&self, asked: Asked) -> Result<Option<Ticket>, StoreError> {
        self.reads.call(asked).await
    }

    /// Loads the ticket and the request that a command decides on.
    ///
    /// # Errors
    /// Returns an error if the statement fails.
    pub async fn load_for_command(&self, asked: AskedForCommand) -> Result<Loaded, StoreError> {
        self.loads.call(asked).await
    }

    /// Inserts a new ticket.
    ///
    /// # Errors
    /// Returns an error if the statement fails, also if the ticket or its request exists.
    pub async fn insert(&self, write: TicketWrite) -> Result<(), StoreError> {
        self.inserts.call(write).await
    }

    /// Updates a ticket. Returns false if it no longer has the revision that the decision was
    /// based on.
    ///
    /// # Errors
    /// Returns an error if the statement fails, also if the request was made before.
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

/// Reads tickets. A ticket that can't be read fails only its own call.
async fn read(lanes: &Lanes, asked: &[Asked]) -> Vec<Result<Option<Ticket>, StoreError>> {
    match load_tickets(lanes, asked).await {
        // During an upgrade a row may hold a code that only the newer release can read. If the
        // database is unavailable, retrying each call would only add load.
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

/// Loads what commands decide on. A ticket that can't be loaded fails only its own call.
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

async fn insert(lanes: &Lanes, writes: &[TicketWrite]) -> Vec<Result<(), StoreError>> {
    match insert_tickets(lanes, writes).await {
        Ok(()) => writes.iter().map(|_| Ok(())).collect(),
        // The batch is atomic and wrote nothing, so the inserts can be retried one by one; the
        // one at fault gets the error.
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

async fn update(lanes: &Lanes, writes: &[TicketWrite]) -> Vec<Result<bool, StoreError>> {
    match update_tickets(lanes, writes).await {
        // Nothing of a failed batch was written, as for inserts.
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
