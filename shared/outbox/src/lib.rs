//! Events from the transaction that made them to whoever applies them: the
//! outbox, the sequencer that numbers it, the feed it is served as, and the
//! consumer of other services' feeds. It knows no event's meaning.

pub mod applied;
pub mod arrival;
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
pub use sequencer::{Hint, Sequencer};
