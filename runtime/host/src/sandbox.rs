//! The sandbox: the folder a task lives in, and the files it starts with.

use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::{Mode, mkdirat};

use crate::PathError;
use crate::account::Role;
use crate::error::AtPath;

/// Writes files below a folder, with the folders above them: mode 0644 and 0755 before the umask.
///
/// Paths are relative, with `/`, and without `.` or `..`; the plan's rules see to that. Symbolic links
/// are not followed, so nothing is written outside the folder.
///
/// # Errors
/// A folder or file cannot be made or written.
pub fn write_files<'a>(
    sandbox: &Path,
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<(), PathError> {
    let top = open(
        sandbox,
        OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC,
        Mode::empty(),
    )
    .at("open folder", sandbox)?;
    for (path, content) in files {
        write_file(&top, sandbox, path, content)?;
    }
    Ok(())
}

fn write_file(top: &OwnedFd, sandbox: &Path, path: &str, content: &[u8]) -> Result<(), PathError> {
    let mut parts: Vec<&str> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    let mut folder = top.try_clone().at("open folder", sandbox)?;
    let mut place = PathBuf::from(sandbox);
    for part in parts {
        place.push(part);
        folder = enter(&folder, part).at("create folder", &place)?;
    }
    place.push(name);
    check(name).at("create", &place)?;
    let flags = OFlag::O_CREAT | OFlag::O_WRONLY | OFlag::O_TRUNC | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = openat(&folder, name, flags, Mode::from_bits_truncate(0o644)).at("create", &place)?;
    std::fs::File::from(file).write_all(content).at("write", &place)
}

/// Gives a folder and all in it to a role. Links are not followed, but nobody else may be at work in it.
///
/// # Errors
/// Something cannot be read or given away.
pub fn give(sandbox: &Path, role: &Role) -> Result<(), PathError> {
    for entry in std::fs::read_dir(sandbox).at("list", sandbox)? {
        let entry = entry.at("list", sandbox)?;
        let path = entry.path();
        match entry.file_type().at("look at", &path)?.is_dir() {
            true => give(&path, role)?,
            false => give_one(&path, role)?,
        }
    }
    give_one(sandbox, role)
}

/// Gives one file or folder to a role. A link itself is given.
///
/// # Errors
/// The kernel refuses.
pub fn give_one(path: &Path, role: &Role) -> Result<(), PathError> {
    std::os::unix::fs::lchown(path, Some(role.uid), Some(role.gid)).at("give to its role", path)
}

/// Opens a folder, and creates it where it is missing.
fn enter(folder: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    check(name)?;
    match mkdirat(folder, name, Mode::from_bits_truncate(0o755)) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?)
}

/// Refuses what would leave the folder, whatever was checked before.
fn check(part: &str) -> io::Result<()> {
    match part {
        "" | "." | ".." => Err(io::ErrorKind::InvalidInput.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_with_their_folders() {
        let sandbox = tempfile::tempdir().unwrap();
        let files: [(&str, &[u8]); 3] = [("a.py", b"1"), ("lib/b c.py", b"2"), ("lib/deep/d", b"")];
        write_files(sandbox.path(), files).unwrap();
        write_files(sandbox.path(), [("a.py", &b"new"[..])]).unwrap();
        for (path, content) in [("a.py", "new"), ("lib/b c.py", "2"), ("lib/deep/d", "")] {
            assert_eq!(
                std::fs::read_to_string(sandbox.path().join(path)).unwrap(),
                content
            );
        }
    }

    #[test]
    fn nothing_is_written_outside() {
        let folder = tempfile::tempdir().unwrap();
        let (sandbox, outside) = (folder.path().join("sandbox"), folder.path().join("outside"));
        std::fs::create_dir(&sandbox).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::os::unix::fs::symlink(&outside, sandbox.join("link")).unwrap();
        std::os::unix::fs::symlink(outside.join("x"), sandbox.join("file")).unwrap();
        for path in [
            "link/x",
            "file",
            "../outside/x",
            "/outside/x",
            "a/../../outside/x",
        ] {
            assert!(write_files(&sandbox, [(path, &b"x"[..])]).is_err(), "{path}");
        }
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    }
}
