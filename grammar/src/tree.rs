//! The tree of a file: items, and what stands in them.
//!
//! Ranges are relative to the start of their item, so an item that moves within its file keeps its
//! tree untouched. A part that could not be read is `Missing`; the error stands beside the tree.

use std::sync::Arc;

use aur_diagnostics::{Applicability, Code, Diagnostic, Edit, FileId, Fix, Span};
use smol_str::SmolStr;

/// Bytes of an item, counted from the item's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// First byte.
    pub start: u32,
    /// First byte behind the range.
    pub end: u32,
}

impl Range {
    /// Makes a range.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// Returns the span in `file` of a range whose item starts at `offset`.
    pub fn in_file(self, file: FileId, offset: u32) -> Span {
        Span::new(file, offset + self.start, offset + self.end)
    }
}

/// A whole file.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Items in source order. They cover all code of the file; only blanks and comments stand between.
    pub items: Vec<Item>,
}

/// An item at its place.
#[derive(Clone, Debug)]
pub struct Item {
    /// Offset of the item in its file, bytes.
    pub offset: u32,
    /// What stands there, shared between files and versions of a file that hold the same text.
    pub node: Arc<ItemNode>,
}

/// An item without its place.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemNode {
    /// The whole item, doc comments and annotations included; starts at 0.
    pub range: Range,
    /// Text of the doc comment, `///` and one blank removed, lines joined with a newline.
    pub doc: Option<Box<str>>,
    /// `@deprecated("..")` and the like.
    pub annotations: Vec<Annotation>,
    /// What it is.
    pub kind: ItemKind,
    /// What is wrong with its text.
    pub errors: Vec<SyntaxError>,
}

/// `@name(args)`
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    /// The whole annotation.
    pub range: Range,
    /// The name behind the `@`.
    pub name: Ident,
    /// What stands in parentheses.
    pub args: Vec<Arg>,
}

/// The kinds of items.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// `include "path" as alias`
    Include {
        /// The path as written.
        path: Text,
        /// The namespace, if one is given.
        alias: Option<Ident>,
    },
    /// `struct Name { .. }`
    Struct(StructItem),
    /// `enum Name { a, b }`
    Enum {
        /// Name of the type.
        name: Ident,
        /// Members in order.
        members: Vec<Ident>,
        /// The doc comment of each member, in the same order.
        docs: Vec<Option<Box<str>>>,
    },
    /// `type Name = T where ..`
    Alias {
        /// Name of the type.
        name: Ident,
        /// What it stands for.
        ty: TypeExpr,
    },
    /// `input name: T = default`
    Input {
        /// Name of the input.
        name: Ident,
        /// Its type.
        ty: TypeExpr,
        /// The value where none is given.
        default: Option<Expr>,
    },
    /// `name: T = value`
    Assign {
        /// Name of the value.
        name: Ident,
        /// The type, if one is written.
        ty: Option<TypeExpr>,
        /// The value.
        value: Expr,
    },
    /// `check expr, "message"`
    Check(CheckRule),
    /// `test "name" { expect .. }`
    Test(TestItem),
    /// Nothing could be read.
    Broken,
}

/// A struct declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct StructItem {
    /// Name of the type.
    pub name: Ident,
    /// Members in order.
    pub members: Vec<Member>,
    /// `check` rules in order.
    pub checks: Vec<CheckRule>,
}

/// A member of a struct.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The whole member.
    pub range: Range,
    /// Text of the doc comment.
    pub doc: Option<Box<str>>,
    /// Annotations.
    pub annotations: Vec<Annotation>,
    /// Name of the field.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Its default.
    pub default: Option<Expr>,
}

/// `check expr, "message"`
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRule {
    /// The whole rule.
    pub range: Range,
    /// What must hold.
    pub condition: Expr,
    /// What to say where it does not.
    pub message: Option<Text>,
}

/// `test "name" { expect .. }`
#[derive(Clone, Debug, PartialEq)]
pub struct TestItem {
    /// What the test is called.
    pub name: Text,
    /// What it expects, in order.
    pub expectations: Vec<Expectation>,
}

/// `expect ..`
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The whole expectation.
    pub range: Range,
    /// What is expected.
    pub kind: ExpectationKind,
}

/// The kinds of expectations.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectationKind {
    /// `expect condition`
    Holds(Expr),
    /// `expect error E0203 in file("bad.aur")`
    Error {
        /// Id or name of the diagnostic.
        code: Ident,
        /// The program.
        program: Expr,
    },
    /// `expect plan file("main.aur") == file("main.plan.json")`
    Plan {
        /// The program.
        program: Expr,
        /// The plan it is to have; missing where no `==` stands.
        snapshot: Expr,
    },
}

/// A written name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name; empty where it is missing.
    pub name: SmolStr,
    /// Where it stands.
    pub range: Range,
}

/// A written type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// The whole type.
    pub range: Range,
    /// What it is.
    pub kind: TypeKind,
}

/// The kinds of written types.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `Name`, `ns.Name` or `Name[A, B]`
    Name {
        /// The namespace, if one is written.
        namespace: Option<Ident>,
        /// The name.
        name: Ident,
        /// What stands in brackets.
        args: Vec<TypeExpr>,
    },
    /// `T?`
    Optional(Box<TypeExpr>),
    /// `A | B`
    Union(Vec<TypeExpr>),
    /// `T where ..`
    Where {
        /// The type.
        base: Box<TypeExpr>,
        /// A range, a list of literals, or `matches(r"..")`.
        rule: Box<Expr>,
    },
    /// Not there.
    Missing,
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// The whole expression.
    pub range: Range,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A name.
    Name(SmolStr),
    /// One or more adjacent string literals.
    Text(Text),
    /// A number, with a unit where one is written.
    Number {
        /// The number.
        value: Number,
        /// The unit written right behind it.
        unit: Option<Unit>,
    },
    /// `true` or `false`
    Bool(bool),
    /// `unset`
    Unset,
    /// `[a, b]`
    List(Vec<Expr>),
    /// `[element for x in list if condition ..]`
    Comprehension {
        /// The element.
        element: Box<Expr>,
        /// The `for` clauses, outermost first.
        clauses: Vec<Clause>,
    },
    /// `{key: value, ..}`
    Map(Vec<Pair>),
    /// `head { field = value .. }`
    Record {
        /// What is built or copied.
        head: Box<Expr>,
        /// The fields as written.
        fields: Vec<Field>,
    },
    /// `callee(args)`
    Call {
        /// What is called.
        callee: Box<Expr>,
        /// The arguments.
        args: Vec<Arg>,
    },
    /// `base.name`
    Field {
        /// What is read.
        base: Box<Expr>,
        /// The field.
        name: Ident,
    },
    /// `base[index]`
    Index {
        /// What is read.
        base: Box<Expr>,
        /// The index.
        index: Box<Expr>,
    },
    /// `-x`, `not x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `a + b` and the like.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_range: Range,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `value if condition else otherwise`
    If {
        /// The value where the condition holds.
        value: Box<Expr>,
        /// The condition.
        condition: Box<Expr>,
        /// The value where it does not.
        otherwise: Box<Expr>,
    },
    /// `low..high`, both ends belong to it; an end may be open in a refinement.
    Range {
        /// Lower end.
        low: Option<Box<Expr>>,
        /// Upper end.
        high: Option<Box<Expr>>,
    },
    /// `a -> b -> c`
    Chain(Vec<Expr>),
    /// Not there.
    Missing,
}

/// A number as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Without a fraction or exponent.
    Integer(i64),
    /// With one.
    Float(f64),
}

/// A unit behind a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `B KB MB GB TB`, and `KiB MiB GiB TiB`: bytes in one.
    Bytes(i64),
    /// `ms s m h d`: milliseconds in one.
    Milliseconds(i64),
}

/// `for name in list if condition`
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The name each element gets.
    pub name: Ident,
    /// The list.
    pub list: Expr,
    /// Which elements are taken.
    pub condition: Option<Expr>,
}

/// `key: value`
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The whole pair.
    pub range: Range,
    /// A bare word or a text.
    pub key: Key,
    /// The value.
    pub value: Expr,
}

/// The key of a pair.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A bare word.
    Word(Ident),
    /// A quoted text.
    Text(Text),
}

/// `path = value` in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The whole field.
    pub range: Range,
    /// First name of the path.
    pub name: Ident,
    /// Further steps: `.name` or `["key"]`; with any, the field amends.
    pub path: Vec<Step>,
    /// The value.
    pub value: Expr,
}

/// A further step of a field's path.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.name`
    Name(Ident),
    /// `["key"]`
    Key(Text),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// The whole argument.
    pub range: Range,
    /// The name before `=`, if one is given; a quoted name may hold dots.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// Operators before their operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Operators between their operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `//`
    FloorDivide,
    /// `%`
    Remainder,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `and`
    And,
    /// `or`
    Or,
    /// `in`
    In,
}

/// One or more adjacent string literals, escapes resolved, mustaches found.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// From the first quote to the last.
    pub range: Range,
    /// The parts in order. Neighbouring literals are one part unless a mustache is between.
    pub parts: Vec<TextPart>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum TextPart {
    /// Plain characters after escapes and dedent; `range` is where they are written.
    Literal {
        /// The characters.
        text: Box<str>,
        /// Where they are written.
        range: Range,
    },
    /// `{{..}}`
    Mustache(Mustache),
}

/// `{{ sigil path | filter }}`
#[derive(Clone, Debug, PartialEq)]
pub struct Mustache {
    /// From the opening braces to the closing ones.
    pub range: Range,
    /// What kind it is.
    pub kind: MustacheKind,
    /// The path; empty for `{{.}}`.
    pub path: Path,
    /// Filters in order.
    pub filters: Vec<Ident>,
}

/// The kinds of mustaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MustacheKind {
    /// `{{x}}`
    Value,
    /// `{{#x}}`
    Section,
    /// `{{^x}}`
    Inverted,
    /// `{{/x}}`
    End,
}

/// `a.b[c]`; any part may hold mustaches of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Where it is written.
    pub range: Range,
    /// The parts; the first one's access is `Root`.
    pub parts: Vec<PathPart>,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq)]
pub struct PathPart {
    /// Where its name or index is written.
    pub range: Range,
    /// How it is reached.
    pub access: Access,
    /// Its name or index, in pieces.
    pub pieces: Vec<PathPiece>,
}

/// How a part of a path is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The first name.
    Root,
    /// `.name`
    Dot,
    /// `[index]`
    Index,
}

/// A piece of a part's name.
#[derive(Clone, Debug, PartialEq)]
pub enum PathPiece {
    /// Plain characters.
    Literal(SmolStr),
    /// `{{..}}` inside the name.
    Nested(Path),
}

/// A fault in the text of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxError {
    /// The row of the table.
    pub code: &'static Code,
    /// Where.
    pub range: Range,
    /// The fact.
    pub message: String,
    /// What is said at the place.
    pub label: String,
    /// Further places.
    pub also: Vec<(Range, String)>,
    /// What to do.
    pub help: Option<String>,
    /// An edit that removes the fault: title, range and text of each edit.
    pub fix: Option<SyntaxFix>,
}

/// An edit that removes a fault, relative to the item.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxFix {
    /// What it does.
    pub title: String,
    /// Who may apply it.
    pub applicability: Applicability,
    /// The edits.
    pub edits: Vec<(Range, String)>,
    /// The environment variable that the file needs an input for; the one edit then names the input. Only
    /// [`Tree::diagnostics`] knows enough to make that fix complete.
    pub variable: Option<Box<str>>,
}

impl SyntaxError {
    /// Makes the diagnostic of an item that starts at `offset` of `file`.
    pub fn diagnostic(&self, file: FileId, offset: u32) -> Diagnostic {
        let mut out = Diagnostic::new(self.code, self.range.in_file(file, offset), self.message.clone())
            .label(self.label.clone())
            .help_if(self.help.clone());
        for (range, text) in &self.also {
            out = out.also(range.in_file(file, offset), text.clone());
        }
        if let Some(fix) = &self.fix {
            let edit = |(range, text): &(Range, String)| Edit {
                span: range.in_file(file, offset),
                text: text.clone(),
            };
            let edits = fix.edits.iter().map(edit).collect();
            out.fixes.push(Fix {
                title: fix.title.clone(),
                applicability: match fix.variable {
                    None => fix.applicability,
                    Some(_) => Applicability::Display,
                },
                edits,
            });
        }
        out
    }
}
