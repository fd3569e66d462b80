//! What is said about a fault.

use crate::joined::Joined;
use crate::scan::{Closer, Open, Opener, Segment};
use crate::{Fault, grammar::Stop};

/// Something that is opened and never closed.
pub(crate) fn unclosed(joined: &Joined, open: Open) -> Fault {
    let written = written(joined, open);
    let wanted = wanted(open.opener);
    let (message, help) = match open.opener {
        Opener::Heredoc => (
            format!("the here-document `{written}` has no end"),
            Some("it ends at a line that holds its word alone, without blanks around it".to_string()),
        ),
        Opener::Brace => (
            "this `{` is never closed".to_string(),
            Some("write `}` where a command could start: behind a `;` or on a line of its own".to_string()),
        ),
        Opener::If | Opener::Then | Opener::Do | Opener::Loop | Opener::Case => {
            (format!("this `{written}` has no `{wanted}`"), None)
        }
        _ => (format!("this `{written}` is never closed"), None),
    };
    Fault {
        mark: joined.mark(open.at, open.at + open.length),
        message,
        label: "opened here".to_string(),
        opener: None,
        help,
    }
}

/// The grammar cannot go on.
pub(crate) fn stopped(joined: &Joined, segment: &Segment, stop: Stop) -> Fault {
    let at = match stop {
        Stop::At(at) => at.min(segment.masked.len()),
        Stop::End => segment.masked.len(),
    };
    // The grammar may go on for a while behind a word that does not fit what is open.
    match segment
        .stray
        .and_then(|(stray, _)| stray.checked_sub(segment.start))
    {
        Some(stray) if stray < at => unexpected(joined, segment, stray),
        _ if at < segment.masked.len() => unexpected(joined, segment, at),
        _ => ended(joined, segment),
    }
}

fn ended(joined: &Joined, segment: &Segment) -> Fault {
    if let Some(open) = segment.open.last() {
        return unclosed(joined, *open);
    }
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let Some(last) = segment.masked.iter().rposition(|byte| !is_blank(byte)) else {
        return Fault {
            mark: joined.mark(segment.start, segment.start + segment.masked.len()),
            message: "there is no command here".to_string(),
            label: "empty".to_string(),
            opener: None,
            help: None,
        };
    };
    let start = token_start(&segment.masked, last);
    let token = shown(joined, segment, start, last + 1);
    let whole = match segment.closer {
        Closer::End => "the command",
        Closer::Paren => "the command in `$(..)`",
    };
    Fault {
        mark: joined.mark(segment.start + start, segment.start + last + 1),
        message: match &token {
            Some(token) => format!("{whole} ends behind `{token}`"),
            None => format!("{whole} ends too early"),
        },
        label: "something must follow".to_string(),
        opener: None,
        help: None,
    }
}

fn unexpected(joined: &Joined, segment: &Segment, at: usize) -> Fault {
    let end = token_end(&segment.masked, at);
    let message = match shown(joined, segment, at, end) {
        Some(token) if token == "\n" => "the line ends where the command must go on".to_string(),
        Some(token) => format!("`{token}` cannot stand here"),
        None => "this word cannot stand here".to_string(),
    };
    let place = segment.start + at;
    let stray = segment.stray.filter(|(stray, _)| *stray == place);
    let opener = match segment.stray {
        Some((stray, Some(open))) if open.at < place && place <= stray => {
            let (mark, written) = (joined.mark(open.at, open.at + open.length), written(joined, open));
            Some((
                mark,
                format!("`{written}` is open, it needs `{}`", wanted(open.opener)),
            ))
        }
        _ => None,
    };
    let token = segment.masked.get(at..end).unwrap_or(&[]);
    let help = match (stray, token) {
        (_, b"(") => Some("write `\\(` or put quotes around it for the character".to_string()),
        (Some((_, None)), b")") => Some("nothing is open here; write `\\)` for the character".to_string()),
        (Some((_, None)), _) => Some("nothing is open that it could end".to_string()),
        (_, b";;") => Some("`;;` ends a branch of `case`, a command ends with `;`".to_string()),
        (_, b"&&" | b"||" | b"|" | b";" | b"&") => Some("a command is missing before it".to_string()),
        _ => None,
    };
    Fault {
        mark: joined.mark(segment.start + at, segment.start + end),
        message,
        label: "bash stops here".to_string(),
        opener,
        help,
    }
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b';' | b'&' | b'|' | b'<' | b'>')
}

fn token_end(masked: &[u8], at: usize) -> usize {
    let rest = masked.get(at..).unwrap_or(&[]);
    let length = match rest.first() {
        Some(b'\n' | b'(' | b')') | None => 1,
        Some(first) if is_operator(*first) => rest.iter().take_while(|byte| is_operator(**byte)).count(),
        Some(_) => rest.iter().take_while(|byte| is_word(**byte)).count().max(1),
    };
    at + length
}

fn token_start(masked: &[u8], last: usize) -> usize {
    let before = masked.get(..=last).unwrap_or(&[]);
    let length = match before.last() {
        Some(b'(' | b')') | None => 1,
        Some(byte) if is_operator(*byte) => {
            before.iter().rev().take_while(|byte| is_operator(**byte)).count()
        }
        Some(_) => before
            .iter()
            .rev()
            .take_while(|byte| is_word(**byte))
            .count()
            .max(1),
    };
    last + 1 - length
}

fn is_word(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !is_operator(byte) && !matches!(byte, b'(' | b')')
}

/// A short token as it is written; none where a hole is in it.
fn shown(joined: &Joined, segment: &Segment, start: usize, end: usize) -> Option<String> {
    let (start, end) = (segment.start + start, segment.start + end);
    let has_hole = joined
        .holes
        .iter()
        .any(|(hole, behind)| *hole < end && *behind > start);
    let text = joined.text.get(start..end)?;
    (!has_hole && text.chars().count() <= 30 && (text == "\n" || !text.contains('\n')))
        .then(|| text.to_string())
}

fn written(joined: &Joined, open: Open) -> String {
    joined
        .text
        .get(open.at..open.at + open.length)
        .unwrap_or("")
        .to_string()
}

/// What closes it.
fn wanted(opener: Opener) -> &'static str {
    match opener {
        Opener::Single | Opener::AnsiC => "'",
        Opener::Double => "\"",
        Opener::Backquote => "`",
        Opener::Heredoc => "",
        Opener::Legacy => "]",
        Opener::Parameter | Opener::Brace => "}",
        Opener::Substitution | Opener::Array | Opener::Group | Opener::Subshell => ")",
        Opener::If => "then",
        Opener::Then => "fi",
        Opener::Loop => "do",
        Opener::Do => "done",
        Opener::Case => "esac",
        Opener::Test => "]]",
    }
}
