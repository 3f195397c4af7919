//! The path of events from the transaction that writes them to the services that
//! apply them: the outbox, the sequencer that numbers it, the feed that serves it,
//! and the consumer of other services' feeds. It doesn't interpret any event's
//! payload.

pub mod applied;
pub mod arrival;
mod block;
pub mod consumer;
pub mod event;
pub mod feed;
mod measures;
pub mod position;
pub mod sequencer;

pub use arrival::Arrival;
pub use consumer::{Consumer, Projector};
pub use event::{NewEvent, append, append_all};
pub use feed::Feed;
pub use sequencer::{CommitNotifier, Sequencer};
