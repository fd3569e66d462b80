//! Starting a program that outlives us, and hearing from it whether it came up.
//!
//! The program gets a session of its own, no terminal, and init for a parent. It says over a pipe that
//! it is ready, or why not; a pipe that closes in silence means that it died.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::spawn::{close_all_on_exec, reset_signals};

/// Tells a detached program the number of its pipe.
pub const PIPE_VARIABLE: &str = "AUR_LAUNCHER_FD";
/// Longest message that is read from a starting program.
const MOST_BYTES: u64 = 1024 * 1024;

/// Why a detached program could not be started.
#[derive(Debug, thiserror::Error)]
#[error("cannot start {}: {source}", program.display())]
pub struct DetachError {
    /// The program.
    pub program: std::path::PathBuf,
    /// What the kernel said.
    pub source: io::Error,
}

/// Starts a program detached and returns what it sent before it closed its pipe; nothing if it died.
///
/// Its working folder is `/`, its environment ours with `environment` added, its output goes to `log`,
/// or nowhere.
///
/// # Errors
/// It cannot be started.
pub fn start(
    program: &Path,
    arguments: &[&OsStr],
    environment: &[(&str, OsString)],
    log: Option<&File>,
) -> Result<Vec<u8>, DetachError> {
    try_start(program, arguments, environment, log).map_err(|source| DetachError {
        program: program.to_path_buf(),
        source,
    })
}

fn try_start(
    program: &Path,
    arguments: &[&OsStr],
    environment: &[(&str, OsString)],
    log: Option<&File>,
) -> io::Result<Vec<u8>> {
    let (reader, writer) = io::pipe()?;
    let output = || match log {
        Some(log) => Ok::<_, io::Error>(Stdio::from(log.try_clone()?)),
        None => Ok(Stdio::null()),
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .env(PIPE_VARIABLE, writer.as_raw_fd().to_string())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(output()?)
        .stderr(output()?);
    let pipe = writer.as_raw_fd();
    // SAFETY: the closure runs in the forked child and only makes system calls.
    unsafe { command.pre_exec(move || leave(pipe)) };
    let mut middle = command.spawn()?;
    // The middle process ends at once. Its status says nothing, and there is none if we ignore SIGCHLD.
    let _ = middle.wait();
    // Only the program holds the other end now, so its death closes the pipe.
    drop((command, writer));
    let mut message = Vec::new();
    reader.take(MOST_BYTES).read_to_end(&mut message)?;
    Ok(message)
}

/// Leaves session and parent. Runs between fork and exec.
fn leave(pipe: RawFd) -> io::Result<()> {
    nix::unistd::setsid()?;
    // SAFETY: between fork and exec there is one thread and no lock is held; the middle process ends
    // without running any code of ours.
    unsafe {
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            _ => libc::_exit(0),
        }
    }
    // The standard library reports a failed exec over a descriptor of its own, which must stay.
    close_all_on_exec();
    reset_signals();
    // SAFETY: the call takes integers; the descriptor is open in the parent at the fork.
    match unsafe { libc::fcntl(pipe, libc::F_SETFD, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The pipe on which a detached program says whether it came up.
#[derive(Debug)]
pub struct Launcher {
    pipe: Option<File>,
}

impl Launcher {
    /// Takes the pipe that [`start`] left for us. Call once, first thing in the detached program.
    ///
    /// All other descriptors that a careless parent left open are kept from the processes of the task.
    pub fn take() -> Self {
        close_all_on_exec();
        let number = std::env::var(PIPE_VARIABLE).ok();
        Self {
            pipe: number.and_then(|number| open_pipe(number.parse().ok()?)),
        }
    }

    /// A program that nobody waits for.
    pub fn none() -> Self {
        Self { pipe: None }
    }

    /// Sends the one message and closes the pipe. A launcher that is gone hears nothing.
    pub fn tell(&mut self, message: &[u8]) {
        if let Some(mut pipe) = self.pipe.take() {
            let _ = pipe.write_all(message);
        }
    }
}

/// Takes over a descriptor, if it is what `start` leaves: an open pipe above the standard three.
fn open_pipe(number: RawFd) -> Option<File> {
    let mut status = std::mem::MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the kernel fills the structure, or refuses and leaves it zero; both are valid values.
    let mode = unsafe {
        libc::fstat(number, status.as_mut_ptr());
        status.assume_init().st_mode
    };
    // SAFETY: the descriptor is an open pipe, and by the contract of `start` it is ours alone.
    (number > 2 && mode & libc::S_IFMT == libc::S_IFIFO)
        .then(|| unsafe { File::from(OwnedFd::from_raw_fd(number)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(script: &str) -> String {
        let arguments = [OsStr::new("-c"), OsStr::new(script)];
        let environment = [("WORD", OsString::from("ready"))];
        let heard = start(Path::new("/bin/bash"), &arguments, &environment, None).unwrap();
        String::from_utf8(heard).unwrap()
    }

    #[test]
    fn a_detached_program_is_heard_until_it_closes_its_pipe() {
        assert_eq!(heard("echo $WORD >&$AUR_LAUNCHER_FD"), "ready\n");
        assert_eq!(heard("exit 1"), "");
        assert_eq!(heard("kill -9 $$"), "");
    }

    #[test]
    fn a_detached_program_has_its_own_session_and_no_parent_of_ours() {
        let script = "exec 1>&$AUR_LAUNCHER_FD; cut -d' ' -f1,4,6 /proc/self/stat; pwd";
        let text = heard(&format!("exec /bin/bash -c \"{script}\"").replace("$A", "\\$A"));
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_ne!(words[1], std::process::id().to_string());
        assert_ne!(words[2], nix::unistd::getsid(None).unwrap().to_string());
        assert_eq!(words[3], "/");
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = start(Path::new("/nowhere/aur"), &[], &[], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot start /nowhere/aur: No such file or directory (os error 2)"
        );
    }
}
