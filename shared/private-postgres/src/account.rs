//! Chooses the account that the server runs as. PostgreSQL refuses to run as root, so
//! root drops privileges for it. Data directories that the account can't reach are
//! rejected.

use std::{
    env, fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
};

use tokio::process::Command;

use crate::{Error, error::Doing};

/// The account that runs the server's programs.
#[derive(Debug)]
pub(crate) enum Account {
    /// Our own account.
    Ours,
    /// An unprivileged account, while we run as root.
    Lesser { name: String, uid: u32, gid: u32 },
}

impl Account {
    /// Chooses the account for a data directory, which need not exist yet. If it exists,
    /// root uses its owner.
    pub(crate) fn for_data_dir(data_dir: &Path) -> Result<Self, Error> {
        let owner = fs::metadata(data_dir)
            .ok()
            .map(|data| (data.uid(), data.gid()));
        let us = rustix::process::geteuid();
        if !us.is_root() {
            return match owner {
                // Only root may run the server as another user.
                Some((owner, _)) if owner != us.as_raw() => Err(Error::ForeignOwner {
                    path: data_dir.into(),
                    owner,
                }),
                _ => Ok(Self::Ours),
            };
        }
        let account = match owner {
            Some((uid, gid)) if uid != 0 => Self::Lesser {
                name: format!("uid {uid}"),
                uid,
                gid,
            },
            _ => Self::lookup()?,
        };
        account.check_reach(data_dir)?;
        Ok(account)
    }

    fn lookup() -> Result<Self, Error> {
        let passwd = fs::read_to_string("/etc/passwd").doing("read", "/etc/passwd")?;
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| Self::in_passwd(&passwd, name))
            .ok_or(Error::NoAccount)
    }

    fn in_passwd(passwd: &str, wanted: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next().filter(|name| *name == wanted)?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self::Lesser {
                name: name.to_owned(),
                uid,
                gid,
            })
        })
    }

    /// Checks the search permission on every parent directory for the account. Computed
    /// from the mode bits: trying it would prove nothing, since root may enter any
    /// directory.
    fn check_reach(&self, data_dir: &Path) -> Result<(), Error> {
        let Self::Lesser { name, uid, gid } = self else {
            return Ok(());
        };
        for parent in data_dir.ancestors().skip(1) {
            let data = fs::metadata(parent).doing("inspect", parent)?;
            let search_bit = match (data.uid() == *uid, data.gid() == *gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if data.mode() & search_bit == 0 {
                return Err(Error::Unreachable {
                    account: name.clone(),
                    data_dir: data_dir.into(),
                    closed: parent.into(),
                });
            }
        }
        Ok(())
    }

    /// Returns the uid that owns the server's files.
    pub(crate) fn uid(&self) -> u32 {
        self.ids()
            .map_or_else(|| rustix::process::geteuid().as_raw(), |(uid, _)| uid)
    }

    /// Returns the uid and gid to switch to, or none if we run the server as ourselves.
    pub(crate) fn ids(&self) -> Option<(u32, u32)> {
        match self {
            Self::Ours => None,
            Self::Lesser { uid, gid, .. } => Some((*uid, *gid)),
        }
    }

    /// Changes the owner of a file or directory to the account.
    pub(crate) fn give(&self, path: &Path) -> Result<(), Error> {
        match self.ids() {
            Some((uid, gid)) => {
                chown(path, Some(uid), Some(gid)).doing("change the owner of", path)
            }
            None => Ok(()),
        }
    }

    /// Creates a command that runs as the account. It inherits neither our environment
    /// (PGOPTIONS and the like would change the server) nor our working directory, which
    /// the account may not be able to enter.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir("/")
            .stdin(std::process::Stdio::null());
        if let Some(path) = env::var_os("PATH") {
            command.env("PATH", path);
        }
        if let Some((uid, gid)) = self.ids() {
            command.uid(uid).gid(gid);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_its_line() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n";
        let account = Account::in_passwd(passwd, "postgres");
        assert!(
            matches!(
                account,
                Some(Account::Lesser {
                    uid: 101,
                    gid: 104,
                    ..
                })
            ),
            "{account:?}"
        );
        assert!(Account::in_passwd(passwd, "nobody").is_none());
    }
}
