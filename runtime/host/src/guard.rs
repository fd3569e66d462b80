//! The program that guards a run, in one of three forms.
//!
//! The guard is a static program of a few kilobytes that this library carries. It is run from memory;
//! where that is forbidden, from a file in the state folder; and where neither is possible, or it could
//! not be built for this machine, our own program plays its part, at the price of more memory.

use std::cell::OnceCell;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::folder::private;
use crate::start;

#[path = "../../guard/guard.rs"]
pub(crate) mod protocol;

/// The guard, compiled by the build script; empty where that was not possible.
const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/aur-guard"));
/// The word by which our own program is asked to be a guard.
pub const GUARD_WORD: &str = "guard";

/// How guards are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packaging {
    /// The small program, from memory.
    Memory,
    /// The small program, from a file in the state folder.
    File,
    /// Our own program.
    Own,
}

/// The program that guards a run.
#[derive(Debug)]
pub struct GuardProgram {
    path: PathBuf,
    packaging: Packaging,
    /// Keeps the program in memory.
    _memory: Option<File>,
    /// What programs read from that have nothing to read, opened once.
    nothing: OnceCell<File>,
    /// The signals that we ignore, and programs do not.
    ignored: Vec<i32>,
}

impl GuardProgram {
    /// Finds the best form that this machine permits. A file is put into `folder`, if need be.
    pub fn prepare(folder: &Path) -> Self {
        let forms = [Packaging::Memory, Packaging::File];
        let found = forms
            .into_iter()
            .filter(|form| !crate::fault::is_refused(*form))
            .find_map(|form| Self::try_form(form, folder));
        found.unwrap_or_else(|| Self::of(PathBuf::from("/proc/self/exe"), Packaging::Own, None))
    }

    fn of(path: PathBuf, packaging: Packaging, memory: Option<File>) -> Self {
        Self {
            path,
            packaging,
            _memory: memory,
            nothing: OnceCell::new(),
            ignored: start::ignored_signals(),
        }
    }

    /// A file in which nothing is.
    pub(crate) fn nothing(&self) -> io::Result<BorrowedFd<'_>> {
        if let Some(file) = self.nothing.get() {
            return Ok(file.as_fd());
        }
        let file = File::open("/dev/null")?;
        Ok(self.nothing.get_or_init(|| file).as_fd())
    }

    /// The signals that this program ignores, and the programs it starts do not.
    pub(crate) fn ignored_signals(&self) -> &[i32] {
        &self.ignored
    }

    /// How guards are run.
    pub fn packaging(&self) -> Packaging {
        self.packaging
    }

    /// The program to execute.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The words before those of the protocol, without the program's name.
    pub(crate) fn words(&self) -> &[&str] {
        match self.packaging {
            Packaging::Memory | Packaging::File => &[],
            Packaging::Own => &[GUARD_WORD],
        }
    }

    fn try_form(packaging: Packaging, folder: &Path) -> Option<Self> {
        if PROGRAM.is_empty() {
            return None;
        }
        let (path, memory) = match packaging {
            Packaging::Memory => {
                let memory = in_memory().ok()?;
                let path = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
                (path, Some(memory))
            }
            Packaging::File => (in_folder(folder).ok()?, None),
            Packaging::Own => return None,
        };
        answers(&path).then(|| Self::of(path, packaging, memory))
    }
}

/// Puts the program into a file in memory that nobody can change.
fn in_memory() -> io::Result<File> {
    // Kernels before 6.3 do not know the last flag; there every such file can be executed.
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    let create = |flags| {
        // SAFETY: the name ends with a zero byte, the rest are integers.
        match unsafe { libc::memfd_create(c"aur-guard".as_ptr(), flags) } {
            -1 => Err(io::Error::last_os_error()),
            // SAFETY: the kernel just returned this descriptor and nobody else owns it.
            fd => Ok(unsafe { File::from_raw_fd(fd) }),
        }
    };
    let mut file = match create(flags | libc::MFD_EXEC) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => create(flags)?,
        other => other?,
    };
    file.write_all(PROGRAM)?;
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
    // SAFETY: the call takes integers.
    match unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(file),
    }
}

/// Puts the program into a file of the folder. It is named after its content, so that it never changes.
fn in_folder(folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(format!("guard-{:08x}", crc32fast::hash(PROGRAM)));
    if std::fs::read(&path).is_ok_and(|found| found == PROGRAM) {
        return Ok(path);
    }
    let own = folder.join(format!("guard-{}.new", std::process::id()));
    let mut options = private();
    options.write(true).create(true).truncate(true).mode(0o700);
    let written = options.open(&own).and_then(|mut file| file.write_all(PROGRAM));
    written
        .and_then(|()| std::fs::rename(&own, &path))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&own);
        })?;
    Ok(path)
}

/// Whether a program can be executed and is the guard.
fn answers(path: &Path) -> bool {
    let mut command = Command::new(path);
    command.arg0("aur-guard").env_clear();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = command.status();
    status.is_ok_and(|status| status.code() == Some(protocol::PROBE_ANSWER))
}

/// Is the guard of a run: the whole of our own program where the small one cannot be used.
///
/// The arguments are those behind [`GUARD_WORD`]. Returns the exit code.
pub fn be_guard(arguments: &[OsString]) -> u8 {
    let words = [OsStr::new("aur-guard").to_os_string()];
    let words = words.iter().chain(arguments).cloned();
    let environment = std::env::vars_os().map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        name
    });
    let (words, environment) = (c_strings(words), c_strings(environment));
    let mut word_places = places(&words);
    let environment_places = places(&environment);
    // SAFETY: both are arrays of C strings with a null pointer at the end, and outlive the call.
    let code = unsafe { protocol::guard(word_places.as_mut_ptr(), environment_places.as_ptr()) };
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// What came as an argument or a variable has no zero inside.
fn c_strings(texts: impl Iterator<Item = OsString>) -> Vec<CString> {
    texts
        .filter_map(|text| CString::new(text.into_vec()).ok())
        .collect()
}

fn places(texts: &[CString]) -> Vec<*const u8> {
    let places = texts.iter().map(|text| text.as_ptr().cast::<u8>());
    places.chain([std::ptr::null()]).collect()
}

#[cfg(test)]
mod tests;
