//! How values are written into text; each form reads back as the value.

/// Shortest digits that read back, with a fraction.
pub(crate) fn float(value: f64) -> String {
    let text = format!("{value}");
    if text.contains(['.', 'e', 'n', 'i']) {
        text
    } else {
        format!("{text}.0")
    }
}

/// Seconds of a duration in milliseconds, with as much of a fraction as needed.
pub(crate) fn seconds(milliseconds: i64) -> String {
    let (sign, all) = if milliseconds < 0 {
        ("-", milliseconds.unsigned_abs())
    } else {
        ("", milliseconds as u64)
    };
    let (whole, rest) = (all / 1000, all % 1000);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
}

/// Bytes for messages, in the largest unit that divides them.
pub(crate) fn bytes(value: i64) -> String {
    for (unit, size) in [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] {
        if value != 0 && value % size == 0 {
            return format!("{}{unit}", value / size);
        }
    }
    format!("{value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(
            [float(1.0), float(0.1), float(1e300)],
            ["1.0", "0.1", &format!("{}.0", 1e300)]
        );
        assert_eq!(
            [seconds(5000), seconds(500), seconds(1050), seconds(-1500)],
            ["5", "0.5", "1.05", "-1.5"]
        );
        assert_eq!(
            [bytes(2 << 30), bytes(1536), bytes(0), bytes(1000)],
            ["2GB", "1536", "0", "1000"]
        );
    }
}
