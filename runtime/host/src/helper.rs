//! Small programs of ours that answer a question by their exit code.
//!
//! A helper has a session of its own and dies with us. It has no guard and no record: its answer is worth
//! nothing to anybody else, and a question that got none is asked again.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::account::Role;
use crate::boot::BootId;
use crate::process::{self, DescriptorLimit, Identity, Signal};
use crate::spawn::{close_all_on_exec, reset_signals};
use crate::tree::{Origin, RunTree, Snapshot, Strays, signal_all};

/// Everything a helper starts with. It reads nothing, and what it writes is lost.
#[derive(Debug)]
pub struct Helper<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments, without its name.
    pub arguments: &'a [&'a OsStr],
    /// Its whole environment.
    pub environment: &'a [(OsString, OsString)],
    /// Its working folder.
    pub directory: &'a Path,
    /// The bound on open files it gets back.
    pub descriptor_limit: DescriptorLimit,
    /// Whom it runs as, if not as us.
    pub role: Option<&'a Role>,
}

impl Helper<'_> {
    /// Starts it; it is our child, and its end is seen like that of any other.
    ///
    /// # Errors
    /// The system refuses.
    pub fn start(&self) -> io::Result<u32> {
        let mut command = Command::new(self.program);
        command
            .args(self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(key, value)| (key, value)))
            .current_dir(self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let limit = self.descriptor_limit;
        let role = self.role.cloned();
        // SAFETY: the closure runs in the forked child and only makes system calls on values it owns;
        // it neither allocates nor takes a lock.
        unsafe { command.pre_exec(move || prepare(limit, role.as_ref())) };
        // The end of it is seen by whoever reaps all children.
        Ok(command.spawn()?.id())
    }
}

fn prepare(limit: DescriptorLimit, role: Option<&Role>) -> io::Result<()> {
    reset_signals();
    limit.restore_in_child();
    // SAFETY: the calls take integers.
    unsafe {
        libc::umask(0o022);
        libc::setsid();
    }
    if let Some(role) = role {
        become_role(role)?;
    }
    // Behind the change of user, which would take it back.
    // SAFETY: the call takes integers.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    close_all_on_exec();
    Ok(())
}

/// Becomes the role for good, as the guard has a process do it.
fn become_role(role: &Role) -> io::Result<()> {
    let (uid, gid) = (role.uid, role.gid);
    // SAFETY: the list outlives the call and has this length; the other calls take integers.
    let steps = unsafe {
        [
            libc::setgroups(role.groups.len(), role.groups.as_ptr()),
            libc::setresgid(gid, gid, gid),
            libc::setresuid(uid, uid, uid),
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        ]
    };
    match steps.contains(&-1) {
        true => Err(io::Error::last_os_error()),
        false => Ok(()),
    }
}

/// Kills what is left of the process group of a helper that has ended. To be called before it is reaped:
/// until then nobody else can have its number.
pub fn end_group(pid: u32) {
    if let Ok(pid) = libc::pid_t::try_from(pid)
        && pid > 1
    {
        // SAFETY: the call takes integers.
        unsafe { libc::kill(-pid, libc::SIGKILL) };
    }
}

/// Kills a helper that has not been reaped, and everything it started.
pub fn end_tree(pid: u32, marker: &str, boot: BootId) {
    if let Some(stat) = process::stat(pid)
        && let Ok(snapshot) = Snapshot::take(boot)
    {
        let leader = Identity {
            pid,
            start_ticks: stat.start_ticks,
            boot,
        };
        let mut tree = RunTree::new(leader, Origin::Started, marker);
        signal_all(&tree.members(&snapshot, |_| false, Strays::Unknown), Signal::Kill);
    }
    end_group(pid);
}
