//! Starting one run: its guard, which then starts the process.
//!
//! What the process is to have the guard gets already: outputs, working folder, environment, umask 022,
//! descriptor bound, no ignored signal, and no descriptor but those of the protocol. The guard tells over
//! a pipe why there is no process; a pipe that closes in silence means that the process became its
//! program, or that the guard died before it began.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::account::Role;
use crate::boot::{self, BootId};
use crate::cgroup::Doors;
use crate::error;
use crate::fault;
use crate::guard::GuardProgram;
use crate::guard::protocol::{STEP_GROUP, STEP_ROLE};
use crate::process::{self, DescriptorLimit, Identity};
use crate::run_file::RunFile;
use crate::start::{self, Start};

/// How many guards may be killed before they begin until the start counts as refused.
const MOST_GUARDS: usize = 8;
/// The part of a reported number that is the kernel's.
const ERROR_MASK: i32 = STEP_GROUP - 1;

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
    /// How long the guard waits, once our death leaves it alone, between SIGTERM and SIGKILL for what
    /// the process left behind.
    pub leftover_wait: Duration,
    /// The groups that the process enters before it is anything else.
    pub doors: &'a Doors,
    /// Whom it becomes; ourselves without one.
    pub role: Option<&'a Role>,
}

/// A run that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// The process that became the program.
    pub leader: Identity,
    /// Its guard and parent, our child.
    pub guard: Option<Identity>,
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
    /// The group that limits it cannot be entered.
    #[error("cannot enter the control group of the run: {source}")]
    Group {
        /// What the kernel said.
        source: io::Error,
    },
    /// It cannot become its role.
    #[error("cannot take the role it runs as: {source}")]
    Role {
        /// What the kernel said.
        source: io::Error,
    },
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
            // What a group says is never about a disk.
            Self::Group { .. } | Self::Role { .. } => false,
            Self::Directory { source, .. } | Self::Program { source, .. } => error::is_disk_full(source),
        }
    }

    /// The kernel's error number; `EIO` where there is none.
    pub fn error_number(&self) -> i32 {
        match self {
            Self::TooLong => libc::E2BIG,
            Self::Directory { source, .. }
            | Self::Group { source }
            | Self::Role { source }
            | Self::Program { source, .. } => source.raw_os_error().unwrap_or(libc::EIO),
        }
    }
}

/// Starts a run under a guard.
///
/// When this returns, the process has recorded itself and become the program. On an error it never did,
/// and the caller records that.
///
/// # Errors
/// The system refuses the guard, the process, the folder or the program.
pub fn spawn(launch: &Launch<'_>, run_file: &RunFile, guard: &GuardProgram) -> Result<Running, SpawnError> {
    let failed = |source| explain(launch.program, launch.directory, source);
    let program = find(launch).map_err(failed)?;
    for _ in 0..MOST_GUARDS {
        start_guard(launch, &program, run_file, guard).map_err(failed)?;
        let recorded = run_file.recorded();
        let recorded = recorded.map_err(|error| failed(error.source))?;
        if let Some(leader) = recorded.leader {
            let guard = recorded.guard;
            return Ok(Running { leader, guard });
        }
        // The guard was killed before it forked, and nobody is on the way: the lock is ours alone.
    }
    Err(failed(io::Error::from_raw_os_error(libc::ECHILD)))
}

/// Starts a guard and waits until it has a process, or says why not.
fn start_guard(
    launch: &Launch<'_>,
    program: &Path,
    run_file: &RunFile,
    guard: &GuardProgram,
) -> io::Result<()> {
    let (report, writer) = io::pipe()?;
    let doors = launch.doors.raw();
    let inherited = [run_file.raw(), writer.as_raw_fd()];
    let names: Vec<String> = doors.iter().map(ToString::to_string).collect();
    let numbers = [
        run_file.raw().to_string(),
        writer.as_raw_fd().to_string(),
        run_file.run().to_string(),
        launch.boot.0.to_string(),
        std::process::id().to_string(),
        launch.leftover_wait.as_millis().to_string(),
        boot::since_boot().as_nanos().to_string(),
        names.join(","),
        launch
            .doors
            .folder()
            .map_or_else(String::new, |folder| folder.to_string()),
        launch.role.map_or_else(String::new, Role::numbers),
    ];
    let words = ["aur-guard"].into_iter().chain(guard.words().iter().copied());
    let words = words.chain(numbers.iter().map(String::as_str)).map(OsStr::new);
    let words = words.chain([program.as_os_str(), launch.program.as_os_str()]);
    let words = words.chain(launch.arguments.iter().copied());
    let start = Start {
        program: guard.path(),
        words: words.map(start::c_string).collect::<io::Result<_>>()?,
        environment: start::environment(launch.environment)?,
        directory: launch.directory,
        standard: [guard.nothing()?, launch.stdout.as_fd(), launch.stderr.as_fd()],
        inherited: inherited
            .into_iter()
            .chain(doors)
            .chain(launch.doors.folder())
            .collect(),
        descriptor_limit: launch.descriptor_limit,
        ignored: guard.ignored_signals(),
    };
    start.run()?;
    fault::point("guard-started");
    drop(writer);
    read_report(report)
}

/// Waits for the pipe to close; what came before that is an error number.
fn read_report(mut report: PipeReader) -> io::Result<()> {
    let mut bytes = Vec::new();
    report.read_to_end(&mut bytes)?;
    match bytes.first_chunk() {
        Some(number) => Err(io::Error::from_raw_os_error(i32::from_le_bytes(*number))),
        None => Ok(()),
    }
}

/// Finds the program as execvp does: a name without a slash in the folders of the `PATH` it will have.
fn find(launch: &Launch<'_>) -> io::Result<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let name = launch.program.as_os_str();
    if name.as_bytes().contains(&b'/') {
        return Ok(launch.program.to_path_buf());
    }
    let not_found = || io::Error::from_raw_os_error(libc::ENOENT);
    if name.is_empty() {
        return Err(not_found());
    }
    let mut variables = launch.environment.iter().rev();
    let path = variables
        .find(|(key, _)| key == "PATH")
        .map(|(_, value)| value.as_os_str());
    let path = path.unwrap_or(OsStr::new("/bin:/usr/bin"));
    // A folder that is relative, or empty, is seen from where the process starts.
    let folders = std::env::split_paths(path).map(|folder| launch.directory.join(folder));
    let files: Vec<PathBuf> = folders
        .map(|folder| folder.join(name))
        .filter(|file| file.is_file())
        .collect();
    match files.iter().find(|file| process::is_executable(file)) {
        Some(file) => Ok(file.clone()),
        None if files.is_empty() => Err(not_found()),
        None => Err(io::Error::from_raw_os_error(libc::EACCES)),
    }
}

fn explain(program: &Path, directory: &Path, source: io::Error) -> SpawnError {
    let step = |number: i32| {
        (
            number & !ERROR_MASK,
            io::Error::from_raw_os_error(number & ERROR_MASK),
        )
    };
    match source.raw_os_error().map(step) {
        Some((STEP_GROUP, source)) => return SpawnError::Group { source },
        Some((STEP_ROLE, source)) => return SpawnError::Role { source },
        Some((_, source)) if source.raw_os_error() == Some(libc::E2BIG) => return SpawnError::TooLong,
        Some(_) | None => {}
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

#[cfg(test)]
mod tests;
