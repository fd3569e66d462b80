//! `shell_syntax` once more: bash can read a command as it is written, but not with what its mustaches bring.
//!
//! Most values mean nothing to bash, and a command with nothing else in it is as sound as it is written. Only
//! others are read again, each text once.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use aur_diagnostics::{Applicability, Diagnostic, Span, codes};
use aur_grammar::tree::{Mustache, MustacheKind, TextPart};
use aur_shell::{Mark, Piece, Quoting, Reader};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use super::{raw_splice, shell_syntax};
use crate::eval::Compiler;
use crate::json::text_of;
use crate::resolve::{Brought, Env};
use crate::value::{self, Kind, TextRef, Value};

/// Characters of a resolved line that are shown.
const SHOWN: usize = 100;

/// What is known of resolved commands.
#[derive(Default)]
pub(super) struct Resolved {
    /// By the address of the text.
    written: FxHashMap<usize, Written>,
    /// Hashes of the texts that were read.
    read: FxHashSet<u64>,
    told: FxHashSet<Span>,
    reader: Reader,
}

/// A command as it is written.
#[derive(Clone, Copy)]
enum Written {
    /// There is nothing to be put in, or it is no bash even so.
    Settled,
    /// Bytes outside of its mustaches that mean something to bash.
    Special(usize),
    /// How much of it is there depends on its sections.
    Sections,
}

impl<'p> Compiler<'p> {
    /// Reads a command with everything put in.
    pub(crate) fn lint_resolved(&mut self, value: &Value<'p>, settled: &Value<'p>, env: &Env<'p>) {
        let Kind::Text(text) = &value.kind else { return };
        if text.literal().is_some() || self.is_prelude(value.span) {
            return;
        }
        let pieces = match &settled.kind {
            Kind::Raw(text) => vec![Piece::Text(text)],
            Kind::Pieces(pieces) => as_bash(pieces),
            _ => return,
        };
        let address = std::ptr::from_ref(text.text).addr();
        let known = self.lints.resolved.written.get(&address).copied();
        let written = known.unwrap_or_else(|| {
            let written = written(*text);
            self.lints.resolved.written.insert(address, written);
            written
        });
        let is_new = match written {
            Written::Settled => false,
            Written::Special(own) if own == pieces.iter().map(special_of).sum::<usize>() => false,
            Written::Special(_) | Written::Sections => {
                self.lints.resolved.read.insert(hash(address, &pieces))
            }
        };
        if !is_new {
            return;
        }
        let mut reader = std::mem::take(&mut self.lints.resolved.reader);
        if let Some(fault) = reader.read(&pieces).fault {
            let unresolved = shell_syntax::read(&mut reader, self.program, *text);
            match unresolved.fault {
                // That is told of the command as it is written.
                Some(_) => {
                    self.lints.resolved.written.insert(address, Written::Settled);
                }
                None => {
                    let line = line_of(&settled.kind, fault.mark);
                    let found = Found {
                        fault: &fault,
                        pieces: &pieces,
                        line,
                    };
                    self.report_resolved(value, *text, found, &unresolved.holes, env);
                }
            }
        }
        self.lints.resolved.reader = reader;
    }

    fn report_resolved(
        &mut self,
        value: &Value<'p>,
        text: TextRef<'p>,
        found: Found<'_>,
        holes: &[Quoting],
        env: &Env<'p>,
    ) {
        let Found { fault, pieces, line } = found;
        let whole = joined(pieces);
        let mut brought = self.brought(value, env);
        // What is quoted as one word breaks nothing.
        let written = text.text.parts.iter().filter_map(as_value).zip(holes);
        let words: Vec<Span> = written
            .filter(|(mustache, quoting)| has_filter(mustache) && is_bare(**quoting))
            .map(|(mustache, _)| text.base.span(mustache.range))
            .collect();
        brought.retain(|own| !words.contains(&own.at));
        let opener = fault.opener.as_ref().map(|(mark, _)| *mark);
        let places = [Some(fault.mark), opener];
        let places: Vec<usize> = places
            .into_iter()
            .flatten()
            .map(|mark| byte_of(pieces, mark))
            .collect();
        let Some(culprit) = culprit(&brought, &places, &whole) else {
            return;
        };
        if !self.lints.resolved.told.insert(culprit.at) {
            return;
        }
        let mut values = text.text.parts.iter().filter_map(as_value);
        let found = values
            .clone()
            .position(|own| text.base.span(own.range) == culprit.at);
        let mustache = found.and_then(|number| values.nth(number));
        let name = mustache.map_or("", |own| {
            self.program.sources.text(text.base.span(own.path.range))
        });
        let message = match name {
            "" => format!(
                "bash cannot read this command once it is filled in: {}",
                fault.message
            ),
            name => format!(
                "bash cannot read this command once `{name}` is filled in: {}",
                fault.message
            ),
        };
        let part = whole.get(culprit.bytes.clone()).unwrap_or("");
        let mut warning = Diagnostic::new(&codes::shell_syntax, culprit.at, message)
            .label(format!("becomes `{}`", cut(part, 0)))
            .note(format!("the command becomes: {line}"));
        if let Some(from) = culprit.from.filter(|from| !self.is_prelude(*from)) {
            warning = warning.also(from, "comes from here");
        }
        let quoting = found.and_then(|number| holes.get(number).copied());
        let has_filter = mustache.is_some_and(has_filter);
        // What begins a command is to be one, not a word.
        let is_word = mustache.is_some_and(|own| !raw_splice::starts_command(text, own));
        let quoting = quoting.filter(|_| is_word);
        let advice = quoting.and_then(|quoting| raw_splice::advice(quoting, has_filter, name));
        // The value of another job may be meant to be several words.
        if advice.is_some() && quoting.is_some_and(is_bare) {
            warning = self.with_filter(warning, Applicability::Unsafe, culprit.at);
        }
        self.sink.push(warning.help_if(advice));
    }

    /// Whether a command was found to break at this mustache once it is filled in.
    pub(super) fn breaks(&self, mustache: Span) -> bool {
        self.lints.resolved.told.contains(&mustache)
    }
}

/// A resolved command that bash cannot read.
struct Found<'a> {
    fault: &'a aur_shell::Fault,
    pieces: &'a [Piece<'a>],
    /// The line that it breaks in.
    line: String,
}

/// A mustache that is put in, if the part is one.
fn as_value(part: &TextPart) -> Option<&Mustache> {
    match part {
        TextPart::Mustache(mustache) if mustache.kind == MustacheKind::Value => Some(mustache),
        TextPart::Mustache(_) | TextPart::Literal { .. } => None,
    }
}

/// Whether the last filter of a mustache makes a word of it.
fn has_filter(mustache: &Mustache) -> bool {
    mustache.filters.last().is_some_and(|filter| filter.name == "sh")
}

/// Whether there are no other quotes around.
fn is_bare(quoting: Quoting) -> bool {
    matches!(quoting, Quoting::Word | Quoting::Part)
}

fn written(text: TextRef<'_>) -> Written {
    let mut special = 0;
    let mut has_values = false;
    for part in &text.text.parts {
        match part {
            TextPart::Literal { text, .. } => special += count(text),
            TextPart::Mustache(mustache) if mustache.kind != MustacheKind::Value => return Written::Sections,
            TextPart::Mustache(_) => has_values = true,
        }
    }
    match has_values {
        true => Written::Special(special),
        false => Written::Settled,
    }
}

/// Bytes that bash may give a meaning to; letters of other scripts have none.
fn count(text: &str) -> usize {
    // Ranges, so that many bytes are compared at once: signs and digits from `+` to `:`, letters and `@`.
    let is_plain =
        |byte: &u8| matches!(byte, b'+'..=b':' | b'@'..=b'Z' | b'a'..=b'z' | b'_' | b'=' | b'%' | 0x80..);
    text.bytes().filter(|byte| !is_plain(byte)).count()
}

fn special_of(piece: &Piece<'_>) -> usize {
    match piece {
        Piece::Text(text) => count(text),
        Piece::Hole(_) | Piece::Open(_) | Piece::Close => 0,
    }
}

/// What is known only later may be any word.
fn as_bash(pieces: &[value::Piece]) -> Vec<Piece<'_>> {
    let pieces = (0..).zip(pieces).map(|(number, piece)| match piece {
        value::Piece::Literal(text) => Piece::Text(text),
        value::Piece::Late(..) | value::Piece::Open(_) => Piece::Hole(number),
    });
    pieces.collect()
}

fn hash(address: usize, pieces: &[Piece<'_>]) -> u64 {
    let mut hasher = FxHasher::default();
    address.hash(&mut hasher);
    for piece in pieces {
        match piece {
            Piece::Text(text) => text.hash(&mut hasher),
            Piece::Hole(_) | Piece::Open(_) | Piece::Close => 0xff_u8.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// The text that is known.
fn joined(pieces: &[Piece<'_>]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => *text,
        Piece::Hole(_) | Piece::Open(_) | Piece::Close => "",
    });
    texts.collect()
}

/// Where a mark begins in the text that is known.
fn byte_of(pieces: &[Piece<'_>], mark: Mark) -> usize {
    let before = pieces.get(..mark.start.piece).unwrap_or(&[]);
    joined(before).len() + mark.start.offset
}

/// The mustache that breaks the command: one that brought one of the places, else the last before the first of
/// them that brought something special, else any that did.
fn culprit<'b>(brought: &'b [Brought], places: &[usize], whole: &str) -> Option<&'b Brought> {
    let is_special = |own: &&Brought| count(whole.get(own.bytes.clone()).unwrap_or("")) > 0;
    let mut special = brought.iter().filter(is_special);
    let holds = |range: &Range<usize>| places.iter().any(|place| range.contains(place));
    let inside = special.clone().find(|own| holds(&own.bytes));
    let first = places.first().copied().unwrap_or(usize::MAX);
    let before = || special.clone().rfind(|own| own.bytes.end <= first);
    inside.or_else(before).or_else(|| special.next())
}

/// The line of a resolved text that a mark begins in, runtime names as they are written.
fn line_of(kind: &Kind<'_>, mark: Mark) -> String {
    let Kind::Pieces(pieces) = kind else {
        return line_at(&text_of(kind), mark.start.offset);
    };
    let parts = pieces.iter().map(|piece| match piece {
        value::Piece::Literal(text) => text.to_string(),
        value::Piece::Late(name, _) => format!("{{{{{name}}}}}"),
        value::Piece::Open(name) => format!("{{{{{name}}}}}"),
    });
    let parts: Vec<String> = parts.collect();
    let before: usize = parts.iter().take(mark.start.piece).map(String::len).sum();
    line_at(&parts.concat(), before + mark.start.offset)
}

/// The line that a byte stands in.
fn line_at(text: &str, at: usize) -> String {
    let at = text.floor_char_boundary(at.min(text.len()));
    let start = text
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |end| end + 1);
    let line = text
        .get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or("");
    cut(line, at - start)
}

/// A text on one line; of a long one what stands around a byte.
fn cut(text: &str, at: usize) -> String {
    let text = text.trim_end();
    let letters: Vec<char> = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let at = text
        .get(..at.min(text.len()))
        .map_or(0, |before| before.chars().count());
    let start = match letters.len() {
        0..=SHOWN => 0,
        length => at.saturating_sub(SHOWN / 2).min(length - SHOWN),
    };
    let end = letters.len().min(start + SHOWN);
    let shown: String = letters.get(start..end).unwrap_or(&[]).iter().collect();
    let (before, behind) = (
        if start > 0 { ".." } else { "" },
        if end < letters.len() { ".." } else { "" },
    );
    format!("{before}{shown}{behind}")
}
