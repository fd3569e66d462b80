//! Reading takes time linear in the length of the text, whatever the text: a parser of this kind may read
//! what is nested once more for each level, and the grammar is written so that it never does.
//!
//! Calls of rules are counted, not time. pest keeps its limit for the whole process, so this is the one test
//! of its program.

use std::num::NonZeroUsize;

use pest::Parser as _;
use pest::error::ErrorVariant;

#[allow(missing_docs, reason = "written by pest")]
mod generated {
    #[derive(pest_derive::Parser)]
    #[grammar = "aur.pest"]
    pub(super) struct AurParser;
}

use generated::{AurParser, Rule};

/// Calls a byte that are enough for the costliest text; twice as many for each level would be 2^32.
const CALLS: usize = 100;

/// Whether reading a text stays within the calls for its length.
fn is_linear(text: &str) -> bool {
    pest::set_call_limit(NonZeroUsize::new(CALLS * text.len()));
    let read = AurParser::parse(Rule::one_item, text);
    read.is_ok() || read.is_err_and(|error| matches!(error.variant, ErrorVariant::ParsingError { .. }))
}

#[test]
fn calls_grow_with_the_length() {
    let openings = [
        "[",
        "(",
        "{",
        "[a, ",
        "[[a], ",
        "f(",
        "f(k = ",
        "f(a, k = ",
        "p { k = ",
        "p { a.b[\"x\"].k = ",
        "p {",
        "{k: ",
        "{\"k\": ",
        "[a if ",
        "[a if b else ",
        "[a for x in ",
        "[a for x in b if ",
        "[a - ",
        "a - [",
        "[a -> ",
        "[not ",
        "not [",
        "[-",
        "[a .. ",
        "[..",
        "a[",
        "a.b[",
        "a.b(",
        "[a if b else c if ",
        "p { k = a if ",
        "p { k = a - [",
        "(a in [",
        "[\"x\" + ",
        "p { k[\"x\"].y = [",
        "p { if = ",
        "a (",
        "a [",
        "a {",
        "a { } [",
        "[n",
        "[r",
        "[not n(",
        "{a: b, c: ",
        "p { /// x\n k = ",
        "[a and [",
        "p {}.b(",
    ];
    for opening in openings {
        for end in [
            "",
            "1",
            "]",
            "$",
            "1 1",
            "= 1",
            ": 1",
            "for",
            "\"x\" \"y\"",
            "not",
            "if",
            "..",
            "-",
        ] {
            for close in ["", "]", ")", "}", " }]"] {
                let text = format!("a = {}{end}{}", opening.repeat(32), close.repeat(32));
                assert!(is_linear(&text), "{text}");
            }
        }
    }
}
