//! One process as the kernel names it: identity, liveness, signals, and the end of a stranger.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::PathError;
use crate::boot::BootId;
use crate::error::AtPath;

/// What tells one process from all others, also over reuse of its number and over reboots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Process number.
    pub pid: u32,
    /// Clock ticks from boot to its start.
    pub start_ticks: u64,
    /// The boot it belongs to.
    pub boot: BootId,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It returned this code, 0 to 255.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// Reads the status word that wait(2) gives.
    pub fn from_wait_status(status: i32) -> Self {
        if libc::WIFSIGNALED(status) {
            Self::Signal(libc::WTERMSIG(status))
        } else {
            Self::Code(libc::WEXITSTATUS(status))
        }
    }
}

/// The signals that the runtime sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Asks for an end (SIGTERM).
    Terminate,
    /// Ends without asking (SIGKILL).
    Kill,
    /// Lets a stopped process go on (SIGCONT), so that it can see the others.
    Continue,
    /// Any other, by its number: one that somebody asked for.
    Number(i32),
}

impl Signal {
    fn number(self) -> libc::c_int {
        match self {
            Self::Terminate => libc::SIGTERM,
            Self::Kill => libc::SIGKILL,
            Self::Continue => libc::SIGCONT,
            Self::Number(number) => number,
        }
    }
}

/// The fields of `/proc/PID/stat` that we use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The state letter.
    pub state: u8,
    /// The parent's number.
    pub parent: u32,
    /// The session's number.
    pub session: u32,
    /// Clock ticks from boot to the start.
    pub start_ticks: u64,
}

impl Stat {
    /// Whether the process has ended and only its entry is left.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }

    /// Reads the content of a stat file.
    fn parse(text: &[u8]) -> Option<Self> {
        // The name in parentheses may hold anything, so the last parenthesis counts.
        let end = text.iter().rposition(|byte| *byte == b')')?;
        let mut fields = text
            .get(end + 1..)?
            .split(|byte| *byte == b' ')
            .filter(|field| !field.is_empty());
        let state = *fields.next()?.first()?;
        let parent = number(fields.next()?)?;
        let session = number(fields.nth(1)?)?;
        let start_ticks = number(fields.nth(15)?)?;
        Some(Self {
            state,
            parent: u32::try_from(parent).ok()?,
            session: u32::try_from(session).ok()?,
            start_ticks,
        })
    }
}

/// Reads decimal digits up to the first byte that is none.
fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit());
    digits.clone().next()?;
    digits.into_iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// Reads the state of a process; `None` if there is no such process.
pub fn stat(pid: u32) -> Option<Stat> {
    let bytes = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    Stat::parse(&bytes)
}

/// Returns our own identity.
///
/// # Errors
/// `/proc` is not mounted or belongs to another process namespace.
pub fn own_identity(boot: BootId) -> Result<Identity, PathError> {
    let path = PathBuf::from("/proc/self/stat");
    let bytes = std::fs::read(&path).at("read", &path)?;
    let own = std::process::id();
    let stat = Stat::parse(&bytes)
        .filter(|_| number(&bytes) == Some(u64::from(own)))
        .ok_or_else(|| io::Error::other("it shows another process; is /proc that of our own namespace?"))
        .at("read", &path)?;
    Ok(Identity {
        pid: own,
        start_ticks: stat.start_ticks,
        boot,
    })
}

/// Whether exactly this process is there and has not ended.
pub fn is_alive(identity: &Identity) -> bool {
    stat(identity.pid).is_some_and(|stat| stat.start_ticks == identity.start_ticks && !stat.is_ended())
}

/// A handle on one process that no reuse of its number can redirect.
#[derive(Debug)]
pub struct PidFd {
    fd: OwnedFd,
}

/// What opening a handle found.
#[derive(Debug)]
pub enum Pinned {
    /// The process is there.
    Open(PidFd),
    /// There is no such process.
    Gone,
    /// The kernel has no such handles, or refuses one; the identity matched a moment ago.
    Unsupported(io::Error),
}

/// Opens a handle on a process and checks afterwards that it is the one that is meant.
pub fn pin(identity: &Identity) -> Pinned {
    // SAFETY: the call takes two integers and no pointer.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, identity.pid, 0) };
    let error = io::Error::last_os_error();
    let has_identity = stat(identity.pid).is_some_and(|stat| stat.start_ticks == identity.start_ticks);
    match i32::try_from(result) {
        _ if !has_identity => Pinned::Gone,
        Ok(fd) if fd >= 0 => Pinned::Open(PidFd {
            // SAFETY: the kernel just returned this descriptor and nobody else owns it.
            fd: unsafe { OwnedFd::from_raw_fd(fd) },
        }),
        _ if error.raw_os_error() == Some(libc::ESRCH) => Pinned::Gone,
        _ => Pinned::Unsupported(error),
    }
}

/// Sends a signal to exactly this process; returns whether it was there to be hit.
pub fn signal(identity: &Identity, signal: Signal) -> bool {
    match pin(identity) {
        Pinned::Open(pidfd) => pidfd.signal(signal),
        Pinned::Gone => false,
        // The start ticks matched just now; without handles this is the best there is.
        // SAFETY: the call takes two integers and no pointer.
        Pinned::Unsupported(_) => unsafe {
            i32::try_from(identity.pid).is_ok_and(|pid| libc::kill(pid, signal.number()) == 0)
        },
    }
}

/// As much of the kernel's `struct pidfd_info` as its first version has: 64 bytes.
#[repr(C)]
#[derive(Default)]
struct PidFdInfo {
    mask: u64,
    cgroup: u64,
    numbers: [u32; 11],
    exit_code: i32,
}

const PIDFD_INFO_EXIT: u64 = 1 << 3;

impl PidFd {
    /// Sends a signal; returns whether the process was there to be hit.
    pub fn signal(&self, signal: Signal) -> bool {
        // SAFETY: the descriptor is open, and a null pointer stands for "as if sent by kill".
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.fd.as_raw_fd(),
                signal.number(),
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        result == 0
    }

    /// Asks the kernel how the process ended, once someone has reaped it (Linux 6.15 and later).
    ///
    /// `None` if it has not ended, is not yet reaped, or the kernel does not say.
    pub fn exit(&self) -> Option<Exit> {
        let mut info = PidFdInfo {
            mask: PIDFD_INFO_EXIT,
            ..PidFdInfo::default()
        };
        let request = libc::_IOWR::<PidFdInfo>(0xff, 11);
        // SAFETY: the kernel writes at most the 64 bytes that the request number states.
        let result = unsafe { libc::ioctl(self.fd.as_raw_fd(), request, &raw mut info) };
        (result == 0 && info.mask & PIDFD_INFO_EXIT != 0).then(|| Exit::from_wait_status(info.exit_code))
    }
}

/// Readable once the process has ended.
impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Reads how a process ended that nobody has reaped yet, whoever its parent is.
///
/// `None` if it is alive, reaped, or not ours to look into: the kernel then shows a code of 0, which
/// must not be taken for an answer.
pub fn unreaped_exit(identity: &Identity) -> Option<Exit> {
    let pid = identity.pid;
    if crate::account::effective_uid() != 0 && !has_our_ids(pid)? {
        return None;
    }
    let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = Stat::parse(&text)?;
    if stat.state != b'Z' || stat.start_ticks != identity.start_ticks {
        return None;
    }
    let last = text.rsplit(|byte| *byte == b' ').next()?;
    Some(Exit::from_wait_status(i32::try_from(number(last)?).ok()?))
}

/// Whether all user and group ids of a process are our effective ones.
fn has_our_ids(pid: u32) -> Option<bool> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let all_are = |field: &str, id: u32| {
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        Some(line.split_whitespace().all(|word| word == id.to_string()))
    };
    let gid = nix::unistd::getegid().as_raw();
    Some(all_are("Uid:", crate::account::effective_uid())? && all_are("Gid:", gid)?)
}

/// Makes orphaned descendants our children instead of init's, so that we can see and reap them.
///
/// From then on the status of every child is kept until we reap it.
///
/// # Errors
/// The kernel refuses.
pub fn adopt_orphans() -> io::Result<()> {
    // A parent may have had us ignore the ends of children: the kernel would then forget their status.
    // SAFETY: resetting a disposition runs no code of ours.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    nix::sys::prctl::set_child_subreaper(true).map_err(io::Error::from)
}

/// The bound on open files that a program had before we raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DescriptorLimit {
    soft: u64,
    hard: u64,
}

impl DescriptorLimit {
    /// Raises our own bound as far as we may and returns what it was, for the children.
    ///
    /// # Errors
    /// The bound cannot be read.
    pub fn raise() -> io::Result<Self> {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
        // A refusal leaves the bound as it was, which is good for fewer parallel runs.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        Ok(Self { soft, hard })
    }

    /// Restores the bound in a forked child. Only a raw call, no allocation.
    pub(crate) fn restore_in_child(self) {
        let limit = libc::rlimit {
            rlim_cur: self.soft,
            rlim_max: self.hard,
        };
        // SAFETY: the pointer is to a live local that the kernel only reads.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}

/// Finds a program: the fixed places first, then the folders of `path` in order.
pub fn find_program(fixed: &[&Path], name: &str, path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let listed = path.into_iter().flat_map(std::env::split_paths);
    fixed
        .iter()
        .map(|place| place.to_path_buf())
        .chain(
            listed
                .filter(|folder| folder.is_absolute())
                .map(|folder| folder.join(name)),
        )
        .find(|place| is_executable(place))
}

pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// Lets go of the pages of our own code, for a program that is about to do nothing for long. What it runs
/// next comes back from the kernel's cache of the file, a few pages at a time; what it ran once does not.
pub fn forget_code() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let here = forget_code as fn() as usize;
    for line in maps.lines() {
        if let Some((start, end)) = code_range(line).filter(|(start, end)| (*start..*end).contains(&here)) {
            let start = std::ptr::without_provenance_mut(start);
            // SAFETY: the range is a mapping of our program file that is never written to, so that the
            // kernel gives the same bytes again.
            unsafe { libc::madvise(start, end - start.addr(), libc::MADV_DONTNEED) };
        }
    }
}

/// The range of a line of the table of mappings, if it is code of a file that nobody can change.
fn code_range(line: &str) -> Option<(usize, usize)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    let is_code = rest.starts_with("r-xp ") && rest.contains(" /");
    Some((number(start)?, number(end)?)).filter(|_| is_code)
}

/// The processor time of the calling thread.
pub fn thread_time() -> std::time::Duration {
    use nix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(std::time::Duration::ZERO, Into::into)
}

pub(crate) fn may_write(path: &Path) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::W_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let tail = "S 12 7 8 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 2";
        let expected = Stat {
            state: b'S',
            parent: 12,
            session: 8,
            start_ticks: 98765,
        };
        for name in ["bash", "a b", ") S 1 1 1", "(((", "\n"] {
            assert_eq!(
                Stat::parse(format!("4 ({name}) {tail}\n").as_bytes()),
                Some(expected),
                "{name}"
            );
        }
        for bad in ["", "4 (x", "4 (x) S 12", "4 (x) S -1 7 8"] {
            assert_eq!(Stat::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn another_life_of_the_same_number_is_nobody() {
        let boot = BootId::current().unwrap();
        let own = own_identity(boot).unwrap();
        assert!(is_alive(&own));
        assert!(matches!(pin(&own), Pinned::Open(_)));
        let other = Identity {
            start_ticks: own.start_ticks + 1,
            ..own
        };
        assert!(!is_alive(&other));
        assert!(matches!(pin(&other), Pinned::Gone));
        // Had this gone by the number alone, the test would end here.
        assert!(!signal(&other, Signal::Kill));
    }

    #[test]
    fn programs_are_found_where_they_can_be_executed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tool"), "").unwrap();
        let path = std::env::join_paths([folder.path(), Path::new("relative")]).unwrap();
        assert_eq!(find_program(&[], "tool", Some(&path)), None);
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path().join("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(
            find_program(&[Path::new("/nowhere/tool")], "tool", Some(&path)),
            Some(folder.path().join("tool"))
        );
    }

    /// Our own code: where it is mapped, and how much of it is in memory, KiB.
    fn own_code() -> (usize, usize, usize) {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = maps.lines();
        let here = forget_code as fn() as usize;
        let mut ranges = lines.by_ref().filter_map(code_range);
        let own = ranges.find(|(start, end)| (*start..*end).contains(&here));
        let (start, end) = own.unwrap();
        let rss = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        (start, end, rss.trim().trim_end_matches(" kB").parse().unwrap())
    }

    #[test]
    fn code_that_is_forgotten_comes_back_when_it_runs() {
        let (start, end, _) = own_code();
        let touch = |at: usize| {
            // SAFETY: the page is mapped and may be read.
            std::hint::black_box(unsafe { std::ptr::with_exposed_provenance::<u8>(at).read_volatile() });
        };
        (start..end).step_by(4096).for_each(touch);
        let (_, _, before) = own_code();
        assert!(before * 1024 > (end - start) / 2, "{before} KiB");
        forget_code();
        let (_, _, after) = own_code();
        assert!(after < before / 2, "{before} KiB, then {after}");
    }
}
