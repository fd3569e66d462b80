//! The part of a file that a diagnostic shows, made safe and short.
//!
//! The drawing library gets a text of our own with the same line numbers: lines without a label are
//! empty, tabs are spaces, unsafe characters are escaped, and long lines are cut around their labels.
//! Places are counted in characters of that text; so nothing depends on how the library counts bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use aur_diagnostics::{Position, SourceFile, Span};

use crate::Frames;
use crate::clean::{is_unsafe, push_clean};

/// Lines of more characters are cut.
const LONG_LINE: usize = 160;
/// Characters that stay on each side of the ends of a label.
const AROUND: usize = 48;
const TAB_WIDTH: usize = 4;

/// A text with the lines of some labels, and where the labels stand in it.
#[derive(Debug)]
pub(crate) struct View {
    /// The text.
    pub(crate) text: String,
    /// For each span that was asked for, its characters in the text; never empty.
    pub(crate) places: Vec<Range<usize>>,
}

/// A place in a line of the file: line from 1, column from 0 in characters.
#[derive(Clone, Copy)]
struct Point {
    line: u32,
    column: usize,
}

impl View {
    /// Shows the lines of `file` at the ends of `spans`.
    pub(crate) fn new(file: &SourceFile, spans: &[Span], frames: Frames) -> Self {
        let ends: Vec<(Point, Point)> = spans.iter().map(|span| ends_of(file, *span)).collect();
        let mut shown: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for point in ends.iter().flat_map(|(start, end)| [start, end]) {
            shown.entry(point.line).or_default().push(point.column);
        }

        let mut text = String::new();
        let mut characters = 0;
        let mut drawn = BTreeMap::new();
        let mut next_line = 1;
        for (number, columns) in shown {
            let skipped = (number - next_line) as usize;
            text.extend(std::iter::repeat_n('\n', skipped));
            characters += skipped;
            let line = Line::new(file.line(number).unwrap_or(""), &columns, frames);
            text.push_str(&line.text);
            // The blank gives an empty last line a place for a mark.
            text.push_str(" \n");
            let start = characters;
            characters += line.width + 2;
            next_line = number + 1;
            drawn.insert(number, (start, line));
        }

        let place = |point: Point| {
            drawn
                .get(&point.line)
                .map_or(0, |(start, line)| start + line.column(point.column))
        };
        let places = ends
            .into_iter()
            .map(|(start, end)| {
                let start = place(start);
                start..place(end).max(start + 1)
            })
            .collect();
        Self { text, places }
    }
}

/// The two ends of a span. A span that ends with a line break ends on the line it breaks.
fn ends_of(file: &SourceFile, span: Span) -> (Point, Point) {
    let point = |at: Position| Point {
        line: at.line,
        column: at.column as usize - 1,
    };
    let start = file.position(span.start);
    let end = file.position(span.end.max(span.start));
    let end = if end.column == 1 && end.line > start.line {
        file.position(span.end.saturating_sub(1))
    } else {
        end
    };
    (point(start), point(end))
}

/// One line as it is drawn.
struct Line {
    text: String,
    /// Characters of the text.
    width: usize,
    /// Column in the file and column in the text, of each character that is drawn, and of the end.
    columns: Vec<(usize, usize)>,
}

impl Line {
    fn new(source: &str, labels: &[usize], frames: Frames) -> Self {
        let length = source.chars().count();
        let mut line = Self {
            text: String::new(),
            width: 0,
            columns: Vec::new(),
        };
        let mut windows = windows(length, labels).into_iter();
        let mut window = windows.next().unwrap_or(0..0);
        if window.start > 0 {
            line.push_str(dots(frames));
        }
        for (column, c) in source.chars().enumerate() {
            if column >= window.end {
                line.columns.push((window.end, line.width));
                line.push_str(dots(frames));
                match windows.next() {
                    Some(next) => window = next,
                    None => return line,
                }
            }
            if column >= window.start {
                line.push(column, c);
            }
        }
        line.columns.push((window.end, line.width));
        line
    }

    fn push(&mut self, column: usize, c: char) {
        self.columns.push((column, self.width));
        match c {
            '\t' => self.push_str(&" ".repeat(TAB_WIDTH - self.width % TAB_WIDTH)),
            c if is_unsafe(c) => {
                let mut escaped = String::new();
                push_clean(&mut escaped, c);
                self.push_str(&escaped);
            }
            c => {
                self.text.push(c);
                self.width += 1;
            }
        }
    }

    fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
        self.width += text.chars().count();
    }

    /// Returns the drawn column of a column in the file; a column that is not drawn moves back.
    fn column(&self, column: usize) -> usize {
        let behind = self.columns.partition_point(|(source, _)| *source <= column);
        behind
            .checked_sub(1)
            .and_then(|at| self.columns.get(at))
            .map_or(0, |(_, drawn)| *drawn)
    }
}

fn dots(frames: Frames) -> &'static str {
    match frames {
        Frames::Unicode => "…",
        Frames::Ascii => "...",
    }
}

/// The parts of a line that are drawn, in order: all of it, or what is around the labels.
fn windows(length: usize, labels: &[usize]) -> Vec<Range<usize>> {
    if length <= LONG_LINE {
        return std::iter::once(0..length).collect();
    }
    let mut around: Vec<Range<usize>> = labels
        .iter()
        .map(|column| {
            let column = (*column).min(length);
            column.saturating_sub(AROUND)..(column + AROUND).min(length)
        })
        .collect();
    around.sort_by_key(|window| window.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for window in around {
        match merged.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            Some(_) | None => merged.push(window),
        }
    }
    merged
}
