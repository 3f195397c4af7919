//! The context of the call at hand: its deadline, and the slot it holds among
//! the calls in flight. A server sets it; work that is spawned for a call takes
//! it along, so that the slot is held until that work ends, not only for as long
//! as the caller waits. It decides nothing: limits are the server's.

use std::{any::Any, future::Future, sync::Arc, time::Duration};

use tokio::time::Instant;

/// Whatever is released when the last holder drops it.
pub type Slot = Arc<dyn Any + Send + Sync>;

/// Deadline and slot of a call.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// When the caller stops waiting; none if there is no limit.
    pub deadline: Option<Instant>,
    /// The slot; none for work that is not limited.
    pub slot: Option<Slot>,
}

tokio::task_local! {
    static CONTEXT: Context;
}

/// Returns the context of the call at hand; an empty one outside of calls.
pub fn current() -> Context {
    CONTEXT.try_with(Context::clone).unwrap_or_default()
}

/// Runs `work` in a context.
pub async fn scope<F: Future>(context: Context, work: F) -> F::Output {
    CONTEXT.scope(context, work).await
}

/// Returns `work` bound to the context of the call at hand, to be spawned.
pub fn carry<F: Future>(work: F) -> impl Future<Output = F::Output> {
    scope(current(), work)
}

/// Runs `work`, which is to be done by `deadline`, in the context of the call at
/// hand.
pub async fn within<F: Future>(deadline: Instant, work: F) -> F::Output {
    let context = Context {
        deadline: Some(deadline),
        ..current()
    };
    scope(context, work).await
}

/// Runs `work` while it holds `slot`.
pub async fn holding<F: Future>(slot: Slot, work: F) -> F::Output {
    let context = Context {
        slot: Some(slot),
        ..current()
    };
    scope(context, work).await
}

/// Returns what is left for the work at hand; none if it has no deadline.
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
