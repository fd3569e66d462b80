//! Starting a program without a copy of ourselves.
//!
//! A plain fork copies the page tables of the runner, and has every page that either touches afterwards
//! copied as well, for a child that only makes a few system calls. Here the child borrows our memory until
//! it is its program, and we wait for that: it costs the same however large the runner is.
//!
//! Nobody but the child runs meanwhile, as the calling thread is suspended and no signal is let through:
//! a handler of ours must not run in the child. The child makes system calls and touches nothing but a few
//! words that we prepared.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString, c_char, c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::process::DescriptorLimit;
use crate::reap;

/// Bytes for the stack of a child, which calls no deeper than a system call.
const STACK_BYTES: usize = 32 << 10;
/// The exit code of a child that did not become its program; nobody reads it.
const REFUSED: c_int = 127;

/// What a child is to become.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Its arguments, its name included.
    pub(crate) words: Vec<CString>,
    /// Its environment, `NAME=value` each.
    pub(crate) environment: Vec<CString>,
    /// Its working folder.
    pub(crate) directory: &'a Path,
    /// Its standard input, output and error; none of them numbered below 3.
    pub(crate) standard: [BorrowedFd<'a>; 3],
    /// Further descriptors that it gets, under the numbers that they have here.
    pub(crate) inherited: Vec<RawFd>,
    /// The bound on open files that it gets.
    pub(crate) descriptor_limit: DescriptorLimit,
    /// Signals that we ignore and it does not.
    pub(crate) ignored: &'a [c_int],
}

/// Everything that the child reads, and where it says why it failed.
struct Order {
    program: *const c_char,
    words: *const *const c_char,
    environment: *const *const c_char,
    directory: *const c_char,
    standard: [RawFd; 3],
    inherited: *const RawFd,
    inherited_count: usize,
    descriptor_limit: DescriptorLimit,
    ignored: *const c_int,
    ignored_count: usize,
    error: AtomicI32,
}

impl Start<'_> {
    /// Starts the child and returns its number once it is its program. All signals are blocked in it.
    ///
    /// # Errors
    /// The kernel refuses the child or the program; in that case no child is left.
    pub(crate) fn run(&self) -> io::Result<u32> {
        let program = c_string(self.program.as_os_str())?;
        let directory = c_string(self.directory.as_os_str())?;
        let words = places(&self.words);
        let environment = places(&self.environment);
        let order = Order {
            program: program.as_ptr(),
            words: words.as_ptr(),
            environment: environment.as_ptr(),
            directory: directory.as_ptr(),
            standard: self.standard.map(|descriptor| {
                use std::os::fd::AsRawFd;
                descriptor.as_raw_fd()
            }),
            inherited: self.inherited.as_ptr(),
            inherited_count: self.inherited.len(),
            descriptor_limit: self.descriptor_limit,
            ignored: self.ignored.as_ptr(),
            ignored_count: self.ignored.len(),
            error: AtomicI32::new(0),
        };
        let mut stack: Vec<MaybeUninit<u128>> = Vec::with_capacity(STACK_BYTES / size_of::<u128>());
        let top = stack.spare_capacity_mut().as_mut_ptr_range().end;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let pid = with_signals_blocked(|| {
            // SAFETY: the stack is ours, large enough and aligned, and grows down from its end. The child
            // shares our memory but runs while this thread is suspended; the order and all that it points
            // to live until then.
            match unsafe {
                libc::clone(
                    become_program,
                    top.cast(),
                    flags,
                    (&raw const order).cast_mut().cast(),
                )
            } {
                -1 => Err(io::Error::last_os_error()),
                pid => Ok(pid),
            }
        })?;
        let pid = u32::try_from(pid).map_err(io::Error::other)?;
        match order.error.load(Ordering::Acquire) {
            0 => Ok(pid),
            error => {
                let _ = reap::wait_for(pid);
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }
}

/// The child: system calls on what was prepared, no allocation, no lock, no return to our code.
extern "C" fn become_program(order: *mut c_void) -> c_int {
    // SAFETY: it is the order of `run`, which nobody changes meanwhile.
    let order = unsafe { &*order.cast::<Order>() };
    // SAFETY: the lists are as long as the order says, and the rest are integers and C strings.
    let is_refused = unsafe {
        for place in 0..order.ignored_count {
            // An action of zeros is "as by default" and longer than the kernel's structure. The C library
            // would not touch the signals that it keeps to itself.
            let default = [0_usize; 32];
            let (action, null) = (default.as_ptr(), std::ptr::null::<usize>());
            let signal = *order.ignored.add(place);
            libc::syscall(libc::SYS_rt_sigaction, signal, action, null, size_of::<u64>());
        }
        order.descriptor_limit.restore_in_child();
        libc::umask(0o022);
        let [input, output, error] = order.standard;
        libc::dup2(input, 0) == -1
            || libc::dup2(output, 1) == -1
            || libc::dup2(error, 2) == -1
            || libc::chdir(order.directory) == -1
            || !keep_open(order)
    };
    if !is_refused {
        // SAFETY: all three are C strings or arrays of them that end with a null pointer.
        unsafe { libc::execve(order.program, order.words, order.environment) };
    }
    let error = io::Error::last_os_error().raw_os_error();
    order.error.store(error.unwrap_or(libc::EIO), Ordering::Release);
    // SAFETY: the call takes an integer; nothing of ours is run at the end.
    unsafe { libc::_exit(REFUSED) }
}

/// Marks all descriptors above 2 as close-on-exec but those that the program is to have.
///
/// # Safety
/// The list is as long as the order says.
unsafe fn keep_open(order: &Order) -> bool {
    crate::spawn::close_all_on_exec();
    (0..order.inherited_count).all(|place| {
        // SAFETY: as promised by the caller.
        unsafe { libc::fcntl(*order.inherited.add(place), libc::F_SETFD, 0) != -1 }
    })
}

fn with_signals_blocked<T>(action: impl FnOnce() -> T) -> T {
    let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
    let mut all = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the first call fills the set that the second reads; the third restores what the second gave.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
    }
    let result = action();
    // SAFETY: as above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    result
}

/// The signals that this program ignores; a program that it starts would go on ignoring them.
pub(crate) fn ignored_signals() -> Vec<c_int> {
    // The kernel's structure begins with the handler, whatever follows.
    let is_ignored = |signal: &c_int| {
        let mut action = [0_usize; 32];
        let null = std::ptr::null::<usize>();
        // SAFETY: the kernel writes less than the space, and nothing is set.
        let result = unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                *signal,
                null,
                action.as_mut_ptr(),
                size_of::<u64>(),
            )
        };
        result == 0 && action.first() == Some(&libc::SIG_IGN)
    };
    (1..=64).filter(is_ignored).collect()
}

/// Writes an environment as the kernel takes it; the last entry of a name counts.
///
/// # Errors
/// A zero byte is in it.
pub(crate) fn environment(entries: &[(OsString, OsString)]) -> io::Result<Vec<CString>> {
    let last: BTreeMap<&OsStr, &OsStr> = entries
        .iter()
        .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
        .collect();
    let line = |(name, value): (&OsStr, &OsStr)| {
        let parts = [name.as_bytes(), b"=", value.as_bytes()];
        CString::new(parts.concat()).map_err(io::Error::from)
    };
    last.into_iter().map(line).collect()
}

/// Writes a text as the kernel takes it.
///
/// # Errors
/// A zero byte is in it.
pub(crate) fn c_string(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}

fn places(texts: &[CString]) -> Vec<*const c_char> {
    let places = texts.iter().map(|text| text.as_ptr());
    places.chain([std::ptr::null()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_entry_of_a_name_counts() {
        let entries = [("B", "1"), ("A", "2"), ("B", "3")].map(|(name, value)| (name.into(), value.into()));
        let lines = environment(&entries).unwrap();
        assert_eq!(lines, [c"A=2".to_owned(), c"B=3".to_owned()]);
        let bad = [("A".into(), "a\0b".into())];
        assert_eq!(environment(&bad).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_signal_that_is_ignored_is_found() {
        // The standard library has it ignored.
        assert!(ignored_signals().contains(&libc::SIGPIPE));
        assert!(!ignored_signals().contains(&libc::SIGTERM));
    }

    #[test]
    fn a_program_that_is_missing_leaves_no_child() {
        let null = std::fs::File::open("/dev/null").unwrap();
        use std::os::fd::AsFd;
        let start = Start {
            program: Path::new("/nowhere/program"),
            words: vec![c"program".to_owned()],
            environment: Vec::new(),
            directory: Path::new("/"),
            standard: [null.as_fd(); 3],
            inherited: Vec::new(),
            descriptor_limit: DescriptorLimit::raise().unwrap(),
            ignored: &[],
        };
        assert_eq!(start.run().unwrap_err().raw_os_error(), Some(libc::ENOENT));
        assert!(!reap::has_children());
    }
}
