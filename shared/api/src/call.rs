//! The context of the current call: its deadline, and its slot among the calls in
//! flight. A server sets it. Work that is spawned for a call carries it, so that
//! the slot is held until that work ends and not only while the caller waits. The
//! limits themselves belong to the server.

use std::{any::Any, future::Future, sync::Arc, time::Duration};

use tokio::time::Instant;

/// A guard that is released when its last clone is dropped.
pub type Slot = Arc<dyn Any + Send + Sync>;

/// The deadline and the slot of a call.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Time at which the caller stops waiting; `None` without a limit.
    pub deadline: Option<Instant>,
    /// The slot of the call; `None` for work that isn't limited.
    pub slot: Option<Slot>,
}

tokio::task_local! {
    static CONTEXT: Context;
}

/// Returns the context of the current call; an empty one outside of calls.
pub fn current() -> Context {
    CONTEXT.try_with(Context::clone).unwrap_or_default()
}

/// Runs `work` in the given context, which replaces the current one.
pub async fn scope<F: Future>(context: Context, work: F) -> F::Output {
    CONTEXT.scope(context, work).await
}

/// Binds `work` to the context of the current call, so that it can be spawned.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    // Task-locals aren't inherited by spawned tasks. The context is read here, in
    // the caller's task, and not when the future is polled.
    scope(current(), work)
}

/// Runs `work` with a `deadline`, otherwise in the context of the current call.
pub async fn within<F: Future>(deadline: Instant, work: F) -> F::Output {
    let context = Context {
        deadline: Some(deadline),
        ..current()
    };
    scope(context, work).await
}

/// Runs `work` while it holds `slot`, otherwise in the context of the current call.
pub async fn holding<F: Future>(slot: Slot, work: F) -> F::Output {
    let context = Context {
        slot: Some(slot),
        ..current()
    };
    scope(context, work).await
}

/// Returns the time left until the deadline of the current call; `None` if it has
/// none.
pub fn left() -> Option<Duration> {
    current()
        .deadline
        .map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn spawned_work_holds_the_slot_until_it_ends() {
        let slot: Slot = Arc::new(());
        let held = Arc::downgrade(&slot);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let mut spawned = None;
        holding(slot, async { spawned = Some(tokio::spawn(carry(ended))) }).await;
        assert!(
            held.upgrade().is_some(),
            "the handler is gone, the work is not"
        );
        end.send(()).unwrap();
        spawned.unwrap().await.unwrap().unwrap();
        assert!(held.upgrade().is_none());
    }
}
