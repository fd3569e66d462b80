//! Learning of ended children without losing one to a crash: first look, then record, then reap.

use std::io;

use crate::process::Exit;

/// Which children a call is about.
#[derive(Clone, Copy)]
enum Who {
    Any,
    One(u32),
}

/// Returns one child that has ended, without reaping it; `None` if none has.
///
/// The same child is returned again until [`reap`] is called for it.
///
/// # Errors
/// The kernel refuses; having no children at all is no error.
pub fn next_ended() -> io::Result<Option<(u32, Exit)>> {
    match wait(Who::Any, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT) {
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        result => result,
    }
}

/// Frees the entry of an ended child.
///
/// # Errors
/// It is not our child.
pub fn reap(pid: u32) -> io::Result<()> {
    wait(Who::One(pid), libc::WEXITED | libc::WNOHANG).map(|_| ())
}

/// Reaps a child if it has ended; `None` while it lives.
///
/// # Errors
/// It is not our child.
pub fn try_reap(pid: u32) -> io::Result<Option<Exit>> {
    let found = wait(Who::One(pid), libc::WEXITED | libc::WNOHANG)?;
    Ok(found.map(|(_, exit)| exit))
}

/// Whether we have any child, alive or ended.
///
/// As we adopt orphans, "no" means that nothing we started is left, however deep it was.
pub fn has_children() -> bool {
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    !matches!(wait(Who::Any, flags), Err(error) if error.raw_os_error() == Some(libc::ECHILD))
}

/// Waits until a child ends and reaps it.
///
/// # Errors
/// It is not our child.
pub fn wait_for(pid: u32) -> io::Result<Exit> {
    loop {
        if let Some((_, exit)) = wait(Who::One(pid), libc::WEXITED)? {
            return Ok(exit);
        }
    }
}

fn wait(who: Who, flags: libc::c_int) -> io::Result<Option<(u32, Exit)>> {
    let (kind, id) = match who {
        Who::Any => (libc::P_ALL, 0),
        Who::One(pid) => (libc::P_PID, pid),
    };
    loop {
        // The kernel leaves the structure as it is when nobody has ended, hence the zeros.
        // SAFETY: a signal structure of zeros is valid, and the kernel writes within it.
        let (result, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            (libc::waitid(kind, id, &raw mut info, flags), info)
        };
        if result == 0 {
            return Ok(ended(&info));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

fn ended(info: &libc::siginfo_t) -> Option<(u32, Exit)> {
    // SAFETY: waitid filled these fields, or left them zero.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    let pid = u32::try_from(pid).ok().filter(|pid| *pid != 0)?;
    let exit = match info.si_code {
        libc::CLD_EXITED => Exit::Code(status),
        _ => Exit::Signal(status),
    };
    Some((pid, exit))
}
