//! Paths of other files, and what becomes of them where files move.

use aur_grammar::tree::{Expr, ExprKind, ItemKind, Range, Text, TextPart};

use super::Document;
use super::walk::{Go, Node, walk};
use crate::program::join;

/// A path that is written in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// First byte of the path, within its quotes.
    pub start: u32,
    /// First byte behind it.
    pub end: u32,
    /// The file it leads to, below the project root; it may not be there.
    pub target: String,
    /// How the file is read.
    pub kind: LinkKind,
}

/// How a file is read by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// `include`
    Include,
    /// `file(..)`
    Content,
    /// `file_hash(..)`
    Hash,
}

/// A replacement of a range of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// First byte that goes.
    pub start: u32,
    /// First byte that stays.
    pub end: u32,
    /// What comes.
    pub text: String,
}

/// Lists the paths in a file, in order. A path that leaves the project leads nowhere and is left out.
pub fn links(document: &Document) -> Vec<Link> {
    let lead = |written: &Written<'_>| {
        let target = join(document.path(), written.path)?;
        let (start, end) = written.inner;
        (!target.is_empty()).then_some(Link {
            start,
            end,
            target,
            kind: written.kind,
        })
    };
    written(document).iter().filter_map(lead).collect()
}

/// Makes the edits that keep the paths of a file right when files or folders move.
///
/// Each move is a path below the project root and the path it gets. The file itself may move, too; the edits
/// are those of its present text.
pub fn renamed_links(document: &Document, moves: &[(&str, &str)]) -> Vec<TextEdit> {
    let place = moved(document.path(), moves);
    let edit = |written: &Written<'_>| {
        let target = moved(&join(document.path(), written.path)?, moves);
        if join(&place, written.path).as_ref() == Some(&target) {
            return None;
        }
        let mut path = relative(&place, &target);
        if written.path.starts_with("./") && !path.starts_with("../") {
            path.insert_str(0, "./");
        }
        let is_plain = |letter: char| !matches!(letter, '"' | '\'' | '\\' | '{') && !letter.is_control();
        let is_whole = written.is_verbatim && path.chars().all(is_plain);
        let ((start, end), text) = if is_whole {
            (written.inner, path)
        } else {
            (written.outer, quoted(&path))
        };
        Some(TextEdit { start, end, text })
    };
    written(document).iter().filter_map(edit).collect()
}

/// A path as it is written.
struct Written<'t> {
    path: &'t str,
    /// With its quotes.
    outer: (u32, u32),
    /// Without them.
    inner: (u32, u32),
    /// Whether it is written without escapes, in one piece.
    is_verbatim: bool,
    kind: LinkKind,
}

fn written(document: &Document) -> Vec<Written<'_>> {
    let mut found = Vec::new();
    for item in &document.tree().items {
        let mut add = |text, kind| found.extend(path_of(document.text(), item.offset, text, kind));
        if let ItemKind::Include { path, .. } = &item.node.kind {
            add(path, LinkKind::Include);
        }
        walk(&item.node, |node| {
            if let Node::Expr(expr) = node
                && let Some((text, kind)) = read_file(expr)
            {
                add(text, kind);
            }
            Go::Inside
        });
    }
    found
}

/// The path and kind of `file(..)` and `file_hash(..)`.
fn read_file(expr: &Expr) -> Option<(&Text, LinkKind)> {
    let ExprKind::Call { callee, args } = &expr.kind else {
        return None;
    };
    let ExprKind::Name(name) = &callee.kind else {
        return None;
    };
    let kind = match name.as_str() {
        "file" => LinkKind::Content,
        "file_hash" => LinkKind::Hash,
        _ => return None,
    };
    match args.as_slice() {
        [only] if only.name.is_none() => match &only.value.kind {
            ExprKind::Text(text) => Some((text, kind)),
            _ => None,
        },
        _ => None,
    }
}

fn path_of<'t>(file: &str, base: u32, text: &'t Text, kind: LinkKind) -> Option<Written<'t>> {
    let [
        TextPart::Literal {
            text: path,
            range: inner,
        },
    ] = text.parts.as_slice()
    else {
        return None;
    };
    let place = |range: Range| (base + range.start, base + range.end);
    let (start, end) = place(*inner);
    let as_written = file.get(start as usize..end as usize)?;
    let outer = place(text.range);
    file.get(outer.0 as usize..outer.1 as usize)?;
    Some(Written {
        path,
        outer,
        inner: (start, end),
        is_verbatim: as_written == &**path,
        kind,
    })
}

/// Where a path is after some moves; a folder takes along what is in it, and the nearest one counts.
fn moved(path: &str, moves: &[(&str, &str)]) -> String {
    let rest_below = |from: &str| {
        let rest = path.strip_prefix(from.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    moves
        .iter()
        .filter_map(|(from, to)| Some((from.len(), to, rest_below(from)?)))
        .max_by_key(|(length, _, _)| *length)
        .map_or_else(
            || path.to_string(),
            |(_, to, rest)| format!("{}{rest}", to.trim_end_matches('/')),
        )
}

/// The way from a file to another.
fn relative(from: &str, to: &str) -> String {
    let folders: Vec<&str> = from.split('/').collect();
    let folders = folders.get(..folders.len() - 1).unwrap_or(&[]);
    let target: Vec<&str> = to.split('/').collect();
    let names = target.len().saturating_sub(1);
    let pairs = folders.iter().zip(target.iter().take(names));
    let shared = pairs.take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", folders.len() - shared);
    let down = target.iter().skip(shared).copied();
    up.chain(down).collect::<Vec<&str>>().join("/")
}

/// A path as a text of the language.
fn quoted(path: &str) -> String {
    let mut out = String::from("\"");
    for letter in path.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '{' => out.push_str("\\u{7b}"),
            letter if letter.is_control() => out.push_str(&format!("\\u{{{:x}}}", letter as u32)),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// The files that a file includes, below the project root, in order; they may not be there.
pub fn includes(document: &Document) -> Vec<String> {
    let paths = document
        .tree()
        .items
        .iter()
        .filter_map(|item| match &item.node.kind {
            ItemKind::Include { path, .. } => match path.parts.as_slice() {
                [TextPart::Literal { text, .. }] => join(document.path(), text),
                _ => None,
            },
            _ => None,
        });
    paths.collect()
}
