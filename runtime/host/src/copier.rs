//! The copier of a run: reads what the run writes into two pipes, and puts it into files that are turned
//! over at a size.
//!
//! It is a process of its own, so that it goes on when the runner dies: what a process writes is never
//! lost with the runner. It ends by itself when nobody can write any more. SIGTERM tells it that nothing
//! will come that is not in the pipes already.
//!
//! Lines stay whole where they fit into a file. At most [`BUFFER_BYTES`] wait in memory; what happens when
//! the disk does not keep up says [`Overflow`].

mod queue;
mod target;

pub(crate) use target::numbered;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::PathError;
use crate::error::AtPath;
use crate::spawn::{close_all_on_exec, reset_signals};

use queue::Queue;
use target::Stream;

/// The word by which our own program is asked to be a copier.
pub const COPIER_WORD: &str = "copier";
/// The most that waits in memory of one stream, bytes.
pub const BUFFER_BYTES: usize = 1 << 20;
/// Bytes that are read at once.
const CHUNK_BYTES: usize = 256 << 10;
/// Room that a pipe is given, bytes, as far as the kernel grants it.
const PIPE_BYTES: libc::c_int = 256 << 10;

/// The exit code of a copier that was told to end while somebody could still write.
pub const TOLD_CODE: u8 = 3;

/// What happens to output that comes faster than it can be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The process waits until there is room.
    #[default]
    Block,
    /// Lines are left out, and counted.
    Drop,
}

/// A file that output goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The file; older ones have a number behind it, from `.1`, the newest.
    pub path: PathBuf,
    /// The size at which it is turned over, bytes; 0 for never.
    pub limit_bytes: u64,
    /// Older files that are kept.
    pub backups: u64,
}

/// What a copier does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyOrder {
    /// Where the standard output goes.
    pub stdout: Vec<Destination>,
    /// Where the error output goes.
    pub stderr: Vec<Destination>,
    /// What happens where the disk is too slow, or full.
    pub overflow: Overflow,
    /// The file that says how much was left out, once something was.
    pub dropped: PathBuf,
}

/// The reading ends of the two pipes of a run.
#[derive(Debug)]
pub struct Readers {
    stdout: PipeReader,
    stderr: PipeReader,
}

/// Makes the pipes of a run; returns the reading ends, and the writing ends for its standard output and
/// error output.
///
/// # Errors
/// The kernel has no more pipes for us.
pub fn pipes() -> io::Result<(Readers, File, File)> {
    let (stdout, to_stdout) = io::pipe()?;
    let (stderr, to_stderr) = io::pipe()?;
    for reader in [&stdout, &stderr] {
        // A refusal leaves the pipe as it was: smaller, and as good.
        // SAFETY: the call takes integers and the descriptor is open.
        unsafe { libc::fcntl(reader.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_BYTES) };
    }
    let file = |writer: io::PipeWriter| File::from(std::os::fd::OwnedFd::from(writer));
    let (to_stdout, to_stderr) = (file(to_stdout), file(to_stderr));
    Ok((Readers { stdout, stderr }, to_stdout, to_stderr))
}

/// Starts a copier, our child in a session of its own, and returns its process number.
///
/// # Errors
/// It cannot be started.
pub fn start(order: &CopyOrder, readers: &Readers) -> Result<u32, PathError> {
    let own = Path::new("/proc/self/exe");
    let mut command = Command::new(own);
    command
        .arg0("aur-copier")
        .arg(COPIER_WORD)
        .args(order.words())
        .env_clear()
        .current_dir("/")
        .stdin(readers.stdout.try_clone().at("share the pipe for", own)?)
        .stdout(readers.stderr.try_clone().at("share the pipe for", own)?);
    // SAFETY: the closure runs in the forked child and only makes system calls.
    unsafe {
        command.pre_exec(|| {
            nix::unistd::setsid()?;
            reset_signals();
            // It may be told to end before it knows what that means.
            SigSet::from(Signal::SIGTERM).thread_block()?;
            close_all_on_exec();
            Ok(())
        });
    }
    let child = command.spawn().at("start", own)?;
    Ok(child.id())
}

/// Says to a copier, our child that was not reaped, that nothing more will come.
pub fn tell_to_end(pid: u32) {
    if let Ok(pid) = i32::try_from(pid) {
        // SAFETY: the call takes integers; a child that was not reaped keeps its number.
        unsafe { libc::kill(pid, libc::SIGTERM) };
    }
}

impl CopyOrder {
    /// Whether anything is to be copied.
    pub fn is_empty(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }

    fn words(&self) -> Vec<OsString> {
        let overflow = match self.overflow {
            Overflow::Block => "block",
            Overflow::Drop => "drop",
        };
        let mut words: Vec<OsString> = vec![overflow.into(), self.dropped.clone().into()];
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            for destination in stream {
                words.extend([
                    name.into(),
                    destination.limit_bytes.to_string().into(),
                    destination.backups.to_string().into(),
                    destination.path.clone().into(),
                ]);
            }
        }
        words
    }

    fn from_words(words: &[OsString]) -> Option<Self> {
        let (overflow, rest) = words.split_first()?;
        let (dropped, rest) = rest.split_first()?;
        let mut order = Self {
            overflow: match overflow.to_str()? {
                "block" => Overflow::Block,
                "drop" => Overflow::Drop,
                _ => return None,
            },
            dropped: dropped.into(),
            ..Self::default()
        };
        for part in rest.chunks(4) {
            let [name, limit, backups, path] = part else {
                return None;
            };
            let destination = Destination {
                path: path.into(),
                limit_bytes: limit.to_str()?.parse().ok()?,
                backups: backups.to_str()?.parse().ok()?,
            };
            match name.to_str()? {
                "stdout" => order.stdout.push(destination),
                "stderr" => order.stderr.push(destination),
                _ => return None,
            }
        }
        Some(order)
    }
}

/// Is the copier of a run: reads the standard output of the run from descriptor 0, its error output from
/// descriptor 1. The arguments are those behind [`COPIER_WORD`]. Returns the exit code.
pub fn be_copier(arguments: &[OsString]) -> u8 {
    let Some(order) = CopyOrder::from_words(arguments) else {
        return 2;
    };
    // The name is for people who look at the process table.
    let _ = nix::sys::prctl::set_name(c"aur-copier");
    match copy(&order, io::stdin().as_fd(), io::stdout().as_fd()) {
        Ok(Finish::End) => 0,
        Ok(Finish::Told) => TOLD_CODE,
        Err(_) => 1,
    }
}

/// What reading a pipe came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// Nobody can write any more.
    End,
}

/// Why a copier has nothing more to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finish {
    /// Nobody can write any more.
    End,
    /// It was told that nothing more will come.
    Told,
}

fn copy(order: &CopyOrder, stdout: BorrowedFd<'_>, stderr: BorrowedFd<'_>) -> io::Result<Finish> {
    let asked = SigSet::from(Signal::SIGTERM);
    asked.thread_block()?;
    let signals = SignalFd::with_flags(&asked, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    let queue = Queue::start(order);
    let mut pipes = [Some(stdout), Some(stderr)];
    for pipe in pipes.iter().flatten() {
        fcntl(*pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    }
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut is_last_round = false;
    while pipes.iter().any(Option::is_some) && !is_last_round {
        is_last_round = wait(&pipes, &signals)?;
        if is_last_round {
            queue.hurry();
        }
        for (place, pipe) in pipes.iter_mut().enumerate() {
            let Some(fd) = *pipe else { continue };
            loop {
                match read(fd, &mut chunk)? {
                    Found::Bytes(count) => queue.put(place, chunk.get(..count).unwrap_or_default()),
                    Found::Nothing => break,
                    Found::End => {
                        *pipe = None;
                        break;
                    }
                }
                if !is_last_round {
                    // The other pipe has its turn.
                    break;
                }
            }
        }
    }
    queue.finish();
    Ok(match pipes.iter().any(Option::is_some) {
        true => Finish::Told,
        false => Finish::End,
    })
}

/// Waits until there is something to read; returns whether we were told that nothing more will come.
fn wait(pipes: &[Option<BorrowedFd<'_>>; 2], signals: &SignalFd) -> io::Result<bool> {
    let open = pipes.iter().flatten();
    let mut polled: Vec<PollFd<'_>> = open.map(|pipe| PollFd::new(*pipe, PollFlags::POLLIN)).collect();
    polled.push(PollFd::new(signals.as_fd(), PollFlags::POLLIN));
    loop {
        match poll(&mut polled, PollTimeout::NONE) {
            Ok(_) => return Ok(signals.read_signal()?.is_some()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether the signal waits that says that nothing more will come; for when nobody can read it.
fn is_told_to_end() -> bool {
    let mut pending = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: a set of zeros is valid, and the kernel fills it.
    unsafe {
        libc::sigpending(pending.as_mut_ptr());
        libc::sigismember(pending.as_ptr(), libc::SIGTERM) == 1
    }
}

fn read(pipe: BorrowedFd<'_>, chunk: &mut [u8]) -> io::Result<Found> {
    loop {
        match nix::unistd::read(pipe, chunk) {
            Ok(0) => return Ok(Found::End),
            Ok(count) => return Ok(Found::Bytes(count)),
            Err(Errno::EAGAIN) => return Ok(Found::Nothing),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// How much of a run's output was left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Bytes.
    pub bytes: u64,
    /// Ends of lines among them.
    pub lines: u64,
}

impl Dropped {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }
}

/// Reads how much of the standard output and of the error output of a run was left out.
pub fn dropped(path: &Path) -> [Dropped; 2] {
    let mut text = String::new();
    let opened = crate::folder::private().read(true).open(path);
    // A file that cannot be read says nothing.
    let _ = opened.and_then(|file| file.take(4096).read_to_string(&mut text));
    let mut found = [Dropped::default(); 2];
    for (line, dropped) in text.lines().zip(&mut found) {
        let mut numbers = line.split(' ').skip(1).map(|word| word.parse().unwrap_or(0));
        dropped.bytes = numbers.next().unwrap_or(0);
        dropped.lines = numbers.next().unwrap_or(0);
    }
    found
}

fn write_dropped(path: &Path, dropped: &[Dropped; 2]) {
    let [stdout, stderr] = dropped;
    let text = format!(
        "stdout {} {}\nstderr {} {}\n",
        stdout.bytes, stdout.lines, stderr.bytes, stderr.lines
    );
    let mut options = crate::folder::private();
    options.write(true).create(true).truncate(true);
    // It is most likely the disk that made us drop something; the next time comes.
    let _ = options
        .open(path)
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
}

#[cfg(test)]
mod tests;
