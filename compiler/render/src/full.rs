//! Diagnostics with the source they are about.
//!
//! The drawing library writes the frame. The line above it and the places inside of it are ours: the
//! library would take the places from the shortened text (see [`View`]), so each file gets a name that
//! is replaced by path, line and column afterwards.

use std::borrow::Cow;
use std::io;

use ariadne::{CharSet, Config, IndexType, Label, Report, ReportKind, Source, sources};
use aur_diagnostics::{Diagnostic, FileId, Fix, Severity, SourceFile, SourceMap, Span};

use crate::clean::clean;
use crate::view::View;
use crate::{Batch, Color, Frames, Look, Most, capped, headline, severity_name};

/// Stands around the number of a file in the frame; cleaned text never holds it.
const MARK: char = '\u{1}';

/// Stands for the text of a label that says nothing; the library draws no underline without a text, and
/// the arrow that leads to this one is left out afterwards.
const SILENT: &str = "\u{2}";

/// Renders diagnostics for people, at most 50, each with the source lines of all its labels, in order
/// and with an empty line behind each.
pub fn full(batches: &[Batch<'_>], look: Look) -> String {
    full_up_to(batches, look, Most::USUAL)
}

/// Renders diagnostics as [`full`] does, but not more than `most`.
pub fn full_up_to(batches: &[Batch<'_>], look: Look, most: Most) -> String {
    capped(batches, most, |sources, diagnostic| {
        one(sources, diagnostic, look)
    })
}

fn one(sources: &SourceMap, diagnostic: &Diagnostic, look: Look) -> String {
    let mut out = title(diagnostic, look.color);
    let framed = frame(sources, diagnostic, look).unwrap_or_default();
    if framed.is_empty() {
        // Without a place there is nothing to draw.
        for (word, text) in diagnostic
            .help
            .iter()
            .map(|text| ("Help", text))
            .chain(diagnostic.notes.iter().map(|text| ("Note", text)))
        {
            out.push_str(&format!("  {word}: {}\n", clean(text)));
        }
    }
    let mut lines: Vec<&str> = framed.lines().filter(|line| !line.contains(SILENT)).collect();
    tighten(&mut lines, MOST_SHOWN.saturating_sub(out.lines().count()));
    for line in lines {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
    out
}

/// More lines than this are too many for one look: the empty ones of the frame are left out then.
const MOST_SHOWN: usize = 12;

/// Leaves out empty lines of the frame, from the top, until no more than `most` lines are left or none is
/// empty. The one above the help goes before those that stand for lines of the source.
fn tighten(lines: &mut Vec<&str>, most: usize) {
    let is_under_head = |_: &[&str], at: usize| at == 1;
    let is_over_words = |lines: &[&str], at: usize| lines.get(at + 1).is_some_and(|next| is_words(next));
    let is_any = |_: &[&str], _: usize| true;
    let rules: [fn(&[&str], usize) -> bool; 3] = [is_under_head, is_over_words, is_any];
    for may_go in rules {
        while lines.len() > most
            && let Some(at) = (0..lines.len()).find(|at| is_empty(lines, *at) && may_go(lines, *at))
        {
            lines.remove(at);
        }
    }
}

/// Whether a line holds nothing but the upright of the frame.
fn is_empty(lines: &[&str], at: usize) -> bool {
    lines.get(at).is_some_and(|line| {
        let text = uncolored(line);
        text.trim().chars().all(|letter| matches!(letter, '│' | '|'))
    })
}

/// Whether a line begins the words below the source.
fn is_words(line: &str) -> bool {
    let text = uncolored(line);
    let words = text.trim_start_matches([' ', '│', '|']);
    words.starts_with("Help") || words.starts_with("Note")
}

/// A line without its colours.
fn uncolored(line: &str) -> String {
    let mut pieces = line.split('\x1b');
    let first = pieces.next().unwrap_or("").to_string();
    pieces.fold(first, |text, piece| {
        text + piece.split_once('m').map_or("", |(_, behind)| behind)
    })
}

/// `error[E0203]: message`
fn title(diagnostic: &Diagnostic, color: Color) -> String {
    let severity = diagnostic.severity();
    let word = format!("{}[{}]", severity_name(severity), diagnostic.code.id);
    let message = headline(diagnostic);
    match (color, severity) {
        (Color::Plain, Severity::Error | Severity::Warning) => format!("{word}: {message}\n"),
        (Color::Ansi, Severity::Error) => format!("\x1b[1;31m{word}\x1b[0m\x1b[1m: {message}\x1b[0m\n"),
        (Color::Ansi, Severity::Warning) => format!("\x1b[1;33m{word}\x1b[0m\x1b[1m: {message}\x1b[0m\n"),
    }
}

/// The labels of one file.
struct Part<'a> {
    id: FileId,
    file: &'a SourceFile,
    labels: Vec<(Span, &'a str, bool)>,
}

/// Sorts the labels by file, the primary one's first, and within a file by the line they end on, which
/// is what keeps each file in one piece of the drawing.
fn parts<'a>(sources: &'a SourceMap, diagnostic: &'a Diagnostic) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for (i, label) in diagnostic.labels.iter().enumerate() {
        let Some(file) = sources.get(label.span.file) else {
            continue;
        };
        let entry = (label.span, label.text.as_str(), i == 0);
        match parts.iter_mut().find(|part| part.id == label.span.file) {
            Some(part) => part.labels.push(entry),
            None => parts.push(Part {
                id: label.span.file,
                file,
                labels: vec![entry],
            }),
        }
    }
    parts
}

/// Draws everything below the title; empty where there is no place.
fn frame(sources_map: &SourceMap, diagnostic: &Diagnostic, look: Look) -> io::Result<String> {
    let parts = parts(sources_map, diagnostic);
    if parts.is_empty() {
        return Ok(String::new());
    }
    let config = Config::new()
        .with_color(look.color == Color::Ansi)
        .with_index_type(IndexType::Char)
        .with_char_set(match look.frames {
            Frames::Unicode => CharSet::Unicode,
            Frames::Ascii => CharSet::Ascii,
        });

    let mut texts = Vec::new();
    let mut labels = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let name = format!("{MARK}{number}{MARK}");
        let spans: Vec<Span> = part.labels.iter().map(|(span, ..)| *span).collect();
        let view = View::new(part.file, &spans, look.frames);
        let source = Source::from(view.text.as_str());
        for (place, (_, text, is_primary)) in view.places.iter().zip(&part.labels) {
            let line_of = |at| source.get_offset_line(at).map_or(0, |(_, line, _)| line);
            let (first_line, last_line) = (line_of(place.start), line_of(place.end - 1));
            let label = Label::new((name.clone(), place.clone()))
                .with_message(label_text(text, first_line == last_line))
                .with_color(color_of(diagnostic.severity(), *is_primary))
                .with_priority(i32::from(*is_primary));
            labels.push((number, last_line, label));
        }
        texts.push((name, view.text));
    }
    labels.sort_by_key(|(number, line, _)| (*number, *line));

    let mut report = Report::build(ReportKind::Error, (format!("{MARK}0{MARK}"), 0..0)).with_config(config);
    for (_, _, label) in labels {
        report.add_label(label);
    }
    for help in helps(sources_map, diagnostic) {
        report.add_help(help);
    }
    for note in &diagnostic.notes {
        report.add_note(clean_lines(note));
    }
    let mut drawn = Vec::new();
    report.finish().write(sources(texts), &mut drawn)?;
    let drawn = String::from_utf8_lossy(&drawn);
    // The first line is the library's title.
    let body = drawn.split_once('\n').map_or("", |(_, body)| body);
    Ok(merged_colors(&with_places(body, &parts)))
}

/// The library paints each character for itself; neighbours of one colour become one piece.
fn merged_colors(text: &str) -> String {
    const END: &str = "\x1b[0m";
    let mut out = String::with_capacity(text.len());
    let mut color = "";
    let mut rest = text;
    while let Some(at) = rest.find(END) {
        let (piece, behind) = rest.split_at(at);
        out.push_str(piece);
        if let Some(start) = piece.rfind("\x1b[") {
            color = piece
                .get(start..)
                .and_then(|code| code.split_inclusive('m').next())
                .unwrap_or("");
        }
        rest = behind.strip_prefix(END).unwrap_or(behind);
        match rest.strip_prefix(color) {
            Some(same) if !color.is_empty() => rest = same,
            Some(_) | None => out.push_str(END),
        }
    }
    out + rest
}

/// The corner of a label over several lines is needed also where it leads to no text.
fn label_text(text: &str, is_on_one_line: bool) -> Cow<'_, str> {
    if text.is_empty() && is_on_one_line {
        Cow::Borrowed(SILENT)
    } else {
        clean(text)
    }
}

fn color_of(severity: Severity, is_primary: bool) -> ariadne::Color {
    match (severity, is_primary) {
        (Severity::Error, true) => ariadne::Color::Red,
        (Severity::Warning, true) => ariadne::Color::Yellow,
        (Severity::Error | Severity::Warning, false) => ariadne::Color::Cyan,
    }
}

/// Replaces `MARK number MARK :line:column` by the path and the place of the file's first label.
fn with_places(body: &str, parts: &[Part<'_>]) -> String {
    let mut pieces = body.split(MARK);
    let mut out = pieces.next().unwrap_or("").to_string();
    while let (Some(number), Some(rest)) = (pieces.next(), pieces.next()) {
        let part = number.parse().ok().and_then(|number: usize| parts.get(number));
        if let Some((part, (span, ..))) = part.and_then(|part| Some((part, part.labels.first()?))) {
            let at = part.file.position(span.start);
            let path = clean(part.file.path());
            out.push_str(&format!("{path}:{}:{}", at.line, at.column));
        }
        out.push_str(rest.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
    }
    out
}

/// What to do: the help, then the fixes. Where one fix stands behind the help, it only adds what the
/// lines will look like.
fn helps(sources: &SourceMap, diagnostic: &Diagnostic) -> Vec<String> {
    let mut helps: Vec<String> = diagnostic.help.iter().map(|text| clean_lines(text)).collect();
    let preview = |fix: &Fix| fixed_lines(sources, fix).unwrap_or_default();
    match (helps.as_mut_slice(), diagnostic.fixes.as_slice()) {
        ([help, ..], [fix]) => help.push_str(&preview(fix)),
        (_, fixes) => {
            for fix in fixes {
                let text = format!("{}{}", clean_lines(&fix.title), preview(fix));
                helps.push(text);
            }
        }
    }
    helps
}

/// Most lines of a preview, and most characters of each.
const MOST_LINES: usize = 8;
const MOST_CHARACTERS: usize = 100;

/// Returns the lines that a fix changes as they will be, each indented on a new line; nothing where they
/// are too many or cannot be told.
fn fixed_lines(sources: &SourceMap, fix: &Fix) -> Option<String> {
    let file_id = fix.edits.first()?.span.file;
    if fix.edits.iter().any(|edit| edit.span.file != file_id) {
        return None;
    }
    let text: &str = sources.get(file_id)?.text();
    let mut edits: Vec<_> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| edit.span.start);
    let (first, last) = (
        edits.first()?.span.start as usize,
        edits.last()?.span.end as usize,
    );
    let start = text.get(..first)?.rfind('\n').map_or(0, |at| at + 1);
    let end = last + text.get(last..)?.find('\n').unwrap_or(text.len() - last);

    let mut fixed = String::new();
    let mut at = start;
    for edit in edits {
        fixed.push_str(text.get(at..edit.span.start as usize)?);
        fixed.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    fixed.push_str(text.get(at..end)?);

    let lines: Vec<&str> = fixed.lines().filter(|line| !line.trim().is_empty()).collect();
    let is_short = |line: &&str| line.chars().count() <= MOST_CHARACTERS;
    if lines.is_empty() || lines.len() > MOST_LINES || !lines.iter().all(is_short) {
        return None;
    }
    let indent_of = |line: &&str| line.len() - line.trim_start().len();
    let indent = lines.iter().map(indent_of).min()?;
    let indented = |line: &&str| format!("\n    {}", clean(line.get(indent..).unwrap_or(line).trim_end()));
    Some(lines.iter().map(indented).collect())
}

/// Cleans each line; the breaks between lines stay.
fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}
