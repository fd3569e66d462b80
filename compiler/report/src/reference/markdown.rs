//! The reference as Markdown.

use std::ops::Range;

use aur_compiler::{FieldDoc, FileDoc, ItemDoc, ItemDocKind};
use pulldown_cmark::{Event, Parser, Tag};

use super::{Anchors, anchor, deprecation, is_safe, sections, title};

/// Writes the reference of a program: its files in order, each with inputs, types and values.
///
/// Anchors are written as HTML; there is no other HTML, also where a doc comment holds some.
pub fn markdown(files: &[FileDoc]) -> String {
    let anchors = Anchors::new(files);
    let mut out = String::new();
    for file in files {
        if !out.is_empty() {
            out.push('\n');
        }
        let heading = escape(title(&file.path));
        out.push_str(&format!("# <a id=\"{}\"></a>{heading}\n", anchor(&file.path, "")));
        includes(file, files, &mut out);
        for (name, items) in sections(file) {
            out.push_str(&format!("\n## {name}\n"));
            for item in items {
                write_item(item, file, &anchors, &mut out);
            }
        }
    }
    out
}

fn includes(file: &FileDoc, files: &[FileDoc], out: &mut String) {
    for (index, (path, alias)) in file.includes.iter().enumerate() {
        let name = match files.iter().any(|other| other.path == *path) {
            true => format!("[{}](#{})", escape(path), anchor(path, "")),
            false => escape(path),
        };
        let alias = alias
            .as_ref()
            .map_or(String::new(), |alias| format!(" as `{alias}`"));
        let gap = if index == 0 { "\n" } else { "" };
        out.push_str(&format!("{gap}- includes {name}{alias}\n"));
    }
}

fn write_item(item: &ItemDoc, file: &FileDoc, anchors: &Anchors<'_>, out: &mut String) {
    let id = anchor(&file.path, &item.name);
    out.push_str(&format!("\n### <a id=\"{id}\"></a>{}\n", escape(&item.name)));
    let line = match &item.kind {
        ItemDocKind::Struct { .. } => None,
        ItemDocKind::Enum(members) if members.iter().any(|(_, doc)| doc.is_some()) => {
            let lines = members.iter().map(|(member, doc)| {
                let doc = doc.as_ref().map_or(String::new(), |doc| without_html(doc));
                let doc = doc.lines().map(str::trim).collect::<Vec<_>>().join(" ");
                let gap = if doc.is_empty() { "" } else { ": " };
                format!("\n- `{member}`{gap}{doc}")
            });
            Some(format!("One of\n{}", lines.collect::<String>()))
        }
        ItemDocKind::Enum(members) => {
            let members: Vec<String> = members.iter().map(|(member, _)| format!("`{member}`")).collect();
            Some(format!("One of {}.", members.join(", ")))
        }
        ItemDocKind::Alias(type_text) => Some(typed(type_text, anchors)),
        ItemDocKind::Input { type_text, default } => {
            let default = default.as_ref().map_or(", required".to_string(), |default| {
                format!(", default {}", code(default))
            });
            Some(typed(type_text, anchors) + if type_text.ends_with('?') { "" } else { &default })
        }
        ItemDocKind::Value { type_text } => type_text.as_ref().map(|text| typed(text, anchors)),
    };
    let texts = [
        item.deprecated
            .as_ref()
            .map(|text| format!("**{}**", escape(&deprecation(text)))),
        item.doc.as_ref().map(|doc| without_html(doc)),
        line,
    ];
    for text in texts.into_iter().flatten() {
        out.push_str(&format!("\n{}\n", text.trim_end()));
    }
    if let ItemDocKind::Struct { fields, checks } = &item.kind {
        write_fields(fields, anchors, out);
        for (index, (rule, message)) in checks.iter().enumerate() {
            let message = message
                .as_ref()
                .map_or(String::new(), |text| format!(": {}", escape(text)));
            let gap = if index == 0 { "\n" } else { "" };
            out.push_str(&format!("{gap}- check {}{message}\n", code(rule)));
        }
    }
}

fn write_fields(fields: &[FieldDoc], anchors: &Anchors<'_>, out: &mut String) {
    if fields.is_empty() {
        return;
    }
    out.push_str("\n| field | type | default | |\n|---|---|---|---|\n");
    for field in fields {
        let default = match &field.default {
            Some(default) => code(default),
            None if field.is_required => "required".to_string(),
            None => String::new(),
        };
        let deprecated = field.deprecated.as_ref().map_or(String::new(), |text| {
            format!("**{}** ", escape(&deprecation(text)))
        });
        let doc = field.doc.as_ref().map_or(String::new(), |doc| without_html(doc));
        let cells = [
            code(&field.name),
            typed(&field.type_text, anchors),
            default,
            deprecated + &doc,
        ];
        let cells: Vec<String> = cells.iter().map(|cell| in_cell(cell)).collect();
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

/// A type with links to the types that it names.
fn typed(type_text: &str, anchors: &Anchors<'_>) -> String {
    let mut out = String::new();
    let mut plain = String::new();
    for (text, anchor) in anchors.pieces(type_text) {
        match anchor {
            None => plain.push_str(text),
            Some(anchor) => {
                if !plain.is_empty() {
                    out.push_str(&code(&std::mem::take(&mut plain)));
                }
                out.push_str(&format!("[`{text}`](#{anchor})"));
            }
        }
    }
    if !plain.is_empty() {
        out.push_str(&code(&plain));
    }
    out
}

/// Code in as many backquotes as it takes.
fn code(text: &str) -> String {
    let longest = text
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// In a cell of a table everything stands on one line, and a bar is escaped.
fn in_cell(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").trim().replace('|', "\\|")
}

/// Plain text in Markdown.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' | '\r' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// The Markdown of a doc comment in which HTML is text, and links lead to pages, mail and anchors only.
fn without_html(doc: &str) -> String {
    let is_unsafe = |event: &Event<'_>| match event {
        Event::Html(_) | Event::InlineHtml(_) => true,
        Event::Start(Tag::Link { dest_url, .. }) => !is_safe(dest_url),
        _ => false,
    };
    let mut ranges: Vec<Range<usize>> = Parser::new(doc)
        .into_offset_iter()
        .filter(|(event, _)| is_unsafe(event))
        .map(|(_, range)| range)
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut out = String::new();
    let mut at = 0;
    for range in ranges {
        let (Some(before), Some(html)) = (doc.get(at..range.start), doc.get(range.clone())) else {
            continue;
        };
        out.push_str(before);
        out.push_str(&html.replace('<', "&lt;").replace('[', "\\["));
        at = range.end;
    }
    out + doc.get(at..).unwrap_or("")
}
