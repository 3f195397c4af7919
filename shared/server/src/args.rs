//! What an operator sets on a server.

use std::time::Duration;

use clap::Args;

/// Limits of a server.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Calls worked on at the same time; one more is refused at once.
    #[arg(
        long,
        env = "WANGGE_MAX_IN_FLIGHT",
        default_value_t = 512,
        global = true
    )]
    pub max_in_flight: usize,
    /// Seconds after which a call without a deadline of its own is given up.
    #[arg(
        long,
        env = "WANGGE_DEADLINE_SECONDS",
        default_value_t = 30,
        global = true
    )]
    pub deadline_seconds: u64,
    /// Seconds for which calls are still taken once the process was told to stop,
    /// so that whoever spreads calls over replicas notices first; 3 at most.
    #[arg(
        long,
        env = "WANGGE_LAME_DUCK_SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=3),
        global = true
    )]
    pub lame_duck_seconds: u64,
    /// Seconds for which a connection is kept, give or take a fifth, so that
    /// callers come to new replicas, too.
    #[arg(
        long,
        env = "WANGGE_CONNECTION_SECONDS",
        default_value_t = 300,
        value_parser = clap::value_parser!(u64).range(1..),
        global = true
    )]
    pub connection_seconds: u64,
    /// Let clients ask which methods there are.
    #[arg(
        long,
        env = "WANGGE_REFLECTION",
        default_value_t = false,
        global = true
    )]
    pub reflection: bool,
}

impl ServerArgs {
    /// The deadline of calls that bring none.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(self.deadline_seconds)
    }
}

impl Default for ServerArgs {
    fn default() -> Self {
        Self {
            max_in_flight: 512,
            deadline_seconds: 30,
            lame_duck_seconds: 0,
            connection_seconds: 300,
            reflection: false,
        }
    }
}
