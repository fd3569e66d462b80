//! `shell_syntax`: bash cannot read a command.

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{MustacheKind, TextPart};
use aur_shell::{Fault, Mark, Piece, Place, Reader, Reading, When};

use crate::eval::Compiler;
use crate::program::Program;
use crate::value::TextRef;

/// Reads a text as a command; its parts are the pieces.
pub(super) fn read(reader: &mut Reader, program: &Program, text: TextRef<'_>) -> Reading {
    let mut names: Vec<&str> = Vec::new();
    let pieces: Vec<Piece<'_>> = text
        .text
        .parts
        .iter()
        .map(|part| match part {
            TextPart::Literal { text, .. } => Piece::Text(text),
            TextPart::Mustache(mustache) => match mustache.kind {
                MustacheKind::Value => {
                    let name = program.sources.text(text.base.span(mustache.range));
                    let number = names.iter().position(|own| *own == name).unwrap_or_else(|| {
                        names.push(name);
                        names.len() - 1
                    });
                    Piece::Hole(number as u32)
                }
                MustacheKind::Section => Piece::Open(When::Holds),
                MustacheKind::Inverted => Piece::Open(When::Fails),
                MustacheKind::End => Piece::Close,
            },
        })
        .collect();
    reader.read(&pieces)
}

/// Finds the places of a text in its file.
pub(super) struct Written<'p> {
    text: TextRef<'p>,
    /// The source of the whole text.
    source: &'p str,
    places: Vec<aur_grammar::Places>,
}

impl<'p> Written<'p> {
    pub(super) fn new(program: &'p Program, text: TextRef<'p>) -> Self {
        let source = program.sources.text(text.base.span(text.text.range));
        Self {
            text,
            source,
            places: aur_grammar::places(source),
        }
    }

    /// The first byte that stands for a place, from the start of the text, and the first one behind it.
    fn bytes(&self, place: Place) -> Option<(u32, u32)> {
        let start = self.text.text.range.start;
        match self.text.text.parts.get(place.piece)? {
            TextPart::Mustache(mustache) => Some((mustache.range.start - start, mustache.range.end - start)),
            TextPart::Literal { .. } => {
                let before = self.text.text.parts.get(..place.piece)?;
                let number = before
                    .iter()
                    .filter(|part| matches!(part, TextPart::Literal { .. }))
                    .count();
                let at = self.places.get(number)?.written(place.offset as u32);
                let mut letters = self.source.get(at as usize..)?.chars();
                let first = letters.next()?;
                let length = match (first, letters.next()) {
                    // An escape; in a raw text the byte behind a backslash is marked too.
                    ('\\', Some(second)) => 1 + second.len_utf8(),
                    _ => first.len_utf8(),
                };
                Some((at, at + length as u32))
            }
        }
    }

    /// The span of a mark; the whole text where it cannot be found.
    pub(super) fn span(&self, mark: Mark) -> Span {
        let whole = self.text.base.span(self.text.text.range);
        match (self.bytes(mark.start), self.bytes(mark.last)) {
            (Some((start, _)), Some((_, end))) if start < end => {
                Span::new(whole.file, whole.start + start, whole.start + end)
            }
            _ => whole,
        }
    }
}

impl<'p> Compiler<'p> {
    pub(super) fn report_shell_syntax(&mut self, text: TextRef<'p>, fault: &Fault) {
        let written = Written::new(self.program, text);
        let mut warning = Diagnostic::new(
            &codes::shell_syntax,
            written.span(fault.mark),
            format!("bash cannot read this command: {}", fault.message),
        )
        .label(fault.label.clone())
        .help_if(fault.help.clone());
        if let Some((mark, text)) = &fault.opener {
            warning = warning.also(written.span(*mark), text.clone());
        }
        self.sink.push(warning);
    }
}
