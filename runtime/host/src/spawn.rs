//! Starting one run.
//!
//! The child, between fork and exec: own session, the run's folder-independent defaults (umask 022,
//! descriptor bound, no blocked or ignored signal), every descriptor above 2 marked close-on-exec, and
//! last the `exec` record. Becoming bash then frees the child's hold on the run file's lock.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::RawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::boot::BootId;
use crate::error;
use crate::process::{DescriptorLimit, Stat};
use crate::run_file::{self, RunFile};

/// Everything a run starts with.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments, without its name.
    pub arguments: &'a [&'a OsStr],
    /// Its whole environment.
    pub environment: &'a [(OsString, OsString)],
    /// Its working folder.
    pub directory: &'a Path,
    /// Where its standard output goes, by the descriptor itself.
    pub stdout: File,
    /// Where its standard error goes.
    pub stderr: File,
    /// The bound on open files it gets back.
    pub descriptor_limit: DescriptorLimit,
    /// The running boot.
    pub boot: BootId,
}

/// A start that the system refused. The program never ran.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The working folder is missing or cannot be entered.
    #[error("cannot enter the working folder {}: {source}", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The command line or the environment is longer than the kernel takes.
    #[error("the command or its environment is too long for the kernel")]
    TooLong,
    /// Anything else.
    #[error("cannot start {}: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl SpawnError {
    /// Whether the disk is full: the child could not record itself.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::TooLong => false,
            Self::Directory { source, .. } | Self::Program { source, .. } => error::is_disk_full(source),
        }
    }

    /// The kernel's error number; `EIO` where there is none.
    pub fn error_number(&self) -> i32 {
        match self {
            Self::TooLong => libc::E2BIG,
            Self::Directory { source, .. } | Self::Program { source, .. } => {
                source.raw_os_error().unwrap_or(libc::EIO)
            }
        }
    }
}

/// Starts a run and returns the process number of its leader, our child until it is reaped.
///
/// When this returns, the child has recorded itself and become the program. On an error it never did,
/// and the caller records that.
///
/// # Errors
/// The system refuses the fork, the folder or the program.
pub fn spawn(launch: Launch<'_>, run_file: &RunFile) -> Result<u32, SpawnError> {
    let setup = ChildSetup {
        run_file: run_file.raw(),
        run: run_file.run(),
        descriptor_limit: launch.descriptor_limit,
        boot: launch.boot,
    };
    let mut command = Command::new(launch.program);
    command
        .args(launch.arguments)
        .env_clear()
        .envs(launch.environment.iter().map(|(key, value)| (key, value)))
        .current_dir(launch.directory)
        .stdin(Stdio::null())
        .stdout(launch.stdout)
        .stderr(launch.stderr);
    // SAFETY: the closure runs in the forked child and only makes system calls on values it owns;
    // it neither allocates nor takes a lock.
    unsafe { command.pre_exec(move || setup.run_in_child()) };
    match command.spawn() {
        Ok(child) => Ok(child.id()),
        Err(source) => Err(explain(launch.program, launch.directory, source)),
    }
}

fn explain(program: &Path, directory: &Path, source: io::Error) -> SpawnError {
    if source.raw_os_error() == Some(libc::E2BIG) {
        return SpawnError::TooLong;
    }
    match std::fs::read_dir(directory) {
        Err(source) => SpawnError::Directory {
            path: directory.to_path_buf(),
            source,
        },
        Ok(_) => SpawnError::Program {
            program: program.to_path_buf(),
            source,
        },
    }
}

#[derive(Clone, Copy)]
struct ChildSetup {
    run_file: RawFd,
    run: u32,
    descriptor_limit: DescriptorLimit,
    boot: BootId,
}

impl ChildSetup {
    fn run_in_child(self) -> io::Result<()> {
        nix::unistd::setsid()?;
        reset_signals();
        self.descriptor_limit.restore_in_child();
        // SAFETY: umask takes an integer and cannot fail.
        unsafe { libc::umask(0o022) };
        close_all_on_exec();
        self.record()
    }

    /// The last act before the exec. A record that cannot be written means no exec.
    fn record(self) -> io::Result<()> {
        let start_ticks = own_start_ticks()?;
        let record = run_file::exec_record(self.run, std::process::id(), start_ticks, self.boot);
        // SAFETY: the descriptor was open in the parent at the fork, and the buffer outlives the call.
        let written = unsafe { libc::write(self.run_file, record.as_ptr().cast(), record.len()) };
        match usize::try_from(written) {
            Ok(bytes) if bytes == record.len() => Ok(()),
            Ok(_) => Err(io::Error::from_raw_os_error(libc::ENOSPC)),
            Err(_) => Err(io::Error::last_os_error()),
        }
    }
}

/// Unblocks every signal and undoes every disposition. What cannot be undone is not in use.
pub(crate) fn reset_signals() {
    // SAFETY: the set is filled before it is read, an action of zeros is "as by default" and longer than
    // the kernel's structure, and resetting a disposition runs no code of ours.
    unsafe {
        let default = [0_u64; 16];
        for signal in 1..=64 {
            if libc::signal(signal, libc::SIG_DFL) == libc::SIG_ERR {
                // The C library keeps 32 and 33 to itself, but a parent may have had them ignored.
                let action = default.as_ptr();
                let old = std::ptr::null_mut::<u64>();
                libc::syscall(libc::SYS_rt_sigaction, signal, action, old, size_of::<u64>());
            }
        }
        let mut none = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}

/// Marks every descriptor above 2 as close-on-exec. A kernel before 5.11 refuses; ours are marked anyway.
pub(crate) fn close_all_on_exec() {
    // SAFETY: the call takes three integers.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}

/// Reads our own start time by raw calls into a buffer on the stack.
fn own_start_ticks() -> io::Result<u64> {
    let mut buffer = [0_u8; 1024];
    // SAFETY: the path ends with NUL, the buffer is as long as stated, and the descriptor is closed once.
    let read = unsafe {
        let fd = libc::open(c"/proc/self/stat".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let read = libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len());
        libc::close(fd);
        read
    };
    let bytes = usize::try_from(read).map_err(|_| io::Error::last_os_error())?;
    let stat = Stat::parse(buffer.get(..bytes).unwrap_or_default());
    stat.map(|stat| stat.start_ticks)
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EIO))
}

#[cfg(test)]
mod tests;
