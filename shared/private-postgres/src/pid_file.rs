//! Parses a PostgreSQL server's pid file. Its content is only a hint: a killed server
//! leaves the file behind.

use std::{fs, path::Path};

use rustix::process::{Pid, test_kill_process};

/// The parts of `postmaster.pid` that are used: the pid on line 1 and the state on line
/// 8.
pub(crate) struct PidFile {
    /// Pid of the server's main process.
    pub(crate) pid: Pid,
    /// True once the server accepts queries.
    pub(crate) ready: bool,
}

impl PidFile {
    /// Reads the file of a data directory; none if there is no valid one.
    pub(crate) fn read(data_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(data_dir.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        // At least 2: `kill` with 0 or a negative pid would signal a whole process group.
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

/// Returns true if the process exists and may be signalled. One that we may not signal
/// belongs to another user, so it isn't our server.
pub(crate) fn is_alive(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}
