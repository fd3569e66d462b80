//! Makes a value fit the type of its place, or says why it does not.
//!
//! Text that still holds mustaches fits every simple type for now; it is judged again when it is
//! resolved.

use std::rc::Rc;

use aur_diagnostics::{Applicability, Diagnostic, Span, codes};
use aur_grammar::tree::{Expr, ExprKind, ItemKind, Member};

use super::{Compiler, Context, whole};
use crate::facts::Target;
use crate::print;
use crate::program::{PRELUDE_MODULE, near_name};
use crate::types::{EnumDecl, Rule, StructDecl, Type};
use crate::value::{Kind, Piece, StructValue, Value, describe, shorten};

/// Whether a fault is reported or only noticed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Report {
    Yes,
    No,
}

impl<'p> Compiler<'p> {
    /// Makes `value` fit `want`; a value that does not is reported at `span` and poisoned.
    pub(crate) fn coerce(&mut self, value: Value<'p>, want: &Type<'p>, span: Span) -> Value<'p> {
        self.fit(value, want, span, Report::Yes)
            .unwrap_or_else(|| Value::poison(span))
    }

    /// Makes the outcome of a template fit: of several alternatives, the first that accepts it.
    pub(crate) fn coerce_result(&mut self, value: Value<'p>, want: &Type<'p>, span: Span) -> Value<'p> {
        if let Type::Union(types) = want.plain()
            && matches!(value.kind, Kind::Raw(_))
        {
            for ty in types.iter() {
                if let Some(value) = self.fit(value.clone(), ty, span, Report::No) {
                    return value;
                }
            }
        }
        self.coerce(value, want, span)
    }

    fn fit(&mut self, value: Value<'p>, want: &Type<'p>, span: Span, report: Report) -> Option<Value<'p>> {
        match (&value.kind, want) {
            (Kind::Poison, _) | (_, Type::Any) => return Some(value),
            (_, Type::Optional(inner)) => {
                return if matches!(value.kind, Kind::Unset) {
                    Some(value)
                } else {
                    self.fit(value, inner, span, report)
                };
            }
            (_, Type::Refined(inner, rule)) => {
                let value = self.fit(value, inner, span, report)?;
                return self.refine(value, *rule, span, report);
            }
            (Kind::Text(text), Type::Union(types))
                if text.literal().is_none() && types.iter().any(|ty| ty.plain().is_simple()) =>
            {
                return Some(value);
            }
            (_, Type::Union(types)) => return self.fit_union(value, types, want, span, report),
            (Kind::Opaque(_), _) => {
                return Some(Value {
                    kind: Kind::opaque(want.clone()),
                    ..value
                });
            }
            (Kind::Pieces(pieces), _) if !matches!(want, Type::String) => {
                return self.fit_pieces(&value, pieces, want, span, report);
            }
            (Kind::Text(text), Type::List(_) | Type::Map(_) | Type::Struct(..))
                if text.literal().is_none() =>
            {
                return self.mismatch(&value, want, span, report);
            }
            (Kind::Text(text), _) if text.literal().is_none() => return Some(value),
            _ => {}
        }
        match want {
            Type::List(element) => self.fit_list(value, element, want, span, report),
            Type::Map(pair) => self.fit_map(value, pair, want, span, report),
            Type::Struct(def, _) => match &value.kind {
                Kind::Struct(inner) if inner.decl.def == *def => Some(value),
                Kind::Namespace(_) => self.fit_namespace(value, want, span, report),
                _ => self.mismatch(&value, want, span, report),
            },
            Type::Enum(decl) => self.fit_enum(value, decl, want, span, report),
            _ => self.fit_simple(value, want, span, report),
        }
    }

    fn fit_simple(
        &mut self,
        value: Value<'p>,
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        let kind = match (want, &value.kind) {
            (Type::String, Kind::Text(_) | Kind::Raw(_) | Kind::Pieces(_)) => return Some(value),
            (Type::String, kind) => simple_text(kind).map(|text| Kind::Raw(text.into())),
            (Type::Integer, Kind::Int(_))
            | (Type::Float, Kind::Float(_))
            | (Type::Boolean, Kind::Bool(_))
            | (Type::Bytes, Kind::Bytes(_))
            | (Type::Duration, Kind::Duration(_)) => return Some(value),
            (Type::Float, Kind::Int(number)) => Some(Kind::Float(*number as f64)),
            (Type::Bytes, Kind::Int(number)) => Some(Kind::Bytes(*number)),
            (Type::Bytes, Kind::Float(number)) => whole(*number).map(Kind::Bytes),
            (Type::Duration, Kind::Int(number)) => number.checked_mul(1000).map(Kind::Duration),
            (Type::Duration, Kind::Float(number)) => whole((number * 1000.0).round()).map(Kind::Duration),
            (_, Kind::Text(_) | Kind::Raw(_)) => return self.fit_text(&value, want, span, report),
            _ => None,
        };
        match kind {
            Some(kind) => Some(Value { kind, ..value }),
            None => self.mismatch(&value, want, span, report),
        }
    }

    /// Reads a finished text as a simple type.
    fn fit_text(
        &mut self,
        value: &Value<'p>,
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        let text = finished_text(&value.kind)?;
        let kind = match want {
            Type::Integer => parse_integer(&text).map(Kind::Int),
            Type::Float => parse_float(&text).map(Kind::Float),
            Type::Boolean => parse_boolean(&text).map(Kind::Bool),
            Type::Bytes => parse_quantity(&text, Scale::Bytes).map(Kind::Bytes),
            Type::Duration => parse_quantity(&text, Scale::Seconds).map(Kind::Duration),
            _ => None,
        };
        if let Some(kind) = kind {
            return Some(Value {
                kind,
                scopes: value.scopes.clone(),
                span: value.span,
            });
        }
        if report == Report::Yes {
            let form = match want {
                Type::Integer => "digits, such as `42`",
                Type::Float => "a number, such as `1.5`",
                Type::Boolean => "`true` or `false`",
                Type::Bytes => "a size, such as `64MB`",
                Type::Duration => "a duration, such as `30s` or `0.5`",
                _ => "another type",
            };
            let message = format!("the text \"{}\" is not a value of type {want}", shorten(&text));
            self.sink.push(
                Diagnostic::new(&codes::bad_coercion, span, message)
                    .label(format!("{want} is needed here"))
                    .help(format!("write {form}")),
            );
        }
        None
    }

    /// Resolved text in a field that is no text: runtime names cannot stand there, open ones are reported elsewhere.
    fn fit_pieces(
        &mut self,
        value: &Value<'p>,
        pieces: &[Piece],
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        let late = pieces.iter().find_map(|piece| match piece {
            Piece::Late(name, _) => Some(name.to_string()),
            Piece::Literal(_) | Piece::Open(_) => None,
        });
        match late {
            None => Some(Value {
                kind: Kind::opaque(want.clone()),
                scopes: None,
                span: value.span,
            }),
            Some(name) => {
                if report == Report::Yes {
                    let message = format!(
                        "`{name}` is known only when the task runs, but this value is needed to compile"
                    );
                    self.sink.push(
                        Diagnostic::new(&codes::late_name, span, message)
                            .help("runtime names can stand in `cmdline`"),
                    );
                }
                None
            }
        }
    }

    fn fit_list(
        &mut self,
        value: Value<'p>,
        element: &Type<'p>,
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        match &value.kind {
            Kind::List(items) => {
                if matches!(element, Type::Any) {
                    return Some(value);
                }
                let items = items.clone();
                let mut fitted = Vec::with_capacity(items.len());
                for item in items.iter() {
                    let place = item.span;
                    fitted.push(match self.fit(item.clone(), element, place, report) {
                        Some(item) => item,
                        None if report == Report::Yes => Value::poison(place),
                        None => return None,
                    });
                }
                Some(Value {
                    kind: Kind::List(Rc::new(fitted)),
                    ..value
                })
            }
            // `constraints = a -> b` is a list of one.
            Kind::Struct(inner) if inner.decl.name == "Constraint" => {
                let item = self.fit(value.clone(), element, span, report)?;
                Some(Value::new(Kind::List(Rc::new(vec![item])), span))
            }
            _ => self.mismatch(&value, want, span, report),
        }
    }

    /// Whether a value would fit a type; nothing is said.
    pub(super) fn would_fit(&mut self, value: &Value<'p>, want: &Type<'p>, span: Span) -> bool {
        self.fit(value.clone(), want, span, Report::No).is_some()
    }

    fn fit_map(
        &mut self,
        value: Value<'p>,
        pair: &(Type<'p>, Type<'p>),
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        let pairs: Vec<(Value<'p>, Value<'p>)> = match &value.kind {
            Kind::Map(pairs) => pairs.to_vec(),
            Kind::Namespace(entries) => entries
                .iter()
                .map(|(key, item)| {
                    (
                        Value::new(Kind::Raw(key.as_str().into()), item.span),
                        item.clone(),
                    )
                })
                .collect(),
            _ => return self.mismatch(&value, want, span, report),
        };
        let mut fitted = Vec::with_capacity(pairs.len());
        for (key, item) in pairs {
            let (key_place, place) = (key.span, item.span);
            fitted.push((
                self.fit(key, &pair.0, key_place, report)?,
                self.fit(item, &pair.1, place, report)?,
            ));
        }
        Some(Value {
            kind: Kind::Map(Rc::new(fitted)),
            ..value
        })
    }

    /// A namespace built where no type was known becomes the record that is needed.
    fn fit_namespace(
        &mut self,
        value: Value<'p>,
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        let (Kind::Namespace(entries), Type::Struct(def, _)) = (&value.kind, want) else {
            return None;
        };
        let decl = self.struct_decl(*def)?;
        let mut inner = StructValue::new(decl, span);
        for (name, item) in entries.iter() {
            let Some(index) = inner.decl.field(name) else {
                if report == Report::Yes {
                    self.report_stray_key(&inner.decl, name, item.span);
                }
                return None;
            };
            let ty = inner
                .decl
                .fields
                .get(index)
                .map_or(Type::Any, |field| field.ty.clone());
            let item = self.fit(item.clone(), &ty, item.span, report)?;
            inner.set(index, item);
        }
        Some(Value {
            kind: Kind::Struct(Rc::new(inner)),
            ..value
        })
    }

    fn fit_enum(
        &mut self,
        value: Value<'p>,
        decl: &Rc<EnumDecl>,
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        if let Kind::Enum(own, _) = &value.kind
            && own.def == decl.def
        {
            return Some(value);
        }
        let Some(text) = finished_text(&value.kind) else {
            return self.mismatch(&value, want, span, report);
        };
        if let Some(index) = decl.members.iter().position(|member| *member == text.as_ref()) {
            self.note_quoted_member(value.span, decl, index);
            return Some(Value {
                kind: Kind::Enum(decl.clone(), index as u32),
                ..value
            });
        }
        if report == Report::Yes {
            let message = format!("`{}` has no member `{}`", decl.name, shorten(&text));
            let help = near_name(&text, decl.members.iter().map(|member| member.as_str()))
                .or_else(|| Some(format!("members: {}", decl.members.join(", "))));
            self.sink.push(
                Diagnostic::new(&codes::refinement, span, message)
                    .label("no such member")
                    .help_if(help),
            );
        }
        None
    }

    /// Notes a member that is written as a text.
    fn note_quoted_member(&mut self, span: Span, decl: &EnumDecl, index: usize) {
        if !self.is_wanted(span) {
            return;
        }
        let written = self.program.sources.text(span);
        let is_plain = decl.members.get(index).is_some_and(|member| {
            written.len() == member.len() + 2 && written.get(1..=member.len()) == Some(member)
        });
        if let Some(place) = self.member_place(decl, index).filter(|_| is_plain) {
            let at = Span::new(span.file, span.start + 1, span.end - 1);
            self.note_use(at, Target::Named(place));
        }
    }

    /// A literal takes the alternative of its own type, otherwise the first that accepts it.
    fn fit_union(
        &mut self,
        value: Value<'p>,
        types: &[Type<'p>],
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        if let Some(own) = types.iter().find(|ty| is_own_type(&value.kind, ty.plain())) {
            return self.fit(value, own, span, report);
        }
        for ty in types {
            if let Some(value) = self.fit(value.clone(), ty, span, Report::No) {
                return Some(value);
            }
        }
        match self.likeliest(&value.kind, types) {
            Some(best) if report == Report::Yes => self.fit(value, &best, span, report),
            _ => self.mismatch(&value, want, span, report),
        }
    }

    /// The struct that a bare record was probably meant to be: the one that knows most of its names.
    fn likeliest(&mut self, kind: &Kind<'p>, types: &[Type<'p>]) -> Option<Type<'p>> {
        let Kind::Namespace(entries) = kind else {
            return None;
        };
        let mut best: Option<(usize, &Type<'p>)> = None;
        for ty in types {
            let Type::Struct(def, _) = ty.plain() else {
                continue;
            };
            let Some(decl) = self.struct_decl(*def) else {
                continue;
            };
            let known = entries
                .iter()
                .filter(|(name, _)| decl.field(name).is_some())
                .count();
            if known > best.map_or(0, |(most, _)| most) {
                best = Some((known, ty));
            }
        }
        best.map(|(_, ty)| ty.clone())
    }

    fn report_stray_key(&mut self, decl: &StructDecl<'p>, name: &str, span: Span) {
        let help = near_name(name, decl.fields.iter().map(|field| field.name.as_str()));
        let message = format!("`{}` has no field `{name}`", decl.name);
        let mut error =
            Diagnostic::new(&codes::unknown_field, span, message).label(format!("given as `{name}`"));
        if !self.is_prelude(decl.span) {
            error = error.also(decl.span, format!("`{}` is declared here", decl.name));
        }
        self.sink.push(error.help_if(help));
    }

    fn mismatch(
        &mut self,
        value: &Value<'p>,
        want: &Type<'p>,
        span: Span,
        report: Report,
    ) -> Option<Value<'p>> {
        if report == Report::No {
            return None;
        }
        let mut error = Diagnostic::new(
            &codes::type_mismatch,
            span,
            format!(
                "this is {}, but {} is needed",
                describe(&value.kind),
                article(want)
            ),
        )
        .label(format!("{want} is needed here"));
        if value.span != span && value.span != super::NOWHERE {
            error = error.also(value.span, "the value comes from here");
        }
        error = match (&value.kind, want) {
            (Kind::Unset, _) => {
                error.help("only an optional field or one with a default can be cleared with `unset`")
            }
            (Kind::StructType(decl), Type::Struct(..)) => {
                error.help(format!("build a value: `{} {{ .. }}`", decl.name))
            }
            (_, Type::List(element)) if self.fit(value.clone(), element, span, Report::No).is_some() => {
                error.help("put brackets around it").fix(
                    "put brackets around it",
                    Applicability::Safe,
                    span,
                    format!("[{}]", self.program.sources.text(span)),
                )
            }
            (Kind::List(_), Type::Map(_)) => {
                error.help("a map is written in braces: `{\"name\": \"value\"}`")
            }
            (Kind::List(_), Type::String) if self.is_behind(span, "cmdline") => {
                error.help("a command is one text; a program and its arguments are given as `argv`")
            }
            (Kind::List(_), Type::String) => error.help("make one text of it: `join(list, \" \")`"),
            (Kind::Float(_), Type::Integer) => error.help("write a whole number"),
            (Kind::Int(0 | 1), Type::Boolean) => error.help("write `true` or `false`"),
            (Kind::Bytes(_), Type::Duration) | (Kind::Duration(_), Type::Bytes) => {
                error.help("sizes take B KB MB GB TB, durations take ms s m h d")
            }
            _ => error,
        };
        self.sink.push(error);
        None
    }

    /// Whether a value is written behind `field =`.
    fn is_behind(&self, span: Span, field: &str) -> bool {
        let text = self.program.sources.text(Span {
            start: 0,
            end: span.start,
            ..span
        });
        let Some(before) = text.trim_end().strip_suffix('=') else {
            return false;
        };
        before.trim_end().ends_with(field)
    }

    /// Checks a value against `where`.
    fn refine(&mut self, value: Value<'p>, rule: Rule<'p>, span: Span, report: Report) -> Option<Value<'p>> {
        if matches!(
            value.kind,
            Kind::Poison | Kind::Opaque(_) | Kind::Pieces(_) | Kind::Unset
        ) || value.is_template()
        {
            return Some(value);
        }
        let context = Context::new(rule.module, rule.base);
        let allowed = match &rule.expr.kind {
            ExprKind::Range { low, high } => self.in_range(&context, &value, low.as_deref(), high.as_deref()),
            ExprKind::List(items) => items.iter().any(|item| {
                let item = self.eval(&context, item, &Type::Any);
                same_simple(&item.kind, &value.kind)
            }),
            _ => match (rule_pattern(rule.expr), finished_text(&value.kind)) {
                (Some(pattern), Some(text)) => whole_match(pattern, &text).unwrap_or(true),
                _ => true,
            },
        };
        if allowed {
            return Some(value);
        }
        if report == Report::Yes {
            let place = rule.base.span(rule.expr.range);
            let rule_text = self.program.sources.text(place).to_string();
            let message = format!(
                "{} is not allowed here: it must fit `{rule_text}`",
                describe(&value.kind)
            );
            let mut error = Diagnostic::new(&codes::refinement, span, message)
                .label(format!("must fit `{rule_text}`"))
                .help_if(self.missing_unit(&value.kind, span));
            // The rules of the standard library are in the message; a file that nobody wrote tells no more.
            error = match self.is_prelude(place) {
                // A pattern says how it is checked, not what it is for.
                true if rule_pattern(rule.expr).is_some() => error.help_if(self.library_doc(place)),
                true => error,
                false => error.also(place, "the rule"),
            };
            self.sink.push(error);
        }
        None
    }

    /// What the standard library says of the field that a place in it belongs to.
    fn library_doc(&self, place: Span) -> Option<String> {
        let library = self.program.modules.get(PRELUDE_MODULE as usize)?;
        let items = &library.tree.items;
        let index = items
            .partition_point(|item| item.offset <= place.start)
            .checked_sub(1)?;
        let item = items.get(index)?;
        let ItemKind::Struct(item_struct) = &item.node.kind else {
            return None;
        };
        let at = place.start.checked_sub(item.offset)?;
        let holds = |member: &&Member| member.range.start <= at && at < member.range.end;
        let member = item_struct.members.iter().find(holds)?;
        Some(format!("`{}`: {}", member.name.name, member.doc.as_deref()?))
    }

    /// What is to be said about a size or time that was written without a unit.
    fn missing_unit(&self, kind: &Kind<'p>, span: Span) -> Option<String> {
        let written = self.program.sources.text(span);
        let is_bare = !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit());
        match kind {
            Kind::Bytes(_) if is_bare => {
                Some(format!("a bare number counts bytes; was `{written}MB` meant?"))
            }
            Kind::Duration(_) if is_bare => {
                Some(format!("a bare number counts seconds; was `{written}ms` meant?"))
            }
            _ => None,
        }
    }

    fn in_range(
        &mut self,
        context: &Context<'p>,
        value: &Value<'p>,
        low: Option<&'p Expr>,
        high: Option<&'p Expr>,
    ) -> bool {
        let Some(number) = measure(&value.kind) else {
            return true;
        };
        let mut end = |expr: Option<&'p Expr>| -> Option<f64> {
            let end = self.eval(context, expr?, &Type::Any);
            let is_seconds = matches!(
                (&value.kind, &end.kind),
                (Kind::Duration(_), Kind::Int(_) | Kind::Float(_))
            );
            measure(&end.kind).map(|end| if is_seconds { end * 1000.0 } else { end })
        };
        end(low).is_none_or(|low| number >= low) && end(high).is_none_or(|high| number <= high)
    }
}

/// The pattern of `matches(r"..")`.
pub(crate) fn rule_pattern(rule: &Expr) -> Option<&str> {
    let ExprKind::Call { callee, args } = &rule.kind else {
        return None;
    };
    let is_matches = matches!(&callee.kind, ExprKind::Name(name) if name == "matches");
    match args.as_slice() {
        [arg] if is_matches && arg.name.is_none() => match &arg.value.kind {
            ExprKind::Text(text) => match text.parts.as_slice() {
                [aur_grammar::tree::TextPart::Literal { text, .. }] => Some(text),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Whether a pattern fits the whole of a text, in time linear in both.
pub(crate) fn whole_match(pattern: &str, text: &str) -> Result<bool, regex_lite::Error> {
    Ok(regex_lite::Regex::new(&format!("^(?:{pattern})$"))?.is_match(text))
}

fn article(want: &Type<'_>) -> String {
    match want {
        Type::Integer => "an Integer".into(),
        Type::Bytes => "a size (Bytes)".into(),
        Type::Duration => "a Duration".into(),
        Type::Union(_) => format!("one of {want}"),
        _ => format!("a {want}"),
    }
}

fn is_own_type(kind: &Kind<'_>, ty: &Type<'_>) -> bool {
    match (kind, ty) {
        (Kind::Bool(_), Type::Boolean)
        | (Kind::Int(_), Type::Integer)
        | (Kind::Float(_), Type::Float)
        | (Kind::Bytes(_), Type::Bytes)
        | (Kind::Duration(_), Type::Duration)
        | (Kind::Raw(_) | Kind::Text(_), Type::String)
        | (Kind::List(_), Type::List(_))
        | (Kind::Map(_), Type::Map(_)) => true,
        (Kind::Struct(value), Type::Struct(def, _)) => value.decl.def == *def,
        (Kind::Enum(own, _), Type::Enum(decl)) => own.def == decl.def,
        _ => false,
    }
}

/// The size of a value among its like; durations in milliseconds.
fn measure(kind: &Kind<'_>) -> Option<f64> {
    match kind {
        Kind::Int(value) | Kind::Bytes(value) | Kind::Duration(value) => Some(*value as f64),
        Kind::Float(value) => Some(*value),
        _ => None,
    }
}

fn same_simple(a: &Kind<'_>, b: &Kind<'_>) -> bool {
    match (finished_text(a), finished_text(b)) {
        (Some(a), Some(b)) => a == b,
        _ => matches!((measure(a), measure(b)), (Some(a), Some(b)) if a == b),
    }
}

/// A text without mustaches.
pub(crate) fn finished_text<'a>(kind: &'a Kind<'_>) -> Option<std::borrow::Cow<'a, str>> {
    match kind {
        Kind::Text(text) => text.literal().map(std::borrow::Cow::Borrowed),
        Kind::Raw(text) => Some(std::borrow::Cow::Borrowed(text)),
        _ => None,
    }
}

/// How a simple value is written into text; texts, lists and structs give nothing.
pub(crate) fn simple_text(kind: &Kind<'_>) -> Option<String> {
    match kind {
        Kind::Bool(value) => Some(value.to_string()),
        Kind::Int(value) | Kind::Bytes(value) => Some(value.to_string()),
        Kind::Float(value) => Some(print::float(*value)),
        Kind::Duration(value) => Some(print::seconds(*value)),
        Kind::Enum(decl, index) => decl.members.get(*index as usize).map(ToString::to_string),
        _ => None,
    }
}

/// Digits with `_` between them, a sign, and blanks around.
fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_form = !digits.is_empty()
        && digits
            .split('_')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if is_form {
        text.replace('_', "").parse().ok()
    } else {
        None
    }
}

fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let is_form = text.bytes().any(|b| b.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E' | b'_'));
    if is_form {
        text.replace('_', "")
            .parse()
            .ok()
            .filter(|value: &f64| value.is_finite())
    } else {
        None
    }
}

fn parse_boolean(text: &str) -> Option<bool> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[derive(Clone, Copy)]
enum Scale {
    Bytes,
    Seconds,
}

/// A number with an optional unit, into bytes or milliseconds.
fn parse_quantity(text: &str, scale: Scale) -> Option<i64> {
    const BYTES: [(&str, i64); 9] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("KB", 1 << 10),
        ("MB", 1 << 20),
        ("GB", 1 << 30),
        ("TB", 1 << 40),
        ("B", 1),
    ];
    const TIMES: [(&str, i64); 5] = [
        ("ms", 1),
        ("s", 1000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    let text = text.trim_matches([' ', '\t', '\n', '\r']);
    let (units, plain): (&[(&str, i64)], i64) = match scale {
        Scale::Bytes => (&BYTES, 1),
        Scale::Seconds => (&TIMES, 1000),
    };
    let found = units
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?.trim_end(), *size)));
    let (number, size) = found.unwrap_or((text, plain));
    match parse_integer(number) {
        Some(number) => number.checked_mul(size),
        None if number.contains(['e', 'E']) => whole(parse_float(number)? * size as f64),
        None => parse_decimal(number, size),
    }
}

/// A number with a fraction, times `size`: exact, as `2078.372` seconds in floats are no whole milliseconds.
pub(super) fn parse_decimal(number: &str, size: i64) -> Option<i64> {
    parse_float(number)?;
    let fraction = number.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits: String = number.chars().filter(|c| !matches!(c, '.' | '_' | '+')).collect();
    let parts = 10_i128.checked_pow(u32::try_from(fraction.replace('_', "").len()).ok()?)?;
    let product = digits.parse::<i128>().ok()?.checked_mul(i128::from(size))?;
    (product % parts == 0)
        .then_some(product / parts)
        .and_then(|value| i64::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_as_numbers() {
        assert_eq!(parse_integer("  42 "), Some(42));
        assert_eq!(parse_integer("1_000"), Some(1000));
        assert_eq!(
            ["7.0", "1e3", "", "_1", "1__0", "٣"].map(parse_integer),
            [None; 6]
        );
        assert_eq!(parse_float(" 2e3 "), Some(2000.0));
        assert_eq!(["nan", "inf", "0x10", "", "e"].map(parse_float), [None; 5]);
        assert_eq!(
            ["TRUE", "0", "yes", " true"].map(parse_boolean),
            [Some(true), Some(false), None, None]
        );
        assert_eq!(
            ["2GB", "1.5KB", "12", "5s", "0.1"].map(|t| parse_quantity(t, Scale::Bytes)),
            [Some(2 << 30), Some(1536), Some(12), None, None]
        );
        assert_eq!(
            [
                "30s", "0.5", "2 m", "1d", "1KB", "2078.372", "-0.001s", "0.0001s", "1e-3s"
            ]
            .map(|t| parse_quantity(t, Scale::Seconds)),
            [
                Some(30_000),
                Some(500),
                Some(120_000),
                Some(86_400_000),
                None,
                Some(2_078_372),
                Some(-1),
                None,
                Some(1)
            ]
        );
    }
}
