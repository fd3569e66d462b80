//! The clock of a task: milliseconds that never go back over its life, restarts and reboots included.
//!
//! Deadlines stand in the journal, so they must mean the same after a restart. Within one boot the
//! shell subtracts a recorded zero from the time since boot; after a reboot the zero is chosen so that
//! the clock goes on at the last recorded moment.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment on the clock of a task, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// The moment the task was created.
    pub const ZERO: Self = Self(0);

    /// Reads the clock whose zero lies `zero_ms` after the boot, `since_boot_ms` after that boot.
    pub fn at(since_boot_ms: u64, zero_ms: i64) -> Self {
        let ms = i128::from(since_boot_ms) - i128::from(zero_ms);
        Self(u64::try_from(ms.max(0)).unwrap_or(u64::MAX))
    }

    /// Returns the moment `ms` later.
    #[must_use]
    pub fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Returns the moment `ms` earlier, not before [`Time::ZERO`].
    #[must_use]
    pub fn minus(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }

    /// Returns the milliseconds since `earlier`, 0 if that lies ahead.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The present, on both clocks. Decisions use `time`; `wall_ms` is only written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The clock of the task.
    pub time: Time,
    /// Milliseconds since 1970.
    pub wall_ms: u64,
}

/// Chooses the zero of the clock for a runner that starts now.
///
/// `recorded` is the zero and the boot of the runner before, with the last moment it recorded; `None`
/// for a new task.
pub(crate) fn clock_zero(recorded: Option<(i64, u64, Time)>, boot_id: u64, since_boot_ms: u64) -> i64 {
    let now = i64::try_from(since_boot_ms).unwrap_or(i64::MAX);
    match recorded {
        None => now,
        Some((zero_ms, boot, _)) if boot == boot_id => zero_ms,
        Some((_, _, last)) => now.saturating_sub(i64::try_from(last.0).unwrap_or(i64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_on_over_restart_and_reboot() {
        let first = clock_zero(None, 7, 5_000);
        assert_eq!(Time::at(5_000, first), Time::ZERO);
        let last = Time::at(9_000, first);
        let restarted = clock_zero(Some((first, 7, last)), 7, 11_000);
        assert_eq!(Time::at(11_000, restarted), Time(6_000));
        let rebooted = clock_zero(Some((first, 7, last)), 8, 1_000);
        assert_eq!(Time::at(1_000, rebooted), last);
        assert_eq!(Time::at(1_500, rebooted), last.plus(500));
    }

    #[test]
    fn absurd_clocks_do_not_wrap() {
        assert_eq!(Time::at(0, i64::MAX), Time::ZERO);
        assert_eq!(Time::at(u64::MAX, i64::MIN), Time(u64::MAX));
        assert_eq!(clock_zero(Some((0, 1, Time(u64::MAX))), 2, 0), -i64::MAX);
        assert_eq!(Time(u64::MAX).plus(1), Time(u64::MAX));
    }
}
