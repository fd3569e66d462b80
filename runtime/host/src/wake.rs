//! Waiting for the next thing to happen: signals to us, changes of files, ends of strangers, and time.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::disk::Watch;
use crate::guard::protocol;
use crate::process::{self, Identity, PidFd, Pinned};

/// How often a file is looked at where the kernel grants no watches.
const UNWATCHED_FILE: Duration = Duration::from_millis(250);
/// How often an adopted process is looked at where the kernel has no process handles.
const UNWATCHED_PROCESS: Duration = Duration::from_millis(50);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// A child may have ended.
    Child,
    /// A guard says that its process ended and left something behind.
    Told,
    /// Someone sent us this signal.
    Asked(Asked),
    /// Something changed at the watched path.
    Changed,
    /// A watched process may have ended: look.
    Ended(u32),
    /// Something happened to the socket of that number.
    Socket(u32),
    /// Something was written into the watched folders.
    Written,
}

/// A signal by which someone asks us to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    /// SIGINT: the interrupt key.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

/// Which signals a waiter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signals {
    /// Ends of children, what guards tell, and whoever asks us to end.
    All,
    /// Only who asks us to end.
    Asking,
    /// None.
    None,
}

/// The signal by which a guard tells, as the protocol has it.
const TELL_SIGNAL: Signal = Signal::SIGURG;
const _: () = assert!(TELL_SIGNAL as i32 == protocol::TELL_SIGNAL);

/// Sockets come behind everything that a process number can be.
const TOKEN_SOCKETS: u64 = 1 << 32;
const TOKEN_SIGNAL: u64 = u64::MAX;
const TOKEN_FILE: u64 = u64::MAX - 1;
const TOKEN_WRITTEN: u64 = u64::MAX - 2;

/// Everything one thread waits for.
#[derive(Debug)]
pub struct Waiter {
    epoll: Epoll,
    signals: Option<SignalFd>,
    files: Option<Inotify>,
    unwatched_files: Vec<PathBuf>,
    processes: BTreeMap<u32, Watched>,
}

/// A process whose end we wait for.
#[derive(Debug)]
enum Watched {
    Handle(Identity, PidFd),
    ByLooking(Identity),
}

/// What became of a watched process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is alive.
    Alive,
    /// It has ended, and nobody has reaped it so far; the kernel may say more once someone has.
    Unreaped,
    /// It has ended; the status where the kernel says it.
    Ended(Option<process::Exit>),
}

impl Waiter {
    /// Blocks the signals for the calling thread and waits for them from now on.
    ///
    /// # Errors
    /// The kernel refuses a descriptor.
    pub fn new(signals: Signals) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let asking = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
        let wanted: &[Signal] = match signals {
            Signals::All => &[
                Signal::SIGINT,
                Signal::SIGTERM,
                Signal::SIGHUP,
                Signal::SIGCHLD,
                TELL_SIGNAL,
            ],
            Signals::Asking => &asking,
            Signals::None => &[],
        };
        let mut waiter = Self {
            epoll,
            signals: None,
            files: None,
            unwatched_files: Vec::new(),
            processes: BTreeMap::new(),
        };
        if !wanted.is_empty() {
            let set: SigSet = wanted.iter().copied().collect();
            set.thread_block()?;
            let fd = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
            waiter.add(fd.as_fd(), EpollFlags::EPOLLIN, TOKEN_SIGNAL)?;
            waiter.signals = Some(fd);
        }
        Ok(waiter)
    }

    /// Wakes once when something is written into the folders; to be called again for the next time.
    ///
    /// # Errors
    /// The kernel grants no watch.
    pub fn watch_writes(&self, watch: &Watch) -> io::Result<()> {
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLONESHOT;
        let mut event = EpollEvent::new(flags, TOKEN_WRITTEN);
        match self.epoll.modify(watch.handle(), &mut event) {
            Err(Errno::ENOENT) => Ok(self.epoll.add(watch.handle(), event)?),
            result => Ok(result?),
        }
    }

    fn add(&self, fd: BorrowedFd<'_>, flags: EpollFlags, token: u64) -> nix::Result<()> {
        self.epoll.add(fd, EpollEvent::new(flags, token))
    }

    /// Wakes when the file grows or the folder gets an entry.
    ///
    /// Where the kernel grants no watch (there is a bound per user), a timer stands in for it.
    pub fn watch_file(&mut self, path: &Path) {
        if self.try_watch_file(path).is_err() {
            self.unwatched_files.push(path.to_path_buf());
        }
    }

    fn try_watch_file(&mut self, path: &Path) -> nix::Result<()> {
        let flags = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_CLOSE_WRITE;
        if self.files.is_none() {
            let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
            self.add(inotify.as_fd(), EpollFlags::EPOLLIN, TOKEN_FILE)?;
            self.files = Some(inotify);
        }
        match &self.files {
            Some(inotify) => inotify.add_watch(path, flags).map(|_| ()),
            None => Err(Errno::EBADF),
        }
    }

    /// Wakes whenever something new happens to a socket, under a number of the caller's. It is forgotten
    /// when it is closed.
    ///
    /// # Errors
    /// The kernel refuses another descriptor.
    pub fn watch_socket(&mut self, socket: BorrowedFd<'_>, number: u32) -> io::Result<()> {
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
        Ok(self.add(socket, flags, TOKEN_SOCKETS | u64::from(number))?)
    }

    /// Wakes once when this process ends. One that is gone already wakes at once.
    pub fn watch_process(&mut self, identity: Identity) {
        if self.processes.contains_key(&identity.pid) {
            return;
        }
        // The handle of an ended process stays readable for ever, hence one shot.
        let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLONESHOT;
        let watched = match process::pin(&identity) {
            Pinned::Open(handle) if self.add(handle.as_fd(), flags, u64::from(identity.pid)).is_ok() => {
                Watched::Handle(identity, handle)
            }
            Pinned::Open(_) | Pinned::Gone | Pinned::Unsupported(_) => Watched::ByLooking(identity),
        };
        self.processes.insert(identity.pid, watched);
    }

    /// Says what became of a watched process.
    pub fn fate(&self, pid: u32) -> Fate {
        let (identity, told) = match self.processes.get(&pid) {
            Some(Watched::Handle(identity, handle)) if is_readable(handle.as_fd()) => {
                (identity, handle.exit())
            }
            Some(Watched::Handle(..)) => return Fate::Alive,
            Some(Watched::ByLooking(identity)) if process::is_alive(identity) => return Fate::Alive,
            Some(Watched::ByLooking(identity)) => (identity, None),
            None => return Fate::Ended(None),
        };
        match told.or_else(|| process::unreaped_exit(identity)) {
            Some(exit) => Fate::Ended(Some(exit)),
            None if process::stat(pid).is_some_and(|stat| stat.start_ticks == identity.start_ticks) => {
                Fate::Unreaped
            }
            // It may have been reaped between the two looks.
            None => Fate::Ended(self.told(pid)),
        }
    }

    fn told(&self, pid: u32) -> Option<process::Exit> {
        match self.processes.get(&pid)? {
            Watched::Handle(_, handle) => handle.exit(),
            Watched::ByLooking(_) => None,
        }
    }

    /// Forgets a watched process.
    pub fn unwatch_process(&mut self, pid: u32) {
        if let Some(Watched::Handle(_, handle)) = self.processes.remove(&pid) {
            // Closing the handle takes it out of the set as well.
            let _ = self.epoll.delete(&handle);
        }
    }

    /// Waits until something happens or `timeout` has passed, whichever is first; no timeout is for ever.
    ///
    /// Returns everything that happened, each thing once. A wake can be false: callers look for themselves.
    ///
    /// # Errors
    /// The kernel refuses to wait.
    pub fn wait(&mut self, timeout: Option<Duration>) -> io::Result<Vec<Wake>> {
        let looking = self.looking_interval();
        let shortest = [timeout, looking].into_iter().flatten().min();
        let mut events = [EpollEvent::empty(); 64];
        let count = self.wait_for_events(shortest, &mut events)?;
        let mut wakes = Vec::new();
        for event in events.iter().take(count) {
            match event.data() {
                TOKEN_SIGNAL => self.read_signals(&mut wakes)?,
                TOKEN_FILE => {
                    self.drain_files();
                    wakes.push(Wake::Changed);
                }
                TOKEN_WRITTEN => wakes.push(Wake::Written),
                token => wakes.push(match u32::try_from(token) {
                    Ok(pid) => Wake::Ended(pid),
                    // The other half is the number.
                    Err(_) => Wake::Socket(token as u32),
                }),
            }
        }
        self.look(&mut wakes);
        wakes.sort();
        wakes.dedup();
        Ok(wakes)
    }

    fn looking_interval(&self) -> Option<Duration> {
        let has_unwatched = self
            .processes
            .values()
            .any(|watched| matches!(watched, Watched::ByLooking(_)));
        match (has_unwatched, self.unwatched_files.is_empty()) {
            (true, _) => Some(UNWATCHED_PROCESS),
            (false, false) => Some(UNWATCHED_FILE),
            (false, true) => None,
        }
    }

    fn wait_for_events(&self, timeout: Option<Duration>, events: &mut [EpollEvent; 64]) -> io::Result<usize> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = match deadline {
                None => EpollTimeout::NONE,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    // Rounded up, as a wait that ends too early would spin until the deadline.
                    let ms = left.as_nanos().div_ceil(1_000_000).min(3_600_000);
                    EpollTimeout::try_from(ms).unwrap_or(EpollTimeout::ZERO)
                }
            };
            match self.epoll.wait(events, left) {
                Ok(0) if deadline.is_some_and(|deadline| Instant::now() < deadline) => {}
                Ok(count) => return Ok(count),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read_signals(&self, wakes: &mut Vec<Wake>) -> io::Result<()> {
        let Some(signals) = &self.signals else {
            return Ok(());
        };
        while let Some(info) = signals.read_signal()? {
            let wake = match i32::try_from(info.ssi_signo) {
                Ok(libc::SIGCHLD) => Wake::Child,
                Ok(number) if number == TELL_SIGNAL as i32 => Wake::Told,
                Ok(libc::SIGINT) => Wake::Asked(Asked::Interrupt),
                Ok(libc::SIGHUP) => Wake::Asked(Asked::HangUp),
                Ok(_) | Err(_) => Wake::Asked(Asked::Terminate),
            };
            wakes.push(wake);
        }
        Ok(())
    }

    fn drain_files(&self) {
        if let Some(inotify) = &self.files {
            // Only that something changed counts; an overflow says the same.
            while inotify.read_events().is_ok_and(|events| !events.is_empty()) {}
        }
    }

    fn look(&self, wakes: &mut Vec<Wake>) {
        if !self.unwatched_files.is_empty() {
            wakes.push(Wake::Changed);
        }
        for (pid, watched) in &self.processes {
            if matches!(watched, Watched::ByLooking(identity) if !process::is_alive(identity)) {
                wakes.push(Wake::Ended(*pid));
            }
        }
    }
}

fn is_readable(fd: BorrowedFd<'_>) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut polled = [PollFd::new(fd, PollFlags::POLLIN)];
    poll(&mut polled, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::BootId;

    #[test]
    fn a_new_entry_wakes() {
        let folder = tempfile::tempdir().unwrap();
        let mut waiter = Waiter::new(Signals::None).unwrap();
        waiter.watch_file(folder.path());
        assert_eq!(waiter.wait(Some(Duration::ZERO)).unwrap(), []);
        std::fs::write(folder.path().join("request"), "stop").unwrap();
        assert_eq!(
            waiter.wait(Some(Duration::from_secs(60))).unwrap(),
            [Wake::Changed]
        );
        assert_eq!(waiter.wait(Some(Duration::ZERO)).unwrap(), []);
    }

    #[test]
    fn the_end_of_a_stranger_wakes() {
        let boot = BootId::current().unwrap();
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let start_ticks = process::stat(child.id()).unwrap().start_ticks;
        let identity = Identity {
            pid: child.id(),
            start_ticks,
            boot,
        };
        let mut waiter = Waiter::new(Signals::None).unwrap();
        waiter.watch_process(identity);
        assert_eq!(waiter.fate(identity.pid), Fate::Alive);
        child.kill().unwrap();
        assert_eq!(
            waiter.wait(Some(Duration::from_secs(60))).unwrap(),
            [Wake::Ended(identity.pid)]
        );
        assert_eq!(waiter.wait(Some(Duration::ZERO)).unwrap(), []);
        assert_eq!(
            waiter.fate(identity.pid),
            Fate::Ended(Some(process::Exit::Signal(9)))
        );
        child.wait().unwrap();
        let fate = waiter.fate(identity.pid);
        // Kernels before 6.15 know that it ended, but not how.
        let told = [Fate::Ended(Some(process::Exit::Signal(9))), Fate::Ended(None)];
        assert!(told.contains(&fate), "{fate:?}");
        waiter.unwatch_process(identity.pid);
        waiter.watch_process(identity);
        assert_eq!(
            waiter.wait(Some(Duration::from_secs(60))).unwrap(),
            [Wake::Ended(identity.pid)]
        );
    }
}
