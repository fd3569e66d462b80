//! The one place that knows the bash parser we depend on.

use brush_parser::{ParseError, Parser, ParserOptions};

/// Decides whether a program of plain words is bash.
pub(crate) trait Grammar {
    /// Judges a program of ASCII characters.
    fn judge(&self, program: &str) -> Result<(), Stop>;
}

/// Where a program cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The byte that the offending word starts at.
    At(usize),
    /// The program ends too early.
    End,
}

/// Bytes of stack that reading one program may take: the parser goes down for each level of nesting.
const STACK: usize = 16 << 20;

/// The parser of the brush shell.
pub(crate) struct Brush {
    options: ParserOptions,
}

impl Default for Brush {
    fn default() -> Self {
        // A command starts without extended globs; the scanner hides them where they are switched on.
        let options = ParserOptions {
            enable_extended_globbing: false,
            ..ParserOptions::default()
        };
        Self { options }
    }
}

impl Grammar for Brush {
    fn judge(&self, program: &str) -> Result<(), Stop> {
        let parse = || {
            let mut parser = Parser::new(program.as_bytes(), &self.options);
            parser.parse_program().map(|_| ())
        };
        // The parser counts characters, which are bytes here.
        stacker::maybe_grow(STACK / 2, STACK, parse).map_err(|error| match error {
            ParseError::ParsingNear(position) => Stop::At(position.index),
            ParseError::ParsingAtEndOfInput | ParseError::Tokenizing { .. } => Stop::End,
        })
    }
}
