//! Expressions: the flat list of operands and operators is bent by precedence.

use aur_diagnostics::{Applicability, codes};

use super::{Builder, is_literal};
use crate::pest::{Cursor, Node, Rule};
use crate::tree::{
    Arg, BinaryOp, Clause, Expr, ExprKind, Field, Ident, Key, Pair, Range, Step, SyntaxError, TextPart,
    UnaryOp,
};

/// How strongly operators bind; a larger number binds tighter.
mod power {
    pub(super) const OR: u8 = 1;
    pub(super) const AND: u8 = 2;
    pub(super) const NOT: u8 = 3;
    pub(super) const COMPARISON: u8 = 4;
    pub(super) const CHAIN: u8 = 5;
    pub(super) const RANGE: u8 = 6;
    pub(super) const SUM: u8 = 7;
    pub(super) const PRODUCT: u8 = 8;
    pub(super) const UNARY: u8 = 9;
}

/// An operator between operands.
#[derive(Clone, Copy)]
enum Infix {
    Binary(BinaryOp),
    Chain,
}

fn infix(sign: &str) -> Option<(Infix, u8)> {
    let binary = |op, power| Some((Infix::Binary(op), power));
    match sign {
        "or" => binary(BinaryOp::Or, power::OR),
        "and" => binary(BinaryOp::And, power::AND),
        "in" => binary(BinaryOp::In, power::COMPARISON),
        "==" => binary(BinaryOp::Equal, power::COMPARISON),
        "!=" => binary(BinaryOp::NotEqual, power::COMPARISON),
        "<" => binary(BinaryOp::Less, power::COMPARISON),
        "<=" => binary(BinaryOp::LessEqual, power::COMPARISON),
        ">" => binary(BinaryOp::Greater, power::COMPARISON),
        ">=" => binary(BinaryOp::GreaterEqual, power::COMPARISON),
        "->" => Some((Infix::Chain, power::CHAIN)),
        "+" => binary(BinaryOp::Add, power::SUM),
        "-" => binary(BinaryOp::Subtract, power::SUM),
        "*" => binary(BinaryOp::Multiply, power::PRODUCT),
        "/" => binary(BinaryOp::Divide, power::PRODUCT),
        "//" => binary(BinaryOp::FloorDivide, power::PRODUCT),
        "%" => binary(BinaryOp::Remainder, power::PRODUCT),
        _ => None,
    }
}

fn span(left: &Expr, right: &Expr) -> Range {
    Range::new(left.range.start, right.range.end.max(left.range.start))
}

impl Builder<'_> {
    /// Reads a value: what stands between separators.
    pub(super) fn value(&mut self, cursor: &mut Cursor<'_>) -> Expr {
        let Some((node, children)) = cursor.step() else {
            return self.nothing();
        };
        let value = match node.rule {
            Rule::binary => self.binary(children),
            Rule::plain_text => self.literals(&[node]),
            _ => self.leaf(node, children, false),
        };
        match cursor.take(Rule::conditional) {
            Some((node, children)) => self.conditional(value, node, children),
            None => value,
        }
    }

    fn nothing(&self) -> Expr {
        let range = Range::new(0, 0);
        Expr {
            range,
            kind: ExprKind::Missing,
        }
    }

    /// Says whether the level is still within bounds, and reports it where it is not.
    fn may_descend(&mut self, range: Range) -> bool {
        if self.level <= super::DEEPEST {
            return true;
        }
        if !self
            .errors
            .iter()
            .any(|error| error.code.id == codes::too_deep.id)
        {
            let message = "an expression is nested too deeply";
            let error = SyntaxError::new(&codes::too_deep, range, message, "deeper than 512 levels");
            self.error(error.help("give parts of it names of their own"));
        }
        false
    }

    /// `value if condition else other if condition else ..`, which nests to the right.
    fn conditional(&mut self, value: Expr, node: Node, mut cursor: Cursor<'_>) -> Expr {
        let mut values = vec![value];
        let mut conditions = Vec::new();
        let level = self.level;
        while let Some((step, children)) = cursor.step() {
            self.level += 1;
            if !self.may_descend(self.node_range(step)) {
                break;
            }
            let condition = self.binary(children);
            let otherwise = match cursor.step() {
                Some((_, children)) => self.binary(children),
                None => self.missing_else(node, condition.range),
            };
            conditions.push(condition);
            values.push(otherwise);
        }
        self.level = level;
        let mut folded = values.pop().unwrap_or_else(|| self.nothing());
        while let (Some(condition), Some(value)) = (conditions.pop(), values.pop()) {
            let range = span(&value, &folded);
            let (value, condition, otherwise) = (Box::new(value), Box::new(condition), Box::new(folded));
            folded = Expr {
                range,
                kind: ExprKind::If {
                    value,
                    condition,
                    otherwise,
                },
            };
        }
        folded
    }

    fn missing_else(&mut self, node: Node, condition: Range) -> Expr {
        let at = Range::new(condition.end, condition.end);
        let mut error = SyntaxError::new(
            &codes::syntax,
            at,
            "expected `else`",
            "expected `else` and a value",
        );
        let word = self.range(node.start.saturating_sub(2), node.start);
        error.also.push((word, "of this `if`".into()));
        self.error(error.help("both are needed: `value if condition else other`"));
        Expr {
            range: at,
            kind: ExprKind::Missing,
        }
    }

    /// Reads operands and operators.
    pub(super) fn binary(&mut self, mut cursor: Cursor<'_>) -> Expr {
        let level = self.level;
        self.level += 1;
        let expr = self.climb(&mut cursor, 0);
        self.level = level;
        expr
    }

    fn climb(&mut self, cursor: &mut Cursor<'_>, least: u8) -> Expr {
        let mut left = self.prefixed(cursor);
        while let Some(node) = cursor.peek() {
            if node.rule == Rule::range {
                if power::RANGE < least {
                    break;
                }
                left = self.range_from(left, node, cursor);
            } else if is_literal(node.rule) {
                left.kind = self.stray_text(cursor, left.range).unwrap_or(left.kind);
            } else {
                let Some((op, power)) = infix(self.node_text(node)).filter(|(_, power)| *power >= least)
                else {
                    break;
                };
                cursor.step();
                self.level += 1;
                if !self.may_descend(left.range) {
                    while cursor.step().is_some() {}
                    break;
                }
                left = self.join(left, op, power, node, cursor);
            }
        }
        left
    }

    fn join(&mut self, left: Expr, op: Infix, power: u8, node: Node, cursor: &mut Cursor<'_>) -> Expr {
        let right = self.climb(cursor, power + 1);
        let range = span(&left, &right);
        let op = match op {
            Infix::Binary(op) => op,
            Infix::Chain => {
                return Expr {
                    range,
                    kind: self.chain(left, right),
                };
            }
        };
        if power == power::COMPARISON {
            self.check_comparison(&left, node);
        }
        if op == BinaryOp::Remainder && matches!(left.kind, ExprKind::Text(_)) {
            let message = "texts are not formatted with `%`";
            let error = SyntaxError::new(&codes::python_habit, range, message, "Python's formatting");
            self.error(
                error.help("write the names into the text: \"{{name}}\"; `{{i | pad3}}` pads with zeros"),
            );
            return Expr {
                range,
                kind: ExprKind::Missing,
            };
        }
        let op_range = self.node_range(node);
        let kind = ExprKind::Binary {
            op,
            op_range,
            left: Box::new(left),
            right: Box::new(right),
        };
        Expr { range, kind }
    }

    fn chain(&self, left: Expr, right: Expr) -> ExprKind {
        // A chain in parentheses is wider than its links and stays one link.
        match left.kind {
            ExprKind::Chain(mut links)
                if links.last().is_some_and(|link| link.range.end == left.range.end) =>
            {
                links.push(right);
                ExprKind::Chain(links)
            }
            kind => ExprKind::Chain(vec![
                Expr {
                    range: left.range,
                    kind,
                },
                right,
            ]),
        }
    }

    fn check_comparison(&mut self, left: &Expr, node: Node) {
        use BinaryOp::{Equal, Greater, GreaterEqual, In, Less, LessEqual, NotEqual};
        let ExprKind::Binary { op, right, .. } = &left.kind else {
            return;
        };
        let compares = matches!(
            op,
            Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual | In
        );
        // In parentheses it is wider than its operands, and one operand.
        if compares && right.range.end == left.range.end {
            let range = self.node_range(node);
            let error = SyntaxError::new(
                &codes::syntax,
                range,
                "comparisons are not chained",
                "a second comparison",
            );
            self.error(error.help("join two comparisons with `and`, or ask `x in low..high`"));
        }
    }

    fn range_from(&mut self, low: Expr, node: Node, cursor: &mut Cursor<'_>) -> Expr {
        cursor.step();
        self.level += 1;
        let open = match cursor.rule() {
            None => true,
            Some(rule) => {
                matches!(rule, Rule::infix | Rule::range) || is_literal(rule) && self.is_below(node, cursor)
            }
        };
        let high = if open {
            None
        } else {
            Some(self.climb(cursor, power::RANGE + 1))
        };
        let end = high
            .as_ref()
            .map_or(self.node_range(node).end, |high| high.range.end);
        let range = Range::new(low.range.start, end);
        let kind = ExprKind::Range {
            low: Some(Box::new(low)),
            high: high.map(Box::new),
        };
        Expr { range, kind }
    }

    /// Whether the next node stands on a later line than `node`.
    fn is_below(&self, node: Node, cursor: &Cursor<'_>) -> bool {
        cursor
            .peek()
            .is_some_and(|next| self.slice(node.end, next.start).contains('\n'))
    }

    fn prefixed(&mut self, cursor: &mut Cursor<'_>) -> Expr {
        let Some(node) = cursor.peek() else {
            return self.nothing();
        };
        let (length, least) = match node.rule {
            Rule::invert => (3, power::NOT),
            Rule::negate => (1, power::UNARY),
            Rule::up_to => (2, power::RANGE + 1),
            _ => return self.postfixed(cursor),
        };
        cursor.step();
        let start = self.range(node.start - length, node.start).start;
        self.level += 1;
        if !self.may_descend(Range::new(start, start)) {
            while cursor.step().is_some() {}
            return Expr {
                range: Range::new(start, start),
                kind: ExprKind::Missing,
            };
        }
        if node.rule == Rule::negate && matches!(cursor.rule(), Some(Rule::number)) {
            return self.negative_number(start, cursor);
        }
        let operand = self.climb(cursor, least);
        let range = Range::new(start, operand.range.end);
        let operand = Box::new(operand);
        let kind = match node.rule {
            Rule::invert => ExprKind::Unary {
                op: UnaryOp::Not,
                operand,
            },
            Rule::negate => ExprKind::Unary {
                op: UnaryOp::Negate,
                operand,
            },
            _ => ExprKind::Range {
                low: None,
                high: Some(operand),
            },
        };
        Expr { range, kind }
    }

    /// The smallest integer has no positive twin, so it cannot be a negated number.
    fn negative_number(&mut self, start: u32, cursor: &mut Cursor<'_>) -> Expr {
        let smallest = |text: &str| {
            text.bytes()
                .filter(|byte| *byte != b'_')
                .eq(*b"9223372036854775808")
        };
        let node = cursor.peek().filter(|node| smallest(self.node_text(*node)));
        if let Some(node) = node {
            cursor.step();
            let range = Range::new(start, self.node_range(node).end);
            let kind = self.number(node, range, true);
            return Expr { range, kind };
        }
        let operand = self.climb(cursor, power::UNARY);
        let range = Range::new(start, operand.range.end);
        Expr {
            range,
            kind: ExprKind::Unary {
                op: UnaryOp::Negate,
                operand: Box::new(operand),
            },
        }
    }

    fn postfixed(&mut self, cursor: &mut Cursor<'_>) -> Expr {
        let Some((node, children)) = cursor.step() else {
            return self.nothing();
        };
        let mut expr = if is_literal(node.rule) {
            let mut literals = vec![node];
            while let Some(next) = cursor.peek().filter(|next| is_literal(next.rule)) {
                literals.push(next);
                cursor.step();
            }
            self.literals(&literals)
        } else {
            self.leaf(node, children, true)
        };
        while let Some(node) = cursor.peek() {
            if !matches!(node.rule, Rule::fields | Rule::args | Rule::index | Rule::dot) {
                break;
            }
            let Some((_, children)) = cursor.step() else { break };
            self.level += 1;
            if !self.may_descend(expr.range) {
                while cursor.step().is_some() {}
                break;
            }
            expr = self.tail(expr, node, children);
        }
        expr
    }

    fn leaf(&mut self, node: Node, mut children: Cursor<'_>, may_widen: bool) -> Expr {
        let inside = self.node_range(node);
        // The opening bracket stands before the pair.
        let whole = self.range(node.start.saturating_sub(u32::from(may_widen)), node.end);
        let (range, kind) = match node.rule {
            Rule::number | Rule::plain_number => (inside, self.number(node, inside, false)),
            Rule::list => (whole, self.list(children)),
            Rule::map => (whole, ExprKind::Map(self.pairs(children))),
            Rule::paren => (whole, self.value(&mut children).kind),
            Rule::hole => (inside, ExprKind::Missing),
            _ => (inside, self.name(node)),
        };
        Expr { range, kind }
    }

    fn name(&mut self, node: Node) -> ExprKind {
        let (name, range) = (self.node_text(node), self.node_range(node));
        match name {
            "true" => ExprKind::Bool(true),
            "false" => ExprKind::Bool(false),
            "unset" => ExprKind::Unset,
            "True" => self.habit(range, name, "true", ExprKind::Bool(true)),
            "False" => self.habit(range, name, "false", ExprKind::Bool(false)),
            "None" | "null" | "nil" => self.habit(range, name, "unset", ExprKind::Unset),
            "if" | "else" | "for" | "in" | "and" | "or" | "not" => {
                let message = format!("expected a value, found `{name}`");
                self.error(SyntaxError::new(
                    &codes::syntax,
                    range,
                    message,
                    "expected a value before this word",
                ));
                ExprKind::Missing
            }
            _ => {
                self.check_ascii(name, range);
                ExprKind::Name(name.into())
            }
        }
    }

    fn habit(&mut self, range: Range, written: &str, right: &str, kind: ExprKind) -> ExprKind {
        let message = format!("`{written}` is written `{right}`");
        let error = SyntaxError::new(&codes::python_habit, range, message, "another language's word");
        self.error(error.fixed(&format!("write `{right}`"), Applicability::Safe, range, right));
        kind
    }

    /// A text right behind something that is no text. Where that was a prefix, nothing is left of it.
    fn stray_text(&mut self, cursor: &mut Cursor<'_>, before: Range) -> Option<ExprKind> {
        let (node, _) = cursor.step()?;
        let quote = node.start - 1;
        let prefix = self.slice(0, quote);
        let word = prefix.len()
            - prefix
                .trim_end_matches(|letter: char| letter.is_ascii_alphabetic())
                .len();
        let (word, range) = (word as u32, self.range(quote, node.end));
        if word > 0 && self.range(quote - word, quote) == before {
            let word = self.slice(quote - word, quote);
            let message = format!("a text has no prefix `{word}`");
            let error = SyntaxError::new(&codes::python_habit, before, message, "Python's prefix");
            let help =
                "a name in a text is written \"{{name}}\"; only `r` exists, for texts taken as they are";
            let error = error.help(help);
            self.error(error.fixed("remove the prefix", Applicability::Unsafe, before, ""));
            return Some(ExprKind::Missing);
        }
        let ahead = self.slice(0, self.value_start(node, before));
        let sign = ahead.trim_end();
        if sign.ends_with('=') && ahead.get(sign.len()..).is_some_and(|gap| gap.contains('\n')) {
            // The name of the field below was taken for the value.
            let equals = self.range(sign.len() as u32 - 1, sign.len() as u32);
            let error = SyntaxError::new(
                &codes::syntax,
                equals,
                "expected a value after `=`",
                "nothing follows",
            );
            self.error(error);
            let place = Range::new(range.start, range.start);
            let error = SyntaxError::new(
                &codes::syntax,
                range,
                "expected `=`, found a text",
                "expected `=` before this",
            );
            self.error(error.fixed("insert `=`", Applicability::Unsafe, place, "= "));
            return Some(ExprKind::Missing);
        }
        let message = "a text cannot stand behind this value";
        let error = SyntaxError::new(
            &codes::syntax,
            range,
            message,
            "expected an operator, or `,` before it",
        );
        self.error(error);
        None
    }

    /// Returns where the word before a stray text starts, in the text that was read.
    fn value_start(&self, literal: Node, before: Range) -> u32 {
        let ahead = self.slice(0, self.literal_start(literal)).trim_end();
        (ahead.len() as u32).saturating_sub(before.end - before.start)
    }

    fn list(&mut self, mut cursor: Cursor<'_>) -> ExprKind {
        let mut elements = Vec::new();
        while let Some(node) = cursor.peek() {
            if node.rule == Rule::clause {
                let element = elements.pop().unwrap_or_else(|| self.nothing());
                let clauses = self.clauses(cursor);
                return ExprKind::Comprehension {
                    element: Box::new(element),
                    clauses,
                };
            }
            match self.adjacent_texts(cursor) {
                Some(literals) => {
                    cursor.step();
                    self.missing_commas(&literals);
                    elements.extend(literals.iter().map(|literal| self.literals(&[*literal])));
                }
                None => elements.push(self.value(&mut cursor)),
            }
        }
        elements.shrink_to_fit();
        ExprKind::List(elements)
    }

    /// Returns the literals of an element that is nothing but several of them.
    fn adjacent_texts(&self, mut cursor: Cursor<'_>) -> Option<Vec<Node>> {
        let (_, mut children) = cursor.take(Rule::binary)?;
        if cursor.rule() == Some(Rule::conditional) {
            return None;
        }
        let first = children.peek()?;
        if !is_literal(first.rule) || first.next as usize == children.end_index() {
            return None;
        }
        let mut literals = Vec::new();
        while let Some((node, _)) = children.step() {
            literals.push(node);
        }
        literals
            .iter()
            .all(|node| is_literal(node.rule))
            .then_some(literals)
    }

    fn missing_commas(&mut self, literals: &[Node]) {
        for (before, after) in literals.iter().zip(literals.iter().skip(1)) {
            let at = self.range(before.end, before.end);
            let range = self.range(self.literal_start(*after), after.end);
            let message = "two texts of a list stand side by side";
            let mut error = SyntaxError::new(
                &codes::missing_comma,
                range,
                message,
                "expected `,` before this text",
            );
            error.also.push((
                self.range(self.literal_start(*before), before.end),
                "behind this one".into(),
            ));
            let error = error.help("in a list they are not joined; use `+` if one text was meant");
            self.error(error.fixed("insert a comma", Applicability::Safe, at, ","));
        }
    }

    fn clauses(&mut self, mut cursor: Cursor<'_>) -> Vec<Clause> {
        let mut clauses = Vec::new();
        while let Some((_, mut children)) = cursor.take(Rule::clause) {
            let name = match children.take(Rule::name) {
                Some((node, _)) => self.ident(node),
                None => Self::missing_name(Range::new(0, 0)),
            };
            let mut next = || children.take(Rule::binary).map(|(_, operands)| operands);
            let (list, condition) = (next(), next());
            let list = match list {
                Some(operands) => self.binary(operands),
                None => self.nothing(),
            };
            let condition = condition.map(|operands| self.binary(operands));
            clauses.push(Clause {
                name,
                list,
                condition,
            });
        }
        clauses
    }

    fn pairs(&mut self, mut cursor: Cursor<'_>) -> Vec<Pair> {
        let mut pairs = Vec::new();
        while let Some((node, _)) = cursor.step() {
            let (start, key) = if is_literal(node.rule) {
                let text = self.text_of(&[node]);
                (text.range.start, Key::Text(text))
            } else {
                let word = self.ident(node);
                (word.range.start, Key::Word(word))
            };
            let value = self.value(&mut cursor);
            pairs.push(Pair {
                range: Range::new(start, value.range.end),
                key,
                value,
            });
        }
        pairs
    }

    fn tail(&mut self, base: Expr, node: Node, mut children: Cursor<'_>) -> Expr {
        let range = Range::new(base.range.start, self.node_range(node).end);
        let base = Box::new(base);
        let kind = match node.rule {
            Rule::fields => ExprKind::Record {
                head: base,
                fields: self.fields(children, node.end),
            },
            Rule::args => return self.call(base, range, node, children),
            Rule::index => ExprKind::Index {
                base,
                index: Box::new(self.value(&mut children)),
            },
            _ => ExprKind::Field {
                base,
                name: self.ident(node),
            },
        };
        Expr { range, kind }
    }

    fn fields(&mut self, mut cursor: Cursor<'_>, end: u32) -> Vec<Field> {
        let mut fields = Vec::new();
        while let Some((node, _)) = cursor.step() {
            if node.rule == Rule::doc {
                self.check_doc(node);
                continue;
            }
            self.check_separated(node, "fields");
            let name = self.ident(node);
            let mut path = Vec::new();
            while let Some((step, mut children)) =
                cursor.take(Rule::dot).or_else(|| cursor.take(Rule::key_text))
            {
                path.push(match children.step() {
                    Some((literal, _)) => Step::Key(self.text_of(&[literal])),
                    None => Step::Name(self.ident(step)),
                });
            }
            let value_end = cursor.peek().map_or(end, |value| value.end);
            let value = self.value(&mut cursor);
            self.check_commas(value_end, cursor.peek().map_or(end, |next| next.start));
            fields.push(Field {
                range: Range::new(name.range.start, value.range.end),
                name,
                path,
                value,
            });
        }
        fields.shrink_to_fit();
        fields
    }

    fn call(&mut self, callee: Box<Expr>, range: Range, node: Node, mut cursor: Cursor<'_>) -> Expr {
        let mut args = Vec::new();
        while cursor.peek().is_some() {
            args.push(self.arg(&mut cursor));
        }
        let is_type =
            type_name(&callee).is_some_and(|name| name.starts_with(|first: char| first.is_ascii_uppercase()));
        let named = args
            .iter()
            .all(|arg| arg.name.is_some() && !self.starts_with_quote(arg));
        if is_type && named {
            let fields = self.call_form(&callee, node, args);
            return Expr {
                range,
                kind: ExprKind::Record { head: callee, fields },
            };
        }
        let args = self.bound_map(&callee, args);
        let kind = match self.python_call(&callee, &args, range) {
            true => ExprKind::Missing,
            false => ExprKind::Call { callee, args },
        };
        Expr { range, kind }
    }

    fn starts_with_quote(&self, arg: &Arg) -> bool {
        // Patches never stand within a name, so the written place is good enough.
        arg.name
            .as_ref()
            .is_some_and(|name| name.range.end - name.range.start != name.name.len() as u32)
    }

    pub(super) fn arg(&mut self, cursor: &mut Cursor<'_>) -> Arg {
        let mut ahead = *cursor;
        let first = ahead.step();
        if ahead.rule() != Some(Rule::named) {
            let value = self.value(cursor);
            return Arg {
                range: value.range,
                name: None,
                value,
            };
        }
        let name = first.map_or_else(
            || Self::missing_name(Range::new(0, 0)),
            |(node, children)| self.arg_name(node, children),
        );
        ahead.step();
        *cursor = ahead;
        let value = self.value(cursor);
        Arg {
            range: Range::new(name.range.start, value.range.end),
            name: Some(name),
            value,
        }
    }

    /// The name of an argument was read as a value; it must be a word or a plain text.
    fn arg_name(&mut self, node: Node, mut children: Cursor<'_>) -> Ident {
        let only = children
            .step()
            .map(|(only, _)| only)
            .filter(|_| children.peek().is_none());
        match only {
            Some(only) if matches!(only.rule, Rule::plain_name | Rule::name) => return self.ident(only),
            Some(only) if is_literal(only.rule) => {
                let text = self.text_of(&[only]);
                if let [TextPart::Literal { text: name, .. }] = text.parts.as_slice() {
                    return Ident {
                        name: name.as_ref().into(),
                        range: text.range,
                    };
                }
            }
            Some(_) | None => {}
        }
        let end = node.start + self.node_text(node).trim_end().len() as u32;
        let range = self.range(node.start, end);
        let error = SyntaxError::new(
            &codes::syntax,
            range,
            "expected a name before `=`",
            "this is no name",
        );
        self.error(error.help("compare with `==`"));
        Self::missing_name(range)
    }

    /// `Process(name = "x")`: what Python calls a constructor is a record.
    fn call_form(&mut self, callee: &Expr, node: Node, args: Vec<Arg>) -> Vec<Field> {
        let (open, close) = (
            self.range(node.start - 1, node.start),
            self.range(node.end - 1, node.end),
        );
        let name = type_name(callee).unwrap_or("it");
        let message = format!("`{name}` is built with braces, not called");
        let error = SyntaxError::new(&codes::python_habit, open, message, "expected `{`");
        let blank = if open.start == callee.range.end { " {" } else { "{" };
        let edits = vec![(open, blank.to_owned()), (close, "}".to_owned())];
        let error = error.help(format!("write `{name} {{ field = value }}`"));
        self.error(error.fixed_by("write braces", Applicability::Safe, edits));
        let field = |arg: Arg| {
            let name = arg.name.unwrap_or_else(|| Self::missing_name(arg.range));
            Field {
                range: arg.range,
                name,
                path: Vec::new(),
                value: arg.value,
            }
        };
        args.into_iter().map(field).collect()
    }
}

/// Returns the last name of `Name` or `ns.Name`.
pub(super) fn type_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Field { name, .. } => Some(&name.name),
        _ => None,
    }
}
