//! Reads the file in which a PostgreSQL server says who and how it is.
//! Refuses to trust it further: a server that was killed leaves it behind.

use std::{fs, path::Path};

use rustix::process::{Pid, test_kill_process};

/// What `postmaster.pid` says: the pid on line 1, the state on line 8.
pub(crate) struct PidFile {
    /// The server's main process.
    pub(crate) pid: Pid,
    /// Whether it takes queries.
    pub(crate) ready: bool,
}

impl PidFile {
    /// Reads the file of a data directory; none if there is no server.
    pub(crate) fn read(data_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        // Two, because signals to lower ids would reach more than one process.
        let pid = lines
            .next()?
            .trim()
            .parse()
            .ok()
            .filter(|pid| *pid >= 2)
            .and_then(Pid::from_raw)?;
        let ready = lines.nth(6).is_some_and(|state| state.trim() == "ready");
        Some(Self { pid, ready })
    }
}

/// A process that we may not signal is alive, but it is not our server.
pub(crate) fn is_alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}
