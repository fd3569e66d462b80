//! Text for people.

use aur_render::{Color, Look};

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
