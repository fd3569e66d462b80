//! Ports: which are free on this machine, and which a task of this root has got.
//!
//! `ROOT/ports` has a line `PORT TASK_ID` for each port that was given out. It is read and replaced under
//! a lock, so that two tasks that are made at one moment do not get the same port.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};

use crate::error::AtPath;
use crate::folder::{make_folder, private, replace};
use crate::{PathError, boot};

/// The lowest port that is given out.
const LOWEST: u16 = 20_000;
/// How many ports are tried at random until the kernel is asked for any.
const TRIES: u32 = 200;

/// Whether nothing on this machine listens on a port. A port that we may not open counts as free: the
/// process may have rights that we have not.
pub fn is_free(port: u16) -> bool {
    let is_taken =
        |result: io::Result<TcpListener>| result.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse);
    !is_taken(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)))
        && !is_taken(TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)))
}

/// Finds a port that is free and that `is_wanted`.
///
/// It lies below those that the kernel gives to outgoing connections, so that it stays free until its
/// process listens, and while that is started again.
///
/// # Errors
/// The kernel has no free port.
pub fn find_free(is_wanted: impl Fn(u16) -> bool) -> Result<u16, PathError> {
    let path = Path::new("/proc/sys/net/ipv4/ip_local_port_range");
    let range = std::fs::read_to_string(path).unwrap_or_default();
    let first_outgoing: u16 = range
        .split_whitespace()
        .next()
        .and_then(|low| low.parse().ok())
        .unwrap_or(0);
    let count = first_outgoing.saturating_sub(LOWEST);
    for _ in 0..TRIES {
        let port = match count {
            0..1000 => any_port().at("find a free port by", path)?,
            count => {
                let place = boot::random()? % u64::from(count);
                LOWEST + u16::try_from(place).unwrap_or(0)
            }
        };
        if is_wanted(port) && is_free(port) {
            return Ok(port);
        }
    }
    let crowded = io::Error::other("every port that was tried is taken");
    Err(PathError::new("find a free port by", path, crowded))
}

fn any_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    Ok(listener.local_addr()?.port())
}

/// The ports that tasks of a root have got; locked while it is held.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    given: BTreeMap<u16, String>,
    _lock: File,
}

impl Ledger {
    /// Waits for the lock and reads.
    ///
    /// # Errors
    /// The files cannot be made, locked or read.
    pub fn open(root: &Path) -> Result<Self, PathError> {
        make_folder(root)?;
        let (path, lock_path) = (root.join("ports"), root.join("ports.lock"));
        let mut options = private();
        options.write(true).create(true).truncate(false);
        let lock = options.open(&lock_path).at("open", &lock_path)?;
        lock.lock().at("lock", &lock_path)?;
        let text = match std::fs::read_to_string(&path).at("read", &path) {
            Err(error) if error.is_missing() => String::new(),
            text => text?,
        };
        let given = text.lines().filter_map(|line| {
            let (port, id) = line.split_once(' ')?;
            Some((port.parse().ok()?, id.to_string()))
        });
        Ok(Self {
            given: given.collect(),
            path,
            _lock: lock,
        })
    }

    /// The task that got a port, which may be over.
    pub fn holder(&self, port: u16) -> Option<&str> {
        self.given.get(&port).map(String::as_str)
    }

    /// Notes durably that a task got ports. Forgets those of tasks that are not `known`.
    ///
    /// # Errors
    /// The file cannot be replaced.
    pub fn give(
        &mut self,
        id: &str,
        ports: impl IntoIterator<Item = u16>,
        known: impl Fn(&str) -> bool,
    ) -> Result<(), PathError> {
        self.given.retain(|_, id| known(id));
        self.given
            .extend(ports.into_iter().map(|port| (port, id.to_string())));
        let lines: Vec<String> = self
            .given
            .iter()
            .map(|(port, id)| format!("{port} {id}\n"))
            .collect();
        replace(&self.path, lines.concat().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_someone_listens_on_is_taken() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(!is_free(port));
        drop(listener);
        let found = find_free(|found| found != port).unwrap();
        assert_ne!(found, port);
        assert!(find_free(|_| false).is_err());
    }

    #[test]
    fn what_was_given_is_remembered_while_its_task_is_known() {
        let root = tempfile::tempdir().unwrap();
        let open = || Ledger::open(root.path()).unwrap();
        open().give("a b", [7000, 7001], |_| true).unwrap();
        open().give("c", [7001], |id| id == "a b").unwrap();
        let ledger = open();
        assert_eq!(
            [7000, 7001, 7002].map(|port| ledger.holder(port).map(str::to_string)),
            [Some("a b".to_string()), Some("c".to_string()), None]
        );
        drop(ledger);
        open().give("d", [], |id| id != "a b").unwrap();
        assert_eq!(open().holder(7000), None);
    }
}
