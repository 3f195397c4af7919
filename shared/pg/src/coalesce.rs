//! Batches concurrent calls into one statement. No call is delayed to fill a batch:
//! calls that arrive while a statement is running form the next batch, so a lone
//! call runs alone and concurrent calls run together. Calls whose callers have hung
//! up cost no statement.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures::{FutureExt as _, future::join_all};
use tokio::sync::{Mutex, mpsc, oneshot};
use wangge_api::call::{self, Context, Slot};

use crate::error::StoreError;

/// The queue's capacity; further calls wait until there is room.
const QUEUE_CAPACITY: usize = 1024;

/// Batches concurrent calls and runs each batch as one statement.
#[derive(Debug)]
pub struct Coalescer<I, O> {
    line: mpsc::Sender<Waiting<I, O>>,
}

/// A queued call: its input, the slot that it holds until it has a result, and the
/// channel for that result.
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
    /// Starts the `workers`, each of which runs one batch at a time: `run` receives
    /// up to `limit` calls and returns one result per call, in the same order. The
    /// workers exit when the last clone of the coalescer is dropped.
    pub fn start<F, A>(workers: usize, limit: usize, run: F) -> Self
    where
        F: Fn(Vec<I>) -> A + Send + Sync + 'static,
        A: Future<Output = Vec<Result<O, StoreError>>> + Send + 'static,
    {
        let (line, waiting) = mpsc::channel::<Waiting<I, O>>(QUEUE_CAPACITY);
        let (waiting, run) = (Arc::new(Mutex::new(waiting)), Arc::new(run));
        for _ in 0..workers {
            tokio::spawn(work(waiting.clone(), limit, run.clone()));
        }
        Self { line }
    }

    /// Runs a call, in a batch with any others that are queued. A call whose caller
    /// goes away may still be run.
    ///
    /// # Errors
    /// Returns the error of `run`; `DATABASE_UNAVAILABLE` if it panics.
    pub async fn call(&self, asked: I) -> Result<O, StoreError> {
        let (caller, answer) = oneshot::channel();
        let gone = || StoreError::from(sqlx::Error::WorkerCrashed);
        // The call's slot travels with it, so that admission counts the statement
        // for as long as it runs, even if the caller hangs up first.
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
        // The worker that holds the lock drains the queue. It releases the lock
        // before it runs the batch, so that the next worker can collect the next
        // one.
        if waiting.lock().await.recv_many(&mut gathered, limit).await == 0 {
            return;
        }
        // Checked as late as possible: callers may have hung up while the call was
        // queued.
        gathered.retain(|(_, _, caller)| !caller.is_closed());
        if !gathered.is_empty() {
            answer(gathered, &*run).await;
        }
    }
}

/// Runs one batch, and aborts it once the last caller is gone. A panic fails only
/// the calls of this batch.
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
    // No deadline: the callers' deadlines differ, and the shortest must not cut off
    // the others. The slots of all calls are held until the statement has ended.
    let context = Context {
        deadline: None,
        slot: Some(Arc::new(slots)),
    };
    // `run` is called inside the async block, so that a panic before its first
    // await is caught as well and doesn't end the worker.
    let work = call::scope(context, async { run(calls).await });
    let answers = tokio::select! {
        answers = AssertUnwindSafe(work).catch_unwind() => answers,
        // Dropping the statement lets its lane cancel it in the database.
        _ = join_all(callers.iter_mut().map(Caller::closed)) => return,
    };
    match answers {
        Ok(answers) => {
            for (caller, answer) in callers.into_iter().zip(answers) {
                // A caller that hung up has dropped its receiver.
                let _ = caller.send(answer);
            }
        }
        // The callers are notified by the drop of their senders, which `call` maps
        // to an error.
        Err(_) => tracing::error!("panic in a statement shared by calls"),
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
        while coalescer.line.capacity() > QUEUE_CAPACITY - 2 {
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
