//! Makes one statement of calls that come at the same time. Nobody waits for
//! company: what comes while a statement is under way makes up the next one, so
//! a lone call goes alone and a crowd goes together.

use std::{future::Future, sync::Arc};

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::error::StoreError;

/// Calls that wait for their statement; more than these wait to get in line.
const LINE: usize = 1024;

/// Gathers calls and runs them together.
#[derive(Debug)]
pub struct Coalescer<I, O> {
    line: mpsc::Sender<Waiting<I, O>>,
}

type Waiting<I, O> = (I, oneshot::Sender<Result<O, StoreError>>);

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

    /// Runs a call, with others if there are any. Once it is in line it is run
    /// even if its caller goes away.
    ///
    /// # Errors
    /// What `run` answers.
    pub async fn call(&self, call: I) -> Result<O, StoreError> {
        let (caller, answer) = oneshot::channel();
        let gone = || StoreError::from(sqlx::Error::WorkerCrashed);
        self.line.send((call, caller)).await.map_err(|_| gone())?;
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
        let (calls, callers): (Vec<I>, Vec<_>) = gathered.into_iter().unzip();
        for (caller, answer) in callers.into_iter().zip(run(calls).await) {
            // A caller who hung up needs no answer.
            let _ = caller.send(answer);
        }
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
}
