//! Numbers with units.

use std::borrow::Cow;

use aur_diagnostics::{Applicability, codes, nearest};

use super::Builder;
use crate::pest::Node;
use crate::tree::{ExprKind, Number, Range, SyntaxError, Unit};

pub(crate) const UNITS: [(&str, Unit); 14] = [
    ("B", Unit::Bytes(1)),
    ("KB", Unit::Bytes(1 << 10)),
    ("MB", Unit::Bytes(1 << 20)),
    ("GB", Unit::Bytes(1 << 30)),
    ("TB", Unit::Bytes(1 << 40)),
    ("KiB", Unit::Bytes(1 << 10)),
    ("MiB", Unit::Bytes(1 << 20)),
    ("GiB", Unit::Bytes(1 << 30)),
    ("TiB", Unit::Bytes(1 << 40)),
    ("ms", Unit::Milliseconds(1)),
    ("s", Unit::Milliseconds(1_000)),
    ("m", Unit::Milliseconds(60_000)),
    ("h", Unit::Milliseconds(3_600_000)),
    ("d", Unit::Milliseconds(86_400_000)),
];

impl Builder<'_> {
    /// Reads a number; `negative` makes the smallest integer readable, which has no positive twin.
    pub(super) fn number(&mut self, node: Node, range: Range, negative: bool) -> ExprKind {
        let written = self.node_text(node);
        let (digits, unit) = written.split_at(unit_start(written));
        let unit = match unit {
            "" => None,
            unit => match UNITS.iter().find(|(name, _)| *name == unit) {
                Some((_, unit)) => Some(*unit),
                None => return self.unknown_unit(unit, node),
            },
        };
        let plain = match digits.contains('_') {
            true => Cow::Owned(digits.replace('_', "")),
            false => Cow::Borrowed(digits),
        };
        let is_float = plain.contains(['.', 'e', 'E']);
        let value = match (is_float, negative) {
            (true, _) => plain
                .parse()
                .ok()
                .filter(|float: &f64| float.is_finite())
                .map(Number::Float),
            (false, true) => format!("-{plain}").parse().ok().map(Number::Integer),
            (false, false) => plain.parse().ok().map(Number::Integer),
        };
        match value {
            Some(value) => ExprKind::Number { value, unit },
            None => {
                let message = format!("`{digits}` is too large");
                let error = SyntaxError::new(&codes::bad_number, range, message, "does not fit into 64 bits");
                self.error(error.help("integers go from -9223372036854775808 to 9223372036854775807"));
                ExprKind::Missing
            }
        }
    }

    fn unknown_unit(&mut self, unit: &str, node: Node) -> ExprKind {
        let at = self.range(node.end.saturating_sub(unit.len() as u32), node.end);
        let error = SyntaxError::new(
            &codes::bad_number,
            at,
            format!("`{unit}` is not a unit"),
            "unknown unit",
        )
        .help("units are B KB MB GB TB, KiB MiB GiB TiB, and ms s m h d");
        let near = match unit {
            "sec" | "secs" | "second" | "seconds" => Some("s"),
            "min" | "mins" | "minute" | "minutes" => Some("m"),
            "hour" | "hours" => Some("h"),
            "day" | "days" => Some("d"),
            "K" | "k" => Some("KB"),
            "M" => Some("MB"),
            "G" | "g" => Some("GB"),
            "T" | "t" => Some("TB"),
            _ => nearest(unit, UNITS.iter().map(|(name, _)| *name)),
        };
        let error = match near {
            Some(near) => error.fixed(&format!("write `{near}`"), Applicability::Unsafe, at, near),
            None => error,
        };
        self.error(error);
        ExprKind::Missing
    }
}

/// Returns where the unit starts.
fn unit_start(written: &str) -> usize {
    let bytes = written.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let digits = |mut at: usize| {
        while byte(at).is_ascii_digit() || byte(at) == b'_' {
            at += 1;
        }
        at
    };
    let mut at = digits(0);
    if byte(at) == b'.' && byte(at + 1).is_ascii_digit() {
        at = digits(at + 1);
    }
    if matches!(byte(at), b'e' | b'E') {
        let sign = usize::from(matches!(byte(at + 1), b'+' | b'-'));
        if byte(at + 1 + sign).is_ascii_digit() {
            at = digits(at + 1 + sign);
        }
    }
    at
}
