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
            reflection: false,
        }
    }
}
