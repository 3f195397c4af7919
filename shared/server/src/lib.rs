//! The parts that every gRPC server of the platform shares: settings, the layer stack,
//! health, reflection and a bounded shutdown. It knows no method of any service.

mod admission;
pub mod args;
pub mod column;
mod deadline;
pub mod environment;
mod health;
mod healthcheck;
mod http1;
pub mod import;
mod incoming;
mod panic;
pub mod process;
mod reflection;
pub mod serve;
mod service_token;
pub mod settings;
mod shares;
mod trace;
mod transport;
mod web;

pub use args::ServerArgs;
pub use environment::Environment;
pub use reflection::descriptors;
pub use serve::{Service, serve};
pub use web::WebOrigins;
