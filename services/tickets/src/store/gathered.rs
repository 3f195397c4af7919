//! Calls on tickets, gathered: those that come at the same time share one
//! statement. If it fails for what one of them brought, each is run alone.

use wangge_pg::{Coalescer, Lanes, StoreError};

use super::{
    ticket::{Asked, AskedForCommand, Loaded, load_for_command, load_tickets},
    ticket_write::{TicketWrite, insert_tickets, update_tickets},
};
use crate::domain::ticket::Ticket;

/// Calls that share a statement at most.
const TOGETHER: usize = 64;

/// Statements of one kind under way at the same time: while one waits for the
/// disk, another can be worked on.
const AT_ONCE: usize = 3;

/// Tickets, for calls.
#[derive(Debug, Clone)]
pub struct TicketStore {
    reads: Coalescer<Asked, Option<Ticket>>,
    loads: Coalescer<AskedForCommand, Loaded>,
    inserts: Coalescer<TicketWrite, ()>,
    updates: Coalescer<TicketWrite, bool>,
}

impl TicketStore {
    /// Over the lanes of the database.
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

    /// The ticket, if it is there for the caller.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load(&self, asked: Asked) -> Result<Option<Ticket>, StoreError> {
        self.reads.call(asked).await
    }

    /// What a command needs to decide.
    ///
    /// # Errors
    /// What the database says.
    pub async fn load_for_command(&self, asked: AskedForCommand) -> Result<Loaded, StoreError> {
        self.loads.call(asked).await
    }

    /// Inserts a new ticket.
    ///
    /// # Errors
    /// What the database says: it or its request is there already, for one.
    pub async fn insert(&self, write: TicketWrite) -> Result<(), StoreError> {
        self.inserts.call(write).await
    }

    /// Changes a ticket, if it still has the revision on which the decision was
    /// taken; answers whether it had.
    ///
    /// # Errors
    /// What the database says: the request was made before, for one.
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

/// Reads tickets; one that can't be read fails its own caller alone.
async fn read(lanes: &Lanes, asked: &[Asked]) -> Vec<Result<Option<Ticket>, StoreError>> {
    match load_tickets(lanes, asked).await {
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

/// Loads what commands need; what can't be loaded fails its own caller alone.
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
