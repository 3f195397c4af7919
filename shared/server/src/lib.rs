//! What every server has: the column of layers, health, reflection, and a
//! shutdown that ends. It knows no method of any service.

pub mod args;
pub mod column;
mod deadline;
mod health;
pub mod import;
mod in_flight;
mod panic;
pub mod process;
pub mod serve;
mod trace;
mod transport;

pub use args::ServerArgs;
pub use serve::{Service, serve};
