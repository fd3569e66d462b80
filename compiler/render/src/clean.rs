//! Text that cannot steer a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Returns the text on one line, with every character that is not shown, steers a terminal or turns the
/// reading direction written as an escape: `\n`, `\t`, `\u{1b}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        push_clean(&mut out, c);
    }
    Cow::Owned(out)
}

/// Returns JSON in which no character inside of its texts can steer a terminal; its value is the same.
pub fn clean_json(json: String) -> String {
    let is_layout = |c: char| c == '\n';
    if !json.chars().any(|c| is_unsafe(c) && !is_layout(c)) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if is_layout(c) || !is_unsafe(c) {
            out.push(c);
        } else {
            // Line breaks aside, JSON holds such characters in its texts only, where this spelling is equal.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// Writes a character, escaped where it is unsafe.
pub(crate) fn push_clean(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_unsafe(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Control characters, line separators, marks that turn the reading direction, and characters without
/// width that join nothing.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(clean("plain äöü 漢字 👩‍🚀"), "plain äöü 漢字 👩‍🚀");
        assert_eq!(
            clean("a\x1b[31mb\x07\u{9b}\x7f"),
            r"a\u{1b}[31mb\u{7}\u{9b}\u{7f}"
        );
        assert_eq!(clean("a\nb\r\tc"), r"a\nb\r\tc");
        assert_eq!(
            clean("x\u{202e}y\u{2066}z\u{200f}\u{feff}"),
            r"x\u{202e}y\u{2066}z\u{200f}\u{feff}"
        );
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"a\u{202e}": ["\x1b\u{9b}\u{7f}", "\u{e0041}", "ä\n"]});
        let json = clean_json(serde_json::to_string_pretty(&value).unwrap());
        assert!(!json.chars().any(|c| is_unsafe(c) && c != '\n'), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
    }
}
