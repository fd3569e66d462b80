//! Places at which tests have somebody killed, or something refused.
//!
//! In programs that are built for use (without debug assertions) there are none.

use crate::guard::Packaging;

/// Ends this process as a crash would, if a test asked for it at this place.
///
/// `AUR_FAULT_RUNNER` names the place, or as `#7` the seventh place of any name that this process comes to.
/// The file `AUR_FAULT_ONCE` is made, with the name of the place in it, so that it happens once.
#[cfg(aur_faults)]
pub fn point(name: &str) {
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};
    static PASSED: AtomicU64 = AtomicU64::new(0);
    let Ok(wanted) = std::env::var("AUR_FAULT_RUNNER") else {
        return;
    };
    let passed = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    let is_here = match wanted.strip_prefix('#') {
        Some(number) => number.parse() == Ok(passed),
        None => wanted == name,
    };
    if !is_here {
        return;
    }
    let once = std::env::var_os("AUR_FAULT_ONCE").unwrap_or_default();
    if let Ok(mut file) = std::fs::File::create_new(once) {
        let _ = file.write_all(name.as_bytes());
        // SAFETY: the calls take integers.
        unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    }
}

/// Does nothing: this program is built for use.
#[cfg(not(aur_faults))]
pub fn point(_: &str) {}

/// Whether a test forbids this form of the guard: `AUR_FAULT_GUARD` is `file` or `own`.
#[cfg(aur_faults)]
pub(crate) fn is_refused(packaging: Packaging) -> bool {
    match std::env::var("AUR_FAULT_GUARD").as_deref() {
        Ok("own") => true,
        Ok("file") => packaging == Packaging::Memory,
        Ok(_) | Err(_) => false,
    }
}

#[cfg(not(aur_faults))]
pub(crate) fn is_refused(_: Packaging) -> bool {
    false
}

/// The number of processes that a test limits tasks to, by `AUR_FAULT_PIDS`.
#[cfg(aur_faults)]
pub fn most_pids() -> Option<u64> {
    std::env::var("AUR_FAULT_PIDS").ok()?.parse().ok()
}

/// None: this program is built for use.
#[cfg(not(aur_faults))]
pub fn most_pids() -> Option<u64> {
    None
}

/// The length of a journal, bytes, from which a test has it made shorter: `AUR_FAULT_JOURNAL`.
#[cfg(aur_faults)]
pub fn most_journal_bytes() -> Option<u64> {
    std::env::var("AUR_FAULT_JOURNAL").ok()?.parse().ok()
}

/// None: this program is built for use.
#[cfg(not(aur_faults))]
pub fn most_journal_bytes() -> Option<u64> {
    None
}

/// Whether a test has the locks of run files left out, to show that it would notice.
#[cfg(aur_faults)]
pub(crate) fn is_lock_off() -> bool {
    std::env::var_os("AUR_FAULT_NO_LOCK").is_some()
}

#[cfg(not(aur_faults))]
pub(crate) fn is_lock_off() -> bool {
    false
}
