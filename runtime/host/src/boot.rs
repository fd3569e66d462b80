//! Time and the identity of this boot.

use std::path::Path;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::PathError;
use crate::error::AtPath;

/// The first 64 bits of the kernel's boot id; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootId(pub u64);

impl BootId {
    /// Reads the id of the running boot.
    ///
    /// # Errors
    /// `/proc` is not mounted or shows something else.
    pub fn current() -> Result<Self, PathError> {
        let path = Path::new("/proc/sys/kernel/random/boot_id");
        let text = std::fs::read_to_string(path).at("read", path)?;
        parse(&text)
            .ok_or_else(|| std::io::Error::other("not a boot id"))
            .at("read", path)
    }
}

fn parse(text: &str) -> Option<BootId> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    let id = u64::from_str_radix(&digits, 16).ok()?;
    (digits.len() == 16).then_some(BootId(id.max(1)))
}

/// Returns the time since boot, sleep included. It never goes back and starts anew at every boot.
pub fn since_boot() -> Duration {
    read_clock(ClockId::CLOCK_BOOTTIME)
}

/// Returns the wall clock as milliseconds since 1970; 0 for a clock set earlier.
pub fn wall_ms() -> u64 {
    u64::try_from(read_clock(ClockId::CLOCK_REALTIME).as_millis()).unwrap_or(u64::MAX)
}

// Both clocks exist in every kernel that has pidfds, so a refusal cannot happen; zero is a safe answer.
fn read_clock(clock: ClockId) -> Duration {
    clock_gettime(clock).map_or(Duration::ZERO, |time| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec()).unwrap_or(0))
    })
}

/// Returns the name of this machine.
///
/// # Errors
/// `/proc` is not mounted.
pub fn hostname() -> Result<String, PathError> {
    let path = Path::new("/proc/sys/kernel/hostname");
    let text = std::fs::read(path).at("read", path)?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_string())
}

/// Returns 64 random bits.
///
/// # Errors
/// The kernel's source of randomness cannot be read.
pub fn random() -> Result<u64, PathError> {
    use std::io::Read;
    let path = Path::new("/dev/urandom");
    let mut bytes = [0; 8];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .at("read", path)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boot_ids() {
        assert_eq!(
            parse("01234567-89ab-cdef-0000-000000000000\n"),
            Some(BootId(0x0123_4567_89ab_cdef))
        );
        assert_eq!(parse("0123"), None);
        assert_eq!(parse(""), None);
        assert_eq!(BootId::current().unwrap(), BootId::current().unwrap());
    }
}
