//! Text for people.

use aur_render::{Color, Look};
use aur_terminal::Terminal;
use similar::TextDiff;

/// JSON on many lines, safe for a terminal.
pub(crate) fn json_for_reading(value: &serde_json::Value) -> String {
    // Writing a value as JSON cannot fail.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    aur_render::clean_json(format!("{text}\n"))
}

/// Whether text in this look has colour.
pub(crate) fn is_colored(look: Look) -> bool {
    look.color == Color::Ansi
}

/// The change in the unified format: as it is for programs, safe and perhaps in colour for people.
pub(crate) fn difference(name: &str, before: &str, after: &str, terminal: &Terminal) -> String {
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().header(name, name).to_string();
    let is_painted = is_colored(terminal.out);
    if !is_painted && !terminal.is_out_terminal {
        return text;
    }
    let paint = |line: &str| {
        let style = match line.chars().next() {
            Some('+') => "32",
            Some('-') => "31",
            Some('@') => "36",
            Some(_) | None => "0",
        };
        match is_painted {
            true => format!("\x1b[{style}m{}\x1b[0m\n", aur_render::clean(line)),
            false => format!("{}\n", aur_render::clean(line)),
        }
    };
    text.lines().map(paint).collect()
}
