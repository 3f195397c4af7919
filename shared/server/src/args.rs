//! Limits of a server that the operator configures.

use std::time::Duration;

use clap::Args;

use crate::web::{Web, WebOrigins};

/// Limits of a server.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Maximum number of calls in flight; further calls are rejected at once.
    #[arg(
        long,
        env = "WANGGE_MAX_IN_FLIGHT",
        default_value_t = 512,
        global = true
    )]
    pub max_in_flight: usize,
    /// Maximum number of calls in flight per caller (issuer and subject of the token), so
    /// that one caller can't starve the others.
    #[arg(
        long,
        env = "WANGGE_MAX_IN_FLIGHT_PER_CALLER",
        default_value_t = 128,
        global = true
    )]
    pub max_in_flight_per_caller: usize,
    /// Maximum number of client connections; further ones wait to be accepted.
    #[arg(
        long,
        env = "WANGGE_MAX_CLIENT_CONNECTIONS",
        default_value_t = 4096,
        value_parser = at_least_one,
        global = true
    )]
    pub max_client_connections: usize,
    /// Default and maximum deadline of a call, in seconds.
    #[arg(
        long,
        env = "WANGGE_DEADLINE_SECONDS",
        default_value_t = 30,
        global = true
    )]
    pub deadline_seconds: u64,
    /// Seconds to keep accepting calls after a stop signal while reporting not ready, so
    /// that load balancers notice first; 3 at most.
    #[arg(
        long,
        env = "WANGGE_LAME_DUCK_SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=3),
        global = true
    )]
    pub lame_duck_seconds: u64,
    /// Maximum age of a connection in seconds, ±20 %, so that callers reconnect and also
    /// reach new replicas.
    #[arg(
        long,
        env = "WANGGE_CONNECTION_SECONDS",
        default_value_t = 300,
        value_parser = clap::value_parser!(u64).range(1..),
        global = true
    )]
    pub connection_seconds: u64,
    /// Serve gRPC server reflection.
    #[arg(
        long,
        env = "WANGGE_REFLECTION",
        default_value_t = false,
        global = true
    )]
    pub reflection: bool,
    /// Comma-separated origins whose pages may call from a browser, by gRPC-Web, which is
    /// then also accepted over HTTP/1.1; off by default. Example:
    /// https://pages.example,https://desk.example:8443. In development `*` allows all.
    #[arg(long, env = "WANGGE_WEB_ORIGINS", global = true)]
    pub web_origins: Option<WebOrigins>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

impl ServerArgs {
    /// Returns the deadline of calls that carry none, which is also the maximum of those
    /// that do.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }

    /// Returns the layers for browsers; none unless pages may call.
    pub(crate) fn web(&self) -> Option<Web> {
        self.web_origins.as_ref().and_then(WebOrigins::layer)
    }
}

impl Default for ServerArgs {
    fn default() -> Self {
        Self {
            max_in_flight: 512,
            max_in_flight_per_caller: 128,
            max_client_connections: 4096,
            deadline_seconds: 30,
            lame_duck_seconds: 0,
            connection_seconds: 300,
            reflection: false,
            web_origins: None,
        }
    }
}
