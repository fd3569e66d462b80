//! The pest parser, and its pairs as a flat list.
//!
//! pest's own iterators count references at every step. Here the pairs of one entry become one vector in
//! source order, where each node knows where its subtree ends; the tree builder walks it with an index.

use std::num::NonZeroUsize;

use pest::error::{ErrorVariant, InputLocation};
use pest::{Parser, Token};

/// Calls of rules after which pest gives up. Time is linear in the length (tests/linear.rs), at most some
/// ten calls a byte, so only a text far beyond the limit of 64 MiB comes near it.
const CALLS: NonZeroUsize = NonZeroUsize::new(1 << 31).unwrap();

/// Pairs within each other that most items stay below.
const USUAL_DEPTH: usize = 32;

mod generated {
    #![allow(missing_docs, unreachable_pub, reason = "written by pest")]

    #[derive(pest_derive::Parser)]
    #[grammar = "aur.pest"]
    pub(crate) struct AurParser;
}

pub(crate) use generated::Rule;

/// A pair of pest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    /// The rule.
    pub(crate) rule: Rule,
    /// First byte.
    pub(crate) start: u32,
    /// First byte behind it.
    pub(crate) end: u32,
    /// Index of the first node behind its subtree.
    pub(crate) next: u32,
}

/// Why a text does not follow the grammar.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nothing of what is expected stands at this byte.
    At(u32, Vec<Rule>),
    /// pest met a limit of its own.
    Limit,
}

/// Reads `text` by `entry` and replaces the content of `nodes` by what was found, without comments.
pub(crate) fn read(entry: Rule, text: &str, nodes: &mut Vec<Node>) -> Result<(), Refusal> {
    nodes.clear();
    pest::set_call_limit(Some(CALLS));
    let pairs = generated::AurParser::parse(entry, text).map_err(|error| {
        let at = match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at as u32,
        };
        match error.variant {
            ErrorVariant::ParsingError { positives, .. } => Refusal::At(at, positives),
            ErrorVariant::CustomError { .. } => Refusal::Limit,
        }
    })?;
    let mut open: Vec<usize> = Vec::with_capacity(USUAL_DEPTH);
    for token in pairs.tokens() {
        match token {
            Token::Start { rule, .. } | Token::End { rule, .. }
                if matches!(rule, Rule::line_rest | Rule::EOI) => {}
            Token::Start { rule, pos } => {
                open.push(nodes.len());
                let start = pos.pos() as u32;
                nodes.push(Node {
                    rule,
                    start,
                    end: start,
                    next: 0,
                });
            }
            Token::End { pos, .. } => {
                let next = nodes.len() as u32;
                if let Some(node) = open.pop().and_then(|index| nodes.get_mut(index)) {
                    node.end = pos.pos() as u32;
                    node.next = next;
                }
            }
        }
    }
    Ok(())
}

/// Walks the children of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'n> {
    nodes: &'n [Node],
    at: usize,
    end: usize,
}

impl<'n> Cursor<'n> {
    /// Starts before the first node.
    pub(crate) fn new(nodes: &'n [Node]) -> Self {
        Self {
            nodes,
            at: 0,
            end: nodes.len(),
        }
    }

    /// Returns the next sibling without stepping over it.
    pub(crate) fn peek(&self) -> Option<Node> {
        if self.at < self.end {
            self.nodes.get(self.at).copied()
        } else {
            None
        }
    }

    /// Returns the rule of the next sibling.
    pub(crate) fn rule(&self) -> Option<Rule> {
        self.peek().map(|node| node.rule)
    }

    /// Returns the index behind the last sibling.
    pub(crate) fn end_index(&self) -> usize {
        self.end
    }

    /// Steps over the next sibling and returns it with its children.
    pub(crate) fn step(&mut self) -> Option<(Node, Cursor<'n>)> {
        let node = self.peek()?;
        let children = Cursor {
            nodes: self.nodes,
            at: self.at + 1,
            end: node.next as usize,
        };
        self.at = node.next as usize;
        Some((node, children))
    }

    /// Steps over the next sibling if it is of `rule`.
    pub(crate) fn take(&mut self, rule: Rule) -> Option<(Node, Cursor<'n>)> {
        if self.rule() == Some(rule) {
            self.step()
        } else {
            None
        }
    }
}
