//! Where output goes, as flags. What a process says itself comes first.

use aur_ir::{Logger, LoggerDestination, LoggerMode, RotatePolicy};
use aur_runner::Overflow;
use clap::ValueEnum;

/// Where the output of processes goes that do not say so themselves.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct LoggerArgs {
    /// Where output goes of processes that do not say so [default: file]
    #[arg(long, value_enum, value_name = "WHERE")]
    log: Option<Where>,
    /// Turn log files over at a size, such as `10MB`; of processes that do not say so
    #[arg(long, value_name = "SIZE", value_parser = size)]
    log_size: Option<u64>,
    /// How many older log files are kept [default: 5]
    #[arg(long, value_name = "N", requires = "log_size", value_parser = clap::value_parser!(u64).range(..=1000))]
    log_backups: Option<u64>,
    /// What happens to output that comes faster than it can be kept, where it is turned over or goes to
    /// the console
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = WhenFull::Block)]
    log_full: WhenFull,
}

/// What output is written to.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Where {
    /// The log files of the run
    File,
    /// The output of whoever watches the task
    Console,
    /// Both
    Both,
    /// Nothing is kept
    None,
}

/// What happens to output that comes too fast.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhenFull {
    /// The process waits
    Block,
    /// Lines are left out and counted
    Drop,
}

impl LoggerArgs {
    /// Where output goes.
    pub(crate) fn chosen(&self) -> Logger {
        let rotate = self.log_size.map(|log_size_bytes| RotatePolicy {
            log_size_bytes,
            backups: self.log_backups.unwrap_or(RotatePolicy::default().backups),
        });
        Logger {
            destination: match self.log {
                None | Some(Where::File) => LoggerDestination::File,
                Some(Where::Console) => LoggerDestination::Console,
                Some(Where::Both) => LoggerDestination::Both,
                Some(Where::None) => LoggerDestination::None,
            },
            mode: match rotate {
                Some(_) => LoggerMode::Rotate,
                None => LoggerMode::Standard,
            },
            rotate,
        }
    }

    /// What happens where the disk is too slow, or full.
    pub(crate) fn overflow(&self) -> Overflow {
        match self.log_full {
            WhenFull::Block => Overflow::Block,
            WhenFull::Drop => Overflow::Drop,
        }
    }
}

/// Reads a size: `4096`, `64KB`, `10MB`, `1GB`; a kilobyte has 1024 bytes, as in the language.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 5] = [
        ("TB", 1 << 40),
        ("GB", 1 << 30),
        ("MB", 1 << 20),
        ("KB", 1 << 10),
        ("B", 1),
    ];
    let found = UNITS
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, unit) = found.unwrap_or((text, 1));
    let bytes = number
        .trim()
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(unit));
    bytes
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "a size such as `64KB`, `10MB` or `1GB` is needed".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read() {
        assert_eq!(
            ["4096", "64KB", "10MB", "1GB", "7B"].map(|text| size(text).ok()),
            [Some(4096), Some(65_536), Some(10 << 20), Some(1 << 30), Some(7)]
        );
        for bad in ["", "0", "-1", "1.5MB", "1XB", "99999999999TB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
