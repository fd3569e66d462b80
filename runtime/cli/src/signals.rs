//! The names of signals, as Linux numbers them on the machines we run on.

/// Names without `SIG`; the place is the number, from 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];
/// The highest number of a signal.
const LAST: i32 = 64;

/// The name of a signal with `SIG`; `signal 40` for one without a name.
pub(crate) fn name(number: i32) -> String {
    let place = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    match place.and_then(|place| NAMES.get(place)) {
        Some(name) => format!("SIG{name}"),
        None => format!("signal {number}"),
    }
}

/// Reads `HUP`, `SIGHUP`, `hup` or `1`.
pub(crate) fn parse(text: &str) -> Result<i32, String> {
    let upper = text.to_ascii_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    let named = (1..).zip(NAMES).find(|(_, name)| *name == bare);
    let number = named.map(|(number, _)| number).or_else(|| text.parse().ok());
    number
        .filter(|number| (1..=LAST).contains(number))
        .ok_or_else(|| {
            "the name of a signal such as `HUP` or `SIGUSR1`, or its number, is needed".to_string()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(
            ["HUP", "SIGHUP", "usr1", "sigusr2", "15", "64", "SYS"].map(|text| parse(text).ok()),
            [Some(1), Some(1), Some(10), Some(12), Some(15), Some(64), Some(31)]
        );
        for bad in ["", "SIG", "NOPE", "0", "65", "-1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(
            [1, 9, 31, 40, 0].map(name),
            ["SIGHUP", "SIGKILL", "SIGSYS", "signal 40", "signal 0"]
        );
    }
}
