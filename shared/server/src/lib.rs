//! What every server has: its settings, the column of layers, health, reflection,
//! and a shutdown that ends. It knows no method of any service.

mod admission;
pub mod args;
pub mod column;
mod deadline;
pub mod environment;
mod health;
mod healthcheck;
pub mod import;
mod incoming;
mod panic;
pub mod process;
pub mod serve;
mod service_token;
pub mod settings;
mod shares;
mod trace;
mod transport;

pub use args::ServerArgs;
pub use environment::Environment;
pub use serve::{Service, serve};
