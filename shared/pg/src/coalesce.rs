//! Makes one statement of calls that come at the same time. Nobody waits for
//! company: what comes while a statement is under way makes up the next one, so
//! a lone call goes alone and a crowd goes together. Calls whose callers are gone
//! cost no statement.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt as _, future::join_all};
use tokio::sync::{Mutex, mpsc, oneshot};
use wangge_api::call::{self, Context, Slot};

use crate::error::StoreError;

/// Calls that wait for their statement; more than these wait to get in line.
const LINE: usize = 1024;

/// Gathers calls and runs them together.
#[derive(Debug)]
pub struct Coalescer<I, O> {
    line: mpsc::Sender<Waiting<I, O>>,
}

/// A call in line: what it asks, the slot that it holds until it was answered, and
/// where the answer goes.
type Waiting<I, O> = (I, Option<Slot>, Caller<O>);
type Caller<O> = oneshot::Sender<Result<O, StoreError>>;

impl<I, O> Clone for Coalescer<I, O> {
    fn clone(&self) -> Self {
        Self {
            line: self.line.clone(),
        }
    }
}

impl<I: Send + 'static, O: Send + 'static> Coalescer<I, O> {
    /// Gathers at most `limit` calls for `run`, which answers each of them in
    /// order; up to `workers` statements are under way at the same time. It
    /// works until the last clone of the coalescer is gone.
    pub fn start<F, A>(workers: usize, limit: usize, run: F) -> Self
    where
        F: Fn(Vec<I>) -> A + Send + Sync + 'static,
        A: Future<Output = Vec<Result<O, StoreError>>> + Send + 'static,
    {
        let (line, waiting) = mpsc::channel::<Waiting<I, O>>(LINE);
        let (waiting, run) = (Arc::new(Mutex::new(waiting)), Arc::new(run));
        for _ in 0..workers {
            tokio::spawn(work(waiting.clone(), limit, run.clone()));
        }
        Self { line }
    }

    /// Runs a call, with others if there are any. If its caller goes away it may
    /// be run all the same.
    ///
    /// # Errors
    /// What `run` returns; `DATABASE_UNAVAILABLE` if it panics.
    pub async fn call(&self, asked: I) -> Result<O, StoreError> {
        let (caller, answer) = oneshot::channel();
        let gone = || StoreError::from(sqlx::Error::WorkerCrashed);
        let waiting = (asked, call::current().slot, caller);
        self.line.send(waiting).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn work<I, O, F, A>(
    waiting: Arc<Mutex<mpsc::Receiver<Waiting<I, O>>>>,
    limit: usize,
    run: Arc<F>,
) where
    F: Fn(Vec<I>) -> A,
    A: Future<Output = Vec<Result<O, StoreError>>>,
{
    loop {
        let mut gathered = Vec::new();
        // Whoever waits at the head of the line takes all that is there.
        if waiting.lock().await.recv_many(&mut gathered, limit).await == 0 {
            return;
        }
        gathered.retain(|(_, _, caller)| !caller.is_closed());
        if !gathered.is_empty() {
            answer(gathered, &*run).await;
        }
    }
}

/// Runs calls together, until the last caller is gone. A panic costs these calls
/// and no others.
async fn answer<I, O, F, A>(gathered: Vec<Waiting<I, O>>, run: &F)
where
    F: Fn(Vec<I>) -> A,
    A: Future<Output = Vec<Result<O, StoreError>>>,
{
    let (mut calls, mut slots, mut callers) = (Vec::new(), Vec::new(), Vec::new());
    for (call, slot, caller) in gathered {
        calls.push(call);
        slots.extend(slot);
        callers.push(caller);
    }
    let context = Context {
        deadline: None,
        slot: Some(Arc::new(slots)),
    };
    let work = call::scope(context, async { run(calls).await });
    let answers = tokio::select! {
        answers = AssertUnwindSafe(work).catch_unwind() => answers,
        _ = join_all(callers.iter_mut().map(Caller::closed)) => return,
    };
    match answers {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                // A caller who hung up needs no answer.
                let _ = caller.send(answer);
            }
        }
        // Callers learn that theirs was lost by losing sight of it.
        Err(_) => tracing::error!("a statement shared by calls panicked"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_lone_call_goes_alone_and_a_crowd_goes_together() {
        let coalescer = Coalescer::start(1, 64, |calls: Vec<usize>| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let size = calls.len();
            calls.into_iter().map(|call| Ok((call, size))).collect()
        });
        assert_eq!(coalescer.call(7).await.unwrap(), (7, 1));
        let crowd: Vec<_> = (0..50)
            .map(|call| {
                let coalescer = coalescer.clone();
                tokio::spawn(async move { coalescer.call(call).await.unwrap() })
            })
            .collect();
        let mut largest = 0;
        for (number, call) in crowd.into_iter().enumerate() {
            let (answered, size) = call.await.unwrap();
            assert_eq!(answered, number);
            largest = largest.max(size);
        }
        assert!(largest > 10, "{largest}");
    }

    #[tokio::test]
    async fn a_panic_costs_the_calls_that_met_it_and_no_later_ones() {
        let coalescer = Coalescer::start(1, 64, |calls: Vec<u32>| {
            assert_ne!(calls, [13], "unlucky before the statement");
            async move {
                assert_ne!(calls, [14], "unlucky within it");
                calls.into_iter().map(Ok).collect()
            }
        });
        for unlucky in [13, 14, 13] {
            let error = coalescer.call(unlucky).await.unwrap_err();
            assert!(error.is_unavailable());
        }
        assert_eq!(coalescer.call(7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn calls_whose_callers_are_gone_cost_no_statement() {
        let (seen, mut ran) = mpsc::unbounded_channel();
        let (open, gate) = tokio::sync::watch::channel(false);
        let coalescer = Coalescer::start(1, 64, move |calls: Vec<u32>| {
            let (seen, mut gate) = (seen.clone(), gate.clone());
            async move {
                seen.send(calls.clone()).unwrap();
                gate.wait_for(|open| *open).await.unwrap();
                calls.into_iter().map(Ok).collect()
            }
        });
        let call = |call| {
            let coalescer = coalescer.clone();
            tokio::spawn(async move { coalescer.call(call).await })
        };
        let first = call(1);
        assert_eq!(ran.recv().await, Some(vec![1]));
        let (gone, stays) = (call(2), call(3));
        while coalescer.line.capacity() > LINE - 2 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        assert!(gone.await.unwrap_err().is_cancelled());
        open.send_replace(true);
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(stays.await.unwrap().unwrap(), 3);
        assert_eq!(ran.recv().await, Some(vec![3]));
    }

    #[tokio::test]
    async fn a_statement_is_dropped_when_its_last_caller_is_gone_and_its_slot_with_it() {
        struct Ended(mpsc::UnboundedSender<()>);
        impl Drop for Ended {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        let (begun, mut begins) = mpsc::unbounded_channel();
        let (ended, mut ends) = mpsc::unbounded_channel();
        let coalescer = Coalescer::start(1, 64, move |_: Vec<u32>| {
            let ended = Ended(ended.clone());
            let _ = begun.send(());
            async move {
                let _ended = ended;
                std::future::pending::<Vec<Result<u32, StoreError>>>().await
            }
        });
        let slot: Slot = Arc::new(());
        let held = Arc::downgrade(&slot);
        let call = tokio::spawn(call::holding(slot, async move { coalescer.call(1).await }));
        begins.recv().await.unwrap();
        assert!(held.upgrade().is_some());
        call.abort();
        ends.recv().await.unwrap();
        while held.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
    }
}
