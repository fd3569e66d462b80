//! Who we are, read from `/etc/passwd` itself.
//!
//! The name service of the C library may open sockets and load modules; a task needs neither.

use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::PathError;
use crate::error::AtPath;
use crate::guard::protocol::MOST_GROUPS;

/// One line of the account file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: OsString,
    /// Numeric id.
    pub uid: u32,
    /// Its first group.
    pub gid: u32,
    /// Home folder.
    pub home: PathBuf,
}

/// Returns the numeric id that this program acts as.
pub fn effective_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// Looks up an account by number; `None` if no line has it.
///
/// # Errors
/// `/etc/passwd` cannot be read; a missing one holds no accounts.
pub fn by_uid(uid: u32) -> Result<Option<Account>, PathError> {
    let accounts = read_if_there(Path::new("/etc/passwd"))?;
    Ok(find(&accounts, |account| account.uid == uid))
}

/// Returns the name of the account we act as, or its number where it has no name.
///
/// # Errors
/// As [`by_uid`].
pub fn own_name() -> Result<OsString, PathError> {
    let uid = effective_uid();
    Ok(by_uid(uid)?.map_or_else(|| OsString::from(uid.to_string()), |account| account.name))
}

fn find(bytes: &[u8], is_wanted: impl Fn(&Account) -> bool) -> Option<Account> {
    bytes.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let uid = number(fields.nth(1)?)?;
        let gid = number(fields.next()?)?;
        let home = fields.nth(1)?;
        let account = Account {
            name: OsString::from_vec(name.to_vec()),
            uid,
            gid,
            home: PathBuf::from(OsStr::from_bytes(home)),
        };
        is_wanted(&account).then_some(account)
    })
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Whom a process becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Numeric id.
    pub uid: u32,
    /// First group.
    pub gid: u32,
    /// All groups, the first included.
    pub groups: Vec<u32>,
}

impl Role {
    /// Looks a role up by its name; `None` if no account has it.
    ///
    /// # Errors
    /// The account files cannot be read; missing ones hold nothing.
    pub fn of(name: &str) -> Result<Option<Self>, PathError> {
        let accounts = read_if_there(Path::new("/etc/passwd"))?;
        let Some(account) = find(&accounts, |account| account.name == name) else {
            return Ok(None);
        };
        let groups = groups_of(&read_if_there(Path::new("/etc/group"))?, name, account.gid);
        Ok(Some(Self {
            uid: account.uid,
            gid: account.gid,
            groups,
        }))
    }

    /// User, group and groups, as the guard takes them.
    pub(crate) fn numbers(&self) -> String {
        let first = [self.uid, self.gid];
        let all = first.iter().chain(self.groups.iter().take(MOST_GROUPS));
        all.map(ToString::to_string).collect::<Vec<_>>().join(",")
    }

    /// Whether the permission bits let it pass through a folder.
    pub fn may_enter(&self, folder: &Metadata) -> bool {
        let bits = match folder {
            _ if self.uid == 0 => return true,
            _ if folder.uid() == self.uid => 0o100,
            _ if self.groups.contains(&folder.gid()) => 0o010,
            _ => 0o001,
        };
        folder.mode() & bits != 0
    }
}

/// The groups that name an account as a member, its first one in front.
fn groups_of(bytes: &[u8], name: &str, first: u32) -> Vec<u32> {
    let mut groups = vec![first];
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b':');
        let gid = fields.nth(2).and_then(number);
        let mut members = fields.next().unwrap_or_default().split(|byte| *byte == b',');
        if let Some(gid) = gid.filter(|gid| !groups.contains(gid))
            && members.any(|member| member == name.as_bytes())
        {
            groups.push(gid);
        }
    }
    groups
}

fn read_if_there(path: &Path) -> Result<Vec<u8>, PathError> {
    match std::fs::read(path).at("read", path) {
        Err(error) if error.is_missing() => Ok(Vec::new()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_accounts_are_passed_over() {
        let file = b"root:x:0:0:root:/root:/bin/bash\n# note\n:x:7:7::/:\nbad:x:seven:0::/x:\nann:x:7:7:Ann:/home/a b\xff:/bin/sh\n";
        let by_uid = |uid| find(file, |account| account.uid == uid);
        let ann = by_uid(7).unwrap();
        assert_eq!(ann.name, "ann");
        assert_eq!(ann.gid, 7);
        assert_eq!(ann.home.as_os_str().as_bytes(), b"/home/a b\xff");
        assert_eq!(by_uid(0).unwrap().home, Path::new("/root"));
        assert_eq!(by_uid(8), None);
    }

    #[test]
    fn groups_are_those_that_name_the_account() {
        let file =
            b"root:x:0:\nweb:x:33:ann,bob\nbad\nall:x:100:bob,anna\nlog:x:4:bob,ann\nown:x:7:ann\n:::ann\n";
        assert_eq!(groups_of(file, "ann", 7), [7, 33, 4]);
        let role = Role {
            uid: 5,
            gid: 7,
            groups: vec![7, 33],
        };
        assert_eq!(role.numbers(), "5,7,7,33");
    }
}
