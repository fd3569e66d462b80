//! Who we are, read from `/etc/passwd` itself.
//!
//! The name service of the C library may open sockets and load modules; a task needs neither.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::PathError;
use crate::error::AtPath;

/// One line of the account file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: OsString,
    /// Numeric id.
    pub uid: u32,
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
    let path = Path::new("/etc/passwd");
    match std::fs::read(path).at("read", path) {
        Ok(bytes) => Ok(find(&bytes, uid)),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the name of the account we act as, or its number where it has no name.
///
/// # Errors
/// As [`by_uid`].
pub fn own_name() -> Result<OsString, PathError> {
    let uid = effective_uid();
    Ok(by_uid(uid)?.map_or_else(|| OsString::from(uid.to_string()), |account| account.name))
}

fn find(bytes: &[u8], uid: u32) -> Option<Account> {
    bytes.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let found: u32 = std::str::from_utf8(fields.nth(1)?).ok()?.parse().ok()?;
        let home = fields.nth(2)?;
        (found == uid).then(|| Account {
            name: OsString::from_vec(name.to_vec()),
            uid,
            home: PathBuf::from(std::ffi::OsStr::from_bytes(home)),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_accounts_are_passed_over() {
        let file = b"root:x:0:0:root:/root:/bin/bash\n# note\n:x:7:7::/:\nbad:x:seven:0::/x:\nann:x:7:7:Ann:/home/a b\xff:/bin/sh\n";
        let ann = find(file, 7).unwrap();
        assert_eq!(ann.name, "ann");
        assert_eq!(ann.home.as_os_str().as_bytes(), b"/home/a b\xff");
        assert_eq!(find(file, 0).unwrap().home, Path::new("/root"));
        assert_eq!(find(file, 8), None);
    }
}
