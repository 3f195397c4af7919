//! Logs, traces and metrics: set up once in a process, and the trace context
//! that is carried from call to call. No personal data passes through here:
//! callers record ids, codes and states only.

pub mod context;
mod metrics;
mod sampling;
mod setup;
mod statements;

pub use setup::{LogFormat, Telemetry, TelemetryArgs};
