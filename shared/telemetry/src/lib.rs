//! Logs, traces and metrics, set up once per process, and the propagation of trace
//! context between calls. It carries no personal data: callers record only ids, codes and
//! states.

pub mod context;
mod metrics;
mod sampling;
mod setup;
mod statements;

pub use setup::{LogFormat, Telemetry, TelemetryArgs};
