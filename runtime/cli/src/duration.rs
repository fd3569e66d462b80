//! Durations on the command line, in the words of the language.

/// Reads `30s`, `500ms`, `5m`, `1h`, `1d` or plain seconds, into milliseconds.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 5] = [
        ("ms", 1),
        ("s", 1000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let found = UNITS
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)));
    let (number, size) = found.unwrap_or((text, 1000));
    let fault = || "a duration such as `30s`, `500ms` or `5m` is needed".to_string();
    let value: f64 = number.trim().parse().map_err(|_| fault())?;
    let milliseconds = (value * size as f64).round();
    if (0.0..1e15).contains(&milliseconds) {
        Ok(milliseconds as u64)
    } else {
        Err(fault())
    }
}

/// Writes a time span for people: `0.05s`, `3.2s`, `2m05s`, `3h07m`.
pub(crate) fn show(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0 => format!("{:.2}s", milliseconds as f64 / 1000.0),
        1..60 => format!("{:.1}s", milliseconds as f64 / 1000.0),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        assert_eq!(
            ["30s", "500ms", "1.5m", "2", "1d"].map(|text| parse(text).ok()),
            [
                Some(30_000),
                Some(500),
                Some(90_000),
                Some(2000),
                Some(86_400_000)
            ]
        );
        assert!(
            ["", "s", "-1s", "1y", "nan", "1e99h"]
                .iter()
                .all(|text| parse(text).is_err())
        );
        assert_eq!(
            [50, 3210, 125_000, 11_230_000].map(show),
            ["0.05s", "3.2s", "2m05s", "3h07m"]
        );
    }
}
