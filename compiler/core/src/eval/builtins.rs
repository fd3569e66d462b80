//! Calls: `bind` on a value, and the functions of the language.

use std::rc::Rc;

use aur_diagnostics::{Applicability, Diagnostic, Span, codes};
use aur_grammar::tree::{Arg, Expr, ExprKind};
use rustc_hash::FxBuildHasher;
use sha2::{Digest, Sha256};
use smol_str::SmolStr;

use super::coerce::finished_text;
use super::options::Dashes;
use super::tasks::Joining;
use super::{Compiler, Context, ReadFile, Sought};
use crate::program::{join, read_fault};
use crate::types::Type;
use crate::value::{Bindings, Kind, Scope, Slot, StructValue, Value, describe};

/// Names of the functions.
pub(crate) const BUILTINS: [&str; 14] = [
    "combine",
    "concat",
    "env",
    "file",
    "file_hash",
    "java_options",
    "join",
    "keys",
    "len",
    "limit",
    "none_of",
    "order",
    "python_options",
    "ready",
];

/// Names that the functions had once.
const OLD_NAMES: [(&str, &str); 2] = [("combine_tasks", "combine"), ("concat_tasks", "concat")];

impl<'p> Compiler<'p> {
    pub(super) fn call(
        &mut self,
        context: &Context<'p>,
        callee: &'p Expr,
        args: &'p [Arg],
        span: Span,
    ) -> Value<'p> {
        if let ExprKind::Field { base, name } = &callee.kind
            && name.name == "bind"
        {
            let value = self.eval(context, base, &Type::Any);
            return self.bind(context, value, args);
        }
        let place = context.base.span(callee.range);
        let target = match self.old_function(context, callee) {
            Some(name) => {
                let message = format!("`{name}` is the name of this function");
                self.sink.push(
                    Diagnostic::new(&codes::old_spelling, place, message)
                        .label("an older name of it")
                        .fix(format!("write `{name}`"), Applicability::Safe, place, name),
                );
                Value::new(Kind::Builtin(name.into()), place)
            }
            None => self.eval_sought(context, callee, Sought::Function),
        };
        match &target.kind {
            Kind::Builtin(name) => self.builtin(context, name, args, span),
            Kind::Poison => {
                for arg in args {
                    self.eval(context, &arg.value, &Type::Any);
                }
                Value::poison(span)
            }
            other => {
                let message = format!("{} cannot be called", describe(other));
                let help = match other {
                    Kind::StructType(decl) => format!(
                        "a struct is built with braces: `{} {{ field = value }}`",
                        decl.name
                    ),
                    Kind::Struct(_) => "a value is copied with braces: `value { field = other }`".to_string(),
                    _ => format!("the functions are {}", BUILTINS.join(", ")),
                };
                let mut error = Diagnostic::new(&codes::bad_call, place, message)
                    .label("not a function")
                    .help(help);
                if let Kind::Struct(_) = other {
                    error.fixes.extend(self.braces(context, callee, args, span));
                }
                self.sink.push(error);
                Value::poison(span)
            }
        }
    }

    /// `concat_tasks`, `Tasks.concat` and the like, where the program does not define the name itself.
    fn old_function(&self, context: &Context<'p>, callee: &Expr) -> Option<&'static str> {
        let is_free = |name: &str| self.program.lookup(context.module, name).is_none();
        match &callee.kind {
            ExprKind::Name(name) if is_free(name) && context.local(name).is_none() => OLD_NAMES
                .iter()
                .find_map(|(old, new)| (old == name).then_some(*new)),
            ExprKind::Field { base, name } => match &base.kind {
                ExprKind::Name(tasks) if tasks == "Tasks" && is_free("Tasks") => {
                    ["combine", "concat"].into_iter().find(|new| name.name == *new)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// `value.bind(name = value, "a.b" = value, {name: value})`: later arguments are nearer.
    fn bind(&mut self, context: &Context<'p>, value: Value<'p>, args: &'p [Arg]) -> Value<'p> {
        let mut bindings = Bindings::with_capacity_and_hasher(args.len(), FxBuildHasher);
        for arg in args {
            let bound = self.eval(context, &arg.value, &Type::Any);
            let place = context.base.span(arg.range);
            match &arg.name {
                Some(name) => self.bind_one(&mut bindings, name.name.clone(), bound, place),
                None => match &bound.kind {
                    Kind::Namespace(entries) => {
                        for (name, item) in entries.iter() {
                            self.bind_one(
                                &mut bindings,
                                name.clone(),
                                item.clone().behind(&bound.scopes),
                                place,
                            );
                        }
                    }
                    Kind::Poison => {}
                    other => {
                        let message = format!("`bind` takes names: this is {}", describe(other));
                        self.sink.push(
                            Diagnostic::new(&codes::bad_call, place, message)
                                .help("write `.bind(name = value)`"),
                        );
                    }
                },
            }
        }
        if value.is_poison() {
            return value;
        }
        let bindings = Rc::new(bindings);
        self.note_bind(context, args, &bindings, &value);
        value.with_scope(Scope::Bindings(bindings))
    }

    fn bind_one(&mut self, bindings: &mut Bindings<'p>, name: SmolStr, value: Value<'p>, place: Span) {
        let problem = match &value.kind {
            Kind::Unset => Some("`unset` cannot be bound".to_string()),
            Kind::StructType(_) | Kind::EnumType(_) | Kind::Module(_) | Kind::Builtin(_) => {
                Some(format!("{} cannot be bound", describe(&value.kind)))
            }
            _ if !is_address(&name) => Some(format!(
                "`{}` is not a name that a text can use",
                name.escape_debug()
            )),
            _ => None,
        };
        if let Some(message) = problem {
            self.sink.push(
                Diagnostic::new(&codes::bad_call, place, message)
                    .help("bind a text, a number, a list, a map or a struct value"),
            );
            return;
        }
        bindings.insert(name, value);
    }

    fn builtin(&mut self, context: &Context<'p>, name: &str, args: &'p [Arg], span: Span) -> Value<'p> {
        match name {
            "concat" => return self.join_tasks(context, Joining::Concat, args, span),
            "combine" => return self.join_tasks(context, Joining::Combine, args, span),
            "java_options" => return self.options(context, Dashes::Java, args, span),
            "python_options" => return self.options(context, Dashes::Python, args, span),
            _ => {}
        }
        if let Some(named) = args.iter().find(|arg| arg.name.is_some()) {
            let message = format!("`{name}` takes no named arguments");
            self.sink.push(Diagnostic::new(
                &codes::bad_call,
                context.base.span(named.range),
                message,
            ));
            return Value::poison(span);
        }
        match (name, args) {
            ("order", args) => {
                let parts: Vec<&'p Expr> = args.iter().map(|arg| &arg.value).collect();
                let constraint = self.constraint(context, &parts, span);
                Value::new(Kind::List(Rc::new(vec![constraint])), span)
            }
            ("ready", [arg]) => self.ready(context, &arg.value, span),
            ("limit", [arg]) => self.limit(context, &arg.value, span),
            ("none_of", [_, ..]) => self.none_of(context, args, span),
            ("len", [arg]) => self.len(context, &arg.value, span),
            ("keys", [arg]) => self.keys(context, &arg.value, span),
            ("join", [list, separator]) => self.join_texts(context, &list.value, &separator.value, span),
            ("file", [arg]) => self.file(context, &arg.value, span, FilePart::Content),
            ("file_hash", [arg]) => self.file(context, &arg.value, span, FilePart::Hash),
            ("env", [_]) => {
                self.sink.push(
                    Diagnostic::new(
                        &codes::bad_call,
                        span,
                        "`env` gives the default of an input and stands nowhere else",
                    )
                    .help("declare `input user: String = env(\"USER\")` and use `user`"),
                );
                Value::poison(span)
            }
            _ => {
                let form = match name {
                    "join" => "join(list, separator)",
                    "len" => "len(value)",
                    "limit" => "limit(count)",
                    "none_of" => "none_of(value, ..)",
                    "ready" => "ready(process)",
                    "keys" => "keys(map)",
                    "file" => "file(\"path\")",
                    "file_hash" => "file_hash(\"path\")",
                    _ => "env(\"NAME\")",
                };
                let message = format!(
                    "`{name}` is called as `{form}`, not with {} arguments",
                    args.len()
                );
                self.sink.push(Diagnostic::new(&codes::bad_call, span, message));
                Value::poison(span)
            }
        }
    }

    /// `a -> b -> c`
    pub(super) fn chain(&mut self, context: &Context<'p>, parts: &'p [Expr], span: Span) -> Value<'p> {
        let parts: Vec<&'p Expr> = parts.iter().collect();
        self.constraint(context, &parts, span)
    }

    fn constraint(&mut self, context: &Context<'p>, parts: &[&'p Expr], span: Span) -> Value<'p> {
        if parts.is_empty() {
            let message = "an order names the processes that wait for each other";
            self.sink
                .push(Diagnostic::new(&codes::bad_call, span, message).help("write `order(first, second)`"));
            return Value::poison(span);
        }
        if let [only] = parts
            && let ExprKind::List(items) = &only.kind
            && !items.is_empty()
        {
            return self.order_in_brackets(context, items, context.base.span(only.range), span);
        }
        let names: Vec<Value<'p>> = parts
            .iter()
            .map(|part| self.process_name(context, part))
            .collect();
        let Some(decl) = self.prelude_struct("Constraint") else {
            return Value::poison(span);
        };
        let mut inner = StructValue::new(decl.clone(), span);
        if let Some(index) = decl.field("order") {
            inner.set(index, Value::new(Kind::List(Rc::new(names)), span));
        }
        Value::new(Kind::Struct(Rc::new(inner)), span)
    }

    /// `order([a, b])`
    fn order_in_brackets(
        &mut self,
        context: &Context<'p>,
        items: &'p [Expr],
        place: Span,
        span: Span,
    ) -> Value<'p> {
        for item in items {
            self.process_name(context, item);
        }
        let written = self.program.sources.text(place);
        let inside = written.trim_start_matches('[').trim_end_matches(']').trim();
        let message = "an order is made of processes or their names, this is a list";
        self.sink.push(
            Diagnostic::new(&codes::type_mismatch, place, message)
                .label("the processes stand in `order(..)` without brackets")
                .help("drop the brackets")
                .fix(
                    "drop the brackets",
                    Applicability::Safe,
                    place,
                    inside.trim_end_matches(','),
                ),
        );
        Value::poison(span)
    }

    /// The name of a process, given by the process or by its name.
    fn process_name(&mut self, context: &Context<'p>, expr: &'p Expr) -> Value<'p> {
        let value = self.eval(context, expr, &Type::Any);
        let place = context.base.span(expr.range);
        match &value.kind {
            Kind::Text(_) | Kind::Raw(_) | Kind::Pieces(_) | Kind::Poison | Kind::Opaque(_) => {
                Value { span: place, ..value }
            }
            // `ready(process)` as a part of an order.
            Kind::Struct(inner) if inner.decl.name == "Ready" => Value { span: place, ..value },
            Kind::Struct(inner) if inner.decl.name == "Process" => {
                let name = inner
                    .decl
                    .field("name")
                    .and_then(|index| match inner.slot(index) {
                        Slot::Set(name) => Some(name.clone()),
                        Slot::Default | Slot::Cleared => None,
                    });
                match name {
                    Some(name) => Value {
                        span: place,
                        ..name.with_attributes_of(&value)
                    },
                    None => Value::poison(place),
                }
            }
            other => {
                let message = format!(
                    "an order is made of processes or their names, this is {}",
                    describe(other)
                );
                let error =
                    Diagnostic::new(&codes::type_mismatch, place, message).label("a process is needed here");
                self.sink.push(match other {
                    Kind::List(_) => error.help("for each element: `[m -> last for m in list]`"),
                    _ => error,
                });
                Value::poison(place)
            }
        }
    }

    /// `ready(process)`: the moment at which it says that it is ready.
    fn ready(&mut self, context: &Context<'p>, expr: &'p Expr, span: Span) -> Value<'p> {
        let name = self.process_name(context, expr);
        let Some(decl) = self.prelude_struct("Ready") else {
            return Value::poison(span);
        };
        if name.is_poison() {
            return Value::poison(span);
        }
        let mut inner = StructValue::new(decl.clone(), span);
        if let Some(index) = decl.field("process") {
            inner.set(index, name);
        }
        Value::new(Kind::Struct(Rc::new(inner)), span)
    }

    /// `limit(2)`: the scheduling constraint `limit:2`.
    fn limit(&mut self, context: &Context<'p>, expr: &'p Expr, span: Span) -> Value<'p> {
        match self.typed(context, expr, &Type::Integer).kind {
            Kind::Int(count) if count > 0 => Value::new(Kind::Raw(format!("limit:{count}").into()), span),
            Kind::Int(_) => {
                let message = "a limit is at least 1";
                self.sink
                    .push(Diagnostic::new(&codes::out_of_range, span, message));
                Value::poison(span)
            }
            Kind::Poison => Value::poison(span),
            _ => Value::new(Kind::opaque(Type::String), span),
        }
    }

    /// `none_of("a", "b")`: the scheduling constraint `!a,b`.
    fn none_of(&mut self, context: &Context<'p>, args: &'p [Arg], span: Span) -> Value<'p> {
        let mut values: Vec<Rc<str>> = Vec::with_capacity(args.len());
        for arg in args {
            match self.known(context, &arg.value).kind {
                Kind::Raw(text) => values.push(text),
                Kind::Opaque(_) => return Value::new(Kind::opaque(Type::String), span),
                Kind::Poison => return Value::poison(span),
                other => {
                    let place = context.base.span(arg.value.range);
                    return self.wrong_argument("none_of", "texts", &other, place);
                }
            }
        }
        Value::new(Kind::Raw(format!("!{}", values.join(",")).into()), span)
    }

    fn len(&mut self, context: &Context<'p>, expr: &'p Expr, span: Span) -> Value<'p> {
        let value = self.known(context, expr);
        let count = match &value.kind {
            Kind::List(items) => items.len(),
            Kind::Map(pairs) => pairs.len(),
            Kind::Namespace(entries) => entries.len(),
            Kind::Raw(text) => text.chars().count(),
            Kind::Poison => return Value::poison(span),
            Kind::Opaque(_) => return Value::new(Kind::opaque(Type::Integer), span),
            other => {
                return self.wrong_argument(
                    "len",
                    "a list, a map or a text",
                    other,
                    context.base.span(expr.range),
                );
            }
        };
        Value::new(Kind::Int(count as i64), span)
    }

    fn keys(&mut self, context: &Context<'p>, expr: &'p Expr, span: Span) -> Value<'p> {
        let value = self.eval(context, expr, &Type::Any);
        let keys = match &value.kind {
            Kind::Map(pairs) => pairs.iter().map(|(key, _)| key.clone()).collect(),
            Kind::Namespace(entries) => entries
                .iter()
                .map(|(key, item)| Value::new(Kind::Raw(key.as_str().into()), item.span))
                .collect(),
            Kind::Poison => return Value::poison(span),
            Kind::Opaque(_) => return Value::new(Kind::opaque(Type::List(Rc::new(Type::String))), span),
            other => return self.wrong_argument("keys", "a map", other, context.base.span(expr.range)),
        };
        Value::new(Kind::List(Rc::new(keys)), span)
    }

    fn join_texts(
        &mut self,
        context: &Context<'p>,
        list: &'p Expr,
        separator: &'p Expr,
        span: Span,
    ) -> Value<'p> {
        let list_value = self.typed(context, list, &Type::List(Rc::new(Type::String)));
        let separator = self.known(context, separator);
        let (Kind::List(items), Kind::Raw(separator)) = (&list_value.kind, &separator.kind) else {
            return match (&list_value.kind, &separator.kind) {
                (Kind::Opaque(_), _) | (_, Kind::Opaque(_)) => Value::new(Kind::opaque(Type::String), span),
                _ => Value::poison(span),
            };
        };
        if !self.may_step(items.len(), span) {
            return Value::poison(span);
        }
        let mut parts: Vec<Rc<str>> = Vec::with_capacity(items.len());
        for item in items.iter() {
            let known = self.known_text(&item.clone().behind(&list_value.scopes));
            match known.kind {
                Kind::Raw(text) => parts.push(text),
                Kind::Opaque(_) => return Value::new(Kind::opaque(Type::String), span),
                _ => return Value::poison(span),
            }
        }
        let length = parts.iter().map(|part| part.len() + separator.len()).sum();
        if !self.may_grow(length, length, span) {
            return Value::poison(span);
        }
        let joined = Kind::Raw(parts.join(separator).into());
        for part in parts {
            self.taint_carry(&Kind::Raw(part), &joined);
        }
        Value::new(joined, span)
    }

    fn file(&mut self, context: &Context<'p>, expr: &'p Expr, span: Span, part: FilePart) -> Value<'p> {
        let path = self.known(context, expr);
        let place = context.base.span(expr.range);
        let written = match &path.kind {
            Kind::Raw(text) => text.to_string(),
            Kind::Poison => return Value::poison(span),
            Kind::Opaque(_) => return Value::new(Kind::opaque(Type::String), span),
            other => return self.wrong_argument("file", "a path", other, place),
        };
        let importer = self
            .program
            .modules
            .get(context.module as usize)
            .map_or("", |module| module.path.as_str());
        let Some(full) = join(importer, &written) else {
            self.sink
                .push(read_fault(&written, place, &crate::ReadError::OutsideRoot));
            return Value::poison(span);
        };
        let kind = match part {
            FilePart::Content => crate::EdgeKind::Content,
            FilePart::Hash => crate::EdgeKind::Hash,
        };
        self.reads.insert((place, full.clone()), kind);
        if !self.files.contains_key(&full) {
            let content = self.read_file(&full, place);
            self.files.insert(full.clone(), content);
        }
        let Some(Some((text, hash))) = self.files.get(&full) else {
            return Value::poison(span);
        };
        match part {
            FilePart::Hash => Value::new(Kind::Raw(hash.as_str().into()), span),
            FilePart::Content => match text.clone() {
                Some(text) => self.content(&full, text, place, span),
                None => {
                    let message = format!("`{full}` is not UTF-8 text");
                    let error = Diagnostic::new(&codes::not_text, place, message);
                    self.sink
                        .push(error.help("only text can stand in a plan; fetch other files with a process"));
                    Value::poison(span)
                }
            },
        }
    }

    /// The content of a file, counted when it is first asked for.
    fn content(&mut self, path: &str, text: Rc<str>, place: Span, span: Span) -> Value<'p> {
        if !self.contents.contains(path) {
            if !self.may_grow(text.len(), text.len(), place) {
                return Value::poison(span);
            }
            self.contents.insert(path.to_string());
        }
        Value::new(Kind::Raw(text), span)
    }

    fn read_file(&mut self, path: &str, place: Span) -> Option<ReadFile> {
        match self.host.read(path) {
            Ok(bytes) => {
                let hash = sha256_hex(&bytes);
                Some((String::from_utf8(bytes).ok().map(Rc::from), hash))
            }
            Err(error) => {
                self.sink.push(read_fault(path, place, &error));
                None
            }
        }
    }

    fn wrong_argument(&mut self, name: &str, takes: &str, found: &Kind<'p>, place: Span) -> Value<'p> {
        let message = format!("`{name}` takes {takes}, this is {}", describe(found));
        self.sink
            .push(Diagnostic::new(&codes::type_mismatch, place, message));
        Value::poison(place)
    }

    /// Evaluates an expression whose text must be known now: mustaches are resolved with what the
    /// value itself carries.
    pub(crate) fn known(&mut self, context: &Context<'p>, expr: &'p Expr) -> Value<'p> {
        let value = self.eval(context, expr, &Type::Any);
        if matches!(value.kind, Kind::Text(_) | Kind::Pieces(_) | Kind::Raw(_)) {
            let place = context.base.span(expr.range);
            return Value {
                span: place,
                ..self.known_text(&value)
            };
        }
        value
    }

    /// Resolves a text as far as its own bindings go; an open name is reported.
    pub(super) fn known_text(&mut self, value: &Value<'p>) -> Value<'p> {
        if let Some(text) = finished_text(&value.kind) {
            let known = Value::new(Kind::Raw(text.as_ref().into()), value.span);
            self.taint_carry(&value.kind, &known.kind);
            return known;
        }
        if !matches!(value.kind, Kind::Text(_)) {
            return value.clone();
        }
        let env = self.root_env();
        let settled = self.settle(value, &env, crate::resolve::Judge::Known);
        match settled.kind {
            Kind::Pieces(_) => Value::new(Kind::opaque(Type::String), value.span),
            _ => settled,
        }
    }
}

#[derive(Clone, Copy)]
enum FilePart {
    Content,
    Hash,
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// `name`, `a.b`, `m[key].x`: what a mustache can ask for.
fn is_address(name: &str) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut rest = name;
    let mut is_first = true;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[').filter(|_| !is_first) {
            let Some((index, after)) = inner.split_once(']') else {
                return false;
            };
            if index.is_empty()
                || !index
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
            {
                return false;
            }
            rest = after;
        } else {
            let word_text = if is_first {
                rest
            } else if let Some(after) = rest.strip_prefix('.') {
                after
            } else {
                return false;
            };
            let end = word_text.find(['.', '[']).unwrap_or(word_text.len());
            let (word, after) = word_text.split_at(end);
            if !is_word(word) {
                return false;
            }
            rest = after;
        }
        is_first = false;
    }
    !is_first
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses() {
        for good in ["a", "a.b", "_x1", "q[k].v", "m[a.b/c-d]"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "a-b", "1a", "a.", ".a", "a[]", "a[b", "a b", "a[b]c"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
