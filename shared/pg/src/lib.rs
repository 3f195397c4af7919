//! PostgreSQL for every service: connection pools, transactions that a cancelled
//! handler cannot leave open, idempotency of writes by request id, and the mapping
//! of database errors to refusals. It holds no statement about any service's own
//! records.

mod cancel;
pub mod coalesce;
pub mod error;
pub mod lanes;
pub mod leadership;
pub mod measures;
pub mod migrate;
pub mod pool;
pub mod queue;
pub mod request;
pub mod transaction;
pub mod trial;

pub use coalesce::Coalescer;
pub use error::{Constraint, StoreError};
pub use lanes::Lanes;
pub use leadership::Leadership;
pub use pool::{Access, Database, open};
pub use transaction::{Tx, transact};
pub use trial::Trial;
