//! Where task state lives.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{PathError, account};

/// Why no state folder could be named.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Neither variables nor the account file say where.
    #[error(
        "cannot tell where to keep task state: HOME and XDG_STATE_HOME are not set and /etc/passwd has no home for user {uid}"
    )]
    Nowhere {
        /// The user who asked.
        uid: u32,
    },
    /// The account file cannot be read.
    #[error(transparent)]
    Accounts(#[from] PathError),
    /// A relative path was given and there is no working directory to start from.
    #[error("cannot read the working directory that {} starts from: {source}", path.display())]
    WorkingDirectory {
        /// The relative path.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
}

/// Names the state folder, absolute: `--root`, else `AUR_ROOT`, else `$XDG_STATE_HOME/aur`, else for root
/// `/var/lib/aur`, else `$HOME/.local/state/aur`, else the same below the home in `/etc/passwd`.
///
/// Empty variables count as unset, and so does a relative `XDG_STATE_HOME` or `HOME`.
///
/// # Errors
/// No rule names a folder, or a source cannot be read.
pub fn resolve(
    flag: Option<&Path>,
    variable: impl Fn(&str) -> Option<OsString>,
    uid: u32,
) -> Result<PathBuf, RootError> {
    let variable = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let absolute = |name| variable(name).filter(|path: &PathBuf| path.is_absolute());
    if let Some(path) = flag.map(Path::to_path_buf).or_else(|| variable("AUR_ROOT")) {
        return std::path::absolute(&path).map_err(|source| RootError::WorkingDirectory { path, source });
    }
    if let Some(state) = absolute("XDG_STATE_HOME") {
        return Ok(state.join("aur"));
    }
    if uid == 0 {
        return Ok(PathBuf::from("/var/lib/aur"));
    }
    let home = match absolute("HOME") {
        Some(home) => Some(home),
        None => account::by_uid(uid)?
            .map(|account| account.home)
            .filter(|home| home.is_absolute()),
    };
    match home {
        Some(home) => Ok(home.join(".local/state/aur")),
        None => Err(RootError::Nowhere { uid }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(flag: Option<&str>, variables: &[(&str, &str)], uid: u32) -> String {
        let variable = |name: &str| {
            let (_, value) = variables.iter().find(|(key, _)| *key == name)?;
            Some(OsString::from(value))
        };
        match resolve(flag.map(Path::new), variable, uid) {
            Ok(path) => path.display().to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_first_rule_that_answers_wins() {
        let all = [("AUR_ROOT", "/r"), ("XDG_STATE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(resolved(Some("/flag"), &all, 1), "/flag");
        assert_eq!(resolved(None, &all, 1), "/r");
        assert_eq!(resolved(None, &all[1..], 1), "/x/aur");
        assert_eq!(resolved(None, &all[2..], 1), "/h/.local/state/aur");
        assert_eq!(resolved(None, &all[2..], 0), "/var/lib/aur");
        assert_eq!(
            resolved(None, &[("AUR_ROOT", ""), ("HOME", "/h")], 0),
            "/var/lib/aur"
        );
        assert_eq!(
            resolved(None, &[("HOME", "")], 4_000_000_000),
            "cannot tell where to keep task state: HOME and XDG_STATE_HOME are not set and /etc/passwd has no home for user 4000000000"
        );
    }
}
