//! Records: building a struct, copying with changes, amending, maps, and reading fields.

use std::rc::Rc;

use aur_diagnostics::{Applicability, Diagnostic, Span, codes, nearest};
use aur_grammar::tree::{self, Expr, Field, Ident, Key, Pair, Step};
use smol_str::SmolStr;

use super::coerce::finished_text;
use super::{Compiler, Context, Sought};
use crate::facts::Target;
use crate::program::{Def, near_name};
use crate::resolve::Judge;
use crate::types::{StructDecl, Type};
use crate::value::{Base, Kind, Slot, StructValue, TextRef, Value, describe};

impl<'p> Compiler<'p> {
    /// `head { fields }`
    pub(super) fn record(
        &mut self,
        context: &Context<'p>,
        head: &'p Expr,
        fields: &'p [Field],
        span: Span,
    ) -> Value<'p> {
        let head_value = self.eval_sought(context, head, Sought::Head);
        let place = context.base.span(head.range);
        let (mut inner, scopes) = match head_value.kind {
            Kind::StructType(decl) => {
                let mut built = StructValue::new(decl, span);
                built.slots.reserve_exact(fields.len());
                (built, None)
            }
            Kind::Struct(value) => {
                let copy = value.copy(span);
                (copy, head_value.scopes)
            }
            Kind::Opaque(ref ty) => {
                if let Type::Struct(def, _) = ty.plain()
                    && let Some(decl) = self.struct_decl(*def)
                {
                    let mut unseen = StructValue::new(decl, span);
                    self.fill(context, &mut unseen, fields);
                }
                return head_value.at(span);
            }
            Kind::Poison => {
                // The fields are still worth a look.
                for field in fields {
                    self.eval(context, &field.value, &Type::Any);
                }
                return Value::poison(span);
            }
            other => {
                let message = format!(
                    "only a struct can be followed by `{{ .. }}`, this is {}",
                    describe(&other)
                );
                self.sink
                    .push(Diagnostic::new(&codes::bad_call, place, message).label("not a struct"));
                return Value::poison(span);
            }
        };
        self.fill(context, &mut inner, fields);
        Value {
            kind: Kind::Struct(Rc::new(inner)),
            scopes,
            span,
        }
    }

    fn fill(&mut self, context: &Context<'p>, inner: &mut StructValue<'p>, fields: &'p [Field]) {
        for (i, field) in fields.iter().enumerate() {
            let earlier = fields
                .get(..i)
                .unwrap_or(&[])
                .iter()
                .find(|earlier| same_path(earlier, field));
            if let Some(earlier) = earlier {
                let place = context.base.span(field.name.range);
                let message = format!("`{}` is given twice", field.name.name);
                self.sink.push(
                    Diagnostic::new(&codes::duplicate_field, place, message)
                        .label("given again here")
                        .also(context.base.span(earlier.name.range), "first given here")
                        .help("keep one of them"),
                );
                continue;
            }
            self.fill_field(context, inner, field);
        }
    }

    fn fill_field(&mut self, context: &Context<'p>, inner: &mut StructValue<'p>, field: &'p Field) {
        let decl = inner.decl.clone();
        let Some(index) = self.field_index(&decl, &field.name, context.base) else {
            inner.has_stray_field = true;
            self.eval(context, &field.value, &Type::Any);
            return;
        };
        let Some(declared) = decl.fields.get(index) else {
            return;
        };
        if field.path.is_empty() {
            let value = self.eval(context, &field.value, &declared.ty);
            let value = if matches!(value.kind, Kind::Unset) {
                value
            } else {
                self.coerce(value, &declared.ty, context.base.span(field.value.range))
            };
            self.lint_value(context, &field.value, &value);
            self.lint_field(context, inner, index, field, &value);
            inner.set(index, value);
            return;
        }
        let current = match inner.slot(index) {
            Slot::Set(value) => Some(value.clone()),
            Slot::Default => self.default_of(&decl, index),
            Slot::Cleared => None,
        };
        let place = context.base.span(field.name.range);
        let Some(current) = current.or_else(|| empty_map(&declared.ty, place)) else {
            let message = format!(
                "`{}` is not set, so there is nothing to change in it",
                field.name.name
            );
            self.sink.push(
                Diagnostic::new(&codes::bad_operation, place, message).help(format!(
                    "give it a value: `{} = {} {{ .. }}`",
                    field.name.name, declared.ty
                )),
            );
            self.eval(context, &field.value, &Type::Any);
            return;
        };
        let value = self.amend(context, current, &declared.ty, &field.path, &field.value, place);
        inner.set(index, value);
    }

    /// Changes one leaf below `current`.
    fn amend(
        &mut self,
        context: &Context<'p>,
        current: Value<'p>,
        ty: &Type<'p>,
        path: &'p [Step],
        value: &'p Expr,
        place: Span,
    ) -> Value<'p> {
        let Some((step, rest)) = path.split_first() else {
            let (expr, at) = (value, context.base.span(value.range));
            let value = self.eval(context, value, ty);
            if matches!(value.kind, Kind::Unset) {
                return value;
            }
            let fitted = self.coerce(value, ty, at);
            self.lint_value(context, expr, &fitted);
            return fitted;
        };
        match (&current.kind, step) {
            (Kind::Struct(inner), Step::Name(name)) => {
                let mut copy = inner.copy(inner.span);
                let decl = copy.decl.clone();
                let Some(index) = self.field_index(&decl, name, context.base) else {
                    self.eval(context, value, &Type::Any);
                    return current;
                };
                let Some(declared) = decl.fields.get(index) else {
                    return current;
                };
                let at = context.base.span(name.range);
                let below = match (rest.is_empty(), copy.slot(index)) {
                    (true, _) => Some(Value::new(Kind::Unset, at)),
                    (false, Slot::Set(value)) => Some(value.clone()),
                    (false, Slot::Default) => self
                        .default_of(&decl, index)
                        .or_else(|| empty_map(&declared.ty, at)),
                    (false, _) => empty_map(&declared.ty, at),
                };
                let Some(below) = below else {
                    let message = format!("`{}` is not set, so there is nothing to change in it", name.name);
                    self.sink
                        .push(Diagnostic::new(&codes::bad_operation, at, message));
                    return Value::poison(at);
                };
                let changed = self.amend(context, below, &declared.ty, rest, value, at);
                copy.set(index, changed);
                Value {
                    kind: Kind::Struct(Rc::new(copy)),
                    ..current
                }
            }
            (Kind::Map(pairs), step) => {
                let key: SmolStr = match step {
                    Step::Name(name) => name.name.clone(),
                    Step::Key(text) => match (TextRef {
                        text,
                        base: context.base,
                    })
                    .literal()
                    {
                        Some(key) => key.into(),
                        None => return Value::poison(place),
                    },
                };
                let item_type = match ty.plain() {
                    Type::Map(pair) => pair.1.clone(),
                    _ => Type::Any,
                };
                let mut pairs = pairs.to_vec();
                let found = pairs
                    .iter_mut()
                    .find(|(own, _)| finished_text(&own.kind).is_some_and(|own| own == key.as_str()));
                let below = found
                    .as_ref()
                    .map_or(Value::new(Kind::Unset, place), |(_, item)| item.clone());
                let changed = self.amend(context, below, &item_type, rest, value, place);
                match pairs
                    .iter_mut()
                    .find(|(own, _)| finished_text(&own.kind).is_some_and(|own| own == key.as_str()))
                {
                    Some((_, item)) => *item = changed,
                    None => pairs.push((Value::new(Kind::Raw(key.as_str().into()), place), changed)),
                }
                Value {
                    kind: Kind::Map(Rc::new(pairs)),
                    ..current
                }
            }
            (Kind::Poison | Kind::Opaque(_), _) => {
                self.eval(context, value, &Type::Any);
                current
            }
            (other, _) => {
                let message = format!("there is nothing to change inside of {}", describe(other));
                self.sink.push(
                    Diagnostic::new(&codes::bad_operation, place, message)
                        .help("give the whole value instead"),
                );
                self.eval(context, value, &Type::Any);
                Value::poison(place)
            }
        }
    }

    /// Finds a field, or reports it with the name that was probably meant.
    pub(super) fn field_index(
        &mut self,
        decl: &Rc<StructDecl<'p>>,
        name: &Ident,
        base: Base,
    ) -> Option<usize> {
        if name.name.is_empty() {
            return None;
        }
        let found = decl.field(&name.name);
        match found {
            Some(index) => {
                let at = base.span(name.range);
                self.lint_member_use(decl, index, at);
                if let Some(field) = decl.fields.get(index) {
                    self.note_use(at, Target::Named(field.span));
                }
            }
            None => self.report_unknown_field(decl, name, base),
        }
        found
    }

    fn report_unknown_field(&mut self, decl: &Rc<StructDecl<'p>>, name: &Ident, base: Base) {
        let span = base.span(name.range);
        let names = || decl.fields.iter().map(|field| field.name.as_str());
        let meant = nearest(&name.name, names()).or_else(|| old_name(&decl.name, &name.name));
        let mut error = Diagnostic::new(
            &codes::unknown_field,
            span,
            format!("`{}` has no field `{}`", decl.name, name.name),
        )
        .label("no such field");
        if !self.is_prelude(decl.span) {
            error = error.also(decl.span, format!("`{}` is declared here", decl.name));
        }
        error = match meant {
            Some(meant) => error.help(format!("did you mean `{meant}`?")).fix(
                format!("write `{meant}`"),
                Applicability::Unsafe,
                span,
                meant,
            ),
            None => match self.field_of_part(decl, &name.name) {
                Some(help) => error.help(help),
                None => error.help(format!("its fields are {}", list(names()))),
            },
        };
        self.sink.push(error);
    }

    /// Where a field belongs that was given one level too high.
    fn field_of_part(&mut self, decl: &Rc<StructDecl<'p>>, name: &str) -> Option<String> {
        const PARTS: [(&str, &str, &str, &str); 4] = [
            ("Job", "Task", "task = Task {", "}"),
            ("Job", "Resources", "task = Task { resources = Resources {", "} }"),
            ("Task", "Process", "processes = [Process {", "}]"),
            ("Task", "Resources", "resources = Resources {", "}"),
        ];
        if !self.is_prelude(decl.span) {
            return None;
        }
        PARTS.iter().find_map(|(owner, part, open, close)| {
            let inner = self.prelude_struct(part).filter(|_| decl.name == *owner)?;
            inner.field(name)?;
            Some(format!("it is a field of {part}: `{open} {name} = .. {close}`"))
        })
    }

    /// `{key: value, ..}`: a record, a map or a namespace, as the place expects.
    pub(super) fn map_literal(
        &mut self,
        context: &Context<'p>,
        pairs: &'p [Pair],
        want: &Type<'p>,
        span: Span,
    ) -> Value<'p> {
        self.check_keys(context, pairs);
        match want.plain() {
            Type::Struct(def, _) => match self.struct_decl(*def) {
                Some(decl) => self.record_of_pairs(context, decl, pairs, span),
                None => Value::poison(span),
            },
            Type::Map(types) => {
                let (key_type, value_type) = (**types).clone();
                let mut out = Vec::with_capacity(pairs.len());
                for pair in pairs {
                    let key = match &pair.key {
                        Key::Word(word) => Value::new(
                            Kind::Raw(word.name.as_str().into()),
                            context.base.span(word.range),
                        ),
                        Key::Text(text) => Value::new(
                            Kind::Text(TextRef {
                                text,
                                base: context.base,
                            }),
                            context.base.span(text.range),
                        ),
                    };
                    let place = key.span;
                    let key = self.coerce(key, &key_type, place);
                    out.push((key, self.typed(context, &pair.value, &value_type)));
                }
                Value::new(Kind::Map(Rc::new(out)), span)
            }
            _ => {
                let mut entries = Vec::with_capacity(pairs.len());
                for pair in pairs {
                    if let Some(name) = key_text(&pair.key) {
                        entries.push((name, self.eval(context, &pair.value, &Type::Any)));
                    }
                }
                Value::new(Kind::Namespace(Rc::new(entries)), span)
            }
        }
    }

    fn record_of_pairs(
        &mut self,
        context: &Context<'p>,
        decl: Rc<StructDecl<'p>>,
        pairs: &'p [Pair],
        span: Span,
    ) -> Value<'p> {
        let mut inner = StructValue::new(decl.clone(), span);
        for pair in pairs {
            let ident = match &pair.key {
                Key::Word(word) => word.clone(),
                Key::Text(text) => Ident {
                    name: key_text(&pair.key).unwrap_or_default(),
                    range: text.range,
                },
            };
            let Some(index) = self.field_index(&decl, &ident, context.base) else {
                continue;
            };
            let Some(field) = decl.fields.get(index) else {
                continue;
            };
            let value = self.typed(context, &pair.value, &field.ty);
            inner.set(index, value);
        }
        Value::new(Kind::Struct(Rc::new(inner)), span)
    }

    fn check_keys(&mut self, context: &Context<'p>, pairs: &'p [Pair]) {
        let mut seen: rustc_hash::FxHashMap<SmolStr, tree::Range> = rustc_hash::FxHashMap::default();
        for pair in pairs {
            let Some(key) = key_text(&pair.key) else { continue };
            let range = match &pair.key {
                Key::Word(word) => word.range,
                Key::Text(text) => text.range,
            };
            if let Some(earlier) = seen.insert(key.clone(), range) {
                self.sink.push(
                    Diagnostic::new(
                        &codes::duplicate_field,
                        context.base.span(range),
                        format!("the key `{key}` is given twice"),
                    )
                    .label("given again here")
                    .also(context.base.span(earlier), "first given here"),
                );
            }
        }
    }

    /// `base.name`
    pub(super) fn read_field(&mut self, value: &Value<'p>, name: &Ident, base: Base) -> Value<'p> {
        let span = base.span(name.range);
        match &value.kind {
            Kind::Poison => Value::poison(span),
            Kind::Struct(inner) => {
                let decl = inner.decl.clone();
                let Some(index) = self.field_index(&decl, name, base) else {
                    return Value::poison(span);
                };
                let found = match inner.slot(index) {
                    Slot::Set(found) => Some(found.clone()),
                    Slot::Default => self.default_of(&decl, index),
                    Slot::Cleared => None,
                };
                match (found, decl.fields.get(index)) {
                    (Some(found), Some(field)) => {
                        self.typed_if_known(found.with_attributes_of(value), &field.ty)
                    }
                    _ => Value::new(Kind::Unset, span),
                }
            }
            Kind::Namespace(entries) => match entries.iter().find(|(key, _)| *key == name.name) {
                Some((_, found)) => {
                    self.note_use(span, Target::Named(found.span));
                    found.clone().behind(&value.scopes)
                }
                None => {
                    let help = near_name(&name.name, entries.iter().map(|(key, _)| key.as_str()));
                    let message = format!("there is no `{}` in this map of names", name.name);
                    self.sink
                        .push(Diagnostic::new(&codes::unknown_field, span, message).help_if(help));
                    Value::poison(span)
                }
            },
            Kind::Module(module) => self.read_module(*module, name, span),
            Kind::EnumType(decl) => match decl.members.iter().position(|member| *member == name.name) {
                Some(index) => {
                    if let Some(place) = self.member_place(decl, index) {
                        self.note_use(span, Target::Named(place));
                    }
                    Value::new(Kind::Enum(decl.clone(), index as u32), span)
                }
                None => {
                    let help = near_name(&name.name, decl.members.iter().map(|member| member.as_str()))
                        .or_else(|| Some(format!("its members are {}", decl.members.join(", "))));
                    let message = format!("`{}` has no member `{}`", decl.name, name.name);
                    self.sink.push(
                        Diagnostic::new(&codes::unknown_field, span, message)
                            .label("no such member")
                            .help_if(help),
                    );
                    Value::poison(span)
                }
            },
            Kind::Opaque(ty) => {
                let ty = match ty.plain() {
                    Type::Struct(def, _) => self
                        .struct_decl(*def)
                        .and_then(|decl| {
                            self.field_index(&decl, name, base)
                                .and_then(|i| decl.fields.get(i).map(|f| f.ty.clone()))
                        })
                        .unwrap_or(Type::Any),
                    _ => Type::Any,
                };
                Value::new(Kind::opaque(ty), span)
            }
            other => {
                let message = format!("{} has no fields", describe(other));
                let help = matches!(other, Kind::Map(_))
                    .then(|| format!("read a map with brackets: `[\"{}\"]`", name.name));
                self.sink.push(
                    Diagnostic::new(&codes::unknown_field, span, message)
                        .label("no such field")
                        .help_if(help),
                );
                Value::poison(span)
            }
        }
    }

    /// A number or Boolean written as text is read as what it is, once its names are known.
    fn typed_if_known(&mut self, value: Value<'p>, ty: &Type<'p>) -> Value<'p> {
        if !value.is_template() || matches!(ty.plain(), Type::String | Type::Any) {
            return value;
        }
        let root = self.root_env();
        let settled = self.settle(&value, &root, Judge::Later);
        match settled.kind {
            Kind::Raw(_) => self.coerce_result(settled, ty, value.span),
            _ => value,
        }
    }

    fn read_module(&mut self, module: u32, name: &Ident, span: Span) -> Value<'p> {
        let program = self.program;
        let Some(owner) = program.modules.get(module as usize) else {
            return Value::poison(span);
        };
        match owner.names.get(&name.name).copied() {
            Some(def @ Def::Item { .. }) => self.definition(def, span),
            Some(Def::Module(inner)) => Value::new(Kind::Module(inner), span),
            None => {
                let help = near_name(&name.name, owner.names.keys().map(SmolStr::as_str));
                let message = format!("`{}` defines no `{}`", owner.path, name.name);
                self.sink.push(
                    Diagnostic::new(&codes::unknown_name, span, message)
                        .label("not found in the included file")
                        .help_if(help),
                );
                Value::poison(span)
            }
        }
    }

    /// `base[index]`
    pub(super) fn read_index(
        &mut self,
        context: &Context<'p>,
        value: &Value<'p>,
        index: &'p Expr,
        span: Span,
    ) -> Value<'p> {
        let place = context.base.span(index.range);
        match &value.kind {
            Kind::List(items) => {
                let index = self.typed(context, index, &Type::Integer);
                let Kind::Int(number) = index.kind else {
                    return Value::poison(span);
                };
                let found = usize::try_from(number).ok().and_then(|number| items.get(number));
                match found {
                    Some(found) => found.clone().behind(&value.scopes),
                    None => {
                        let message = format!(
                            "the list has {} elements, there is no number {number}",
                            items.len()
                        );
                        self.sink.push(
                            Diagnostic::new(&codes::bad_operation, place, message)
                                .help("elements are counted from 0"),
                        );
                        Value::poison(span)
                    }
                }
            }
            Kind::Map(_) | Kind::Namespace(_) => {
                let key = self.typed(context, index, &Type::String);
                let Some(key) = finished_text(&key.kind).map(|key| key.to_string()) else {
                    return Value::poison(span);
                };
                match self.entry(&value.kind, &key) {
                    Some(found) => found.behind(&value.scopes),
                    None => {
                        self.sink.push(Diagnostic::new(
                            &codes::bad_operation,
                            place,
                            format!("there is no key `{key}` in this map"),
                        ));
                        Value::poison(span)
                    }
                }
            }
            Kind::Poison => {
                self.eval(context, index, &Type::Any);
                Value::poison(span)
            }
            Kind::Opaque(ty) => {
                self.eval(context, index, &Type::Any);
                let ty = match ty.plain() {
                    Type::List(element) => (**element).clone(),
                    Type::Map(pair) => pair.1.clone(),
                    _ => Type::Any,
                };
                Value::new(Kind::opaque(ty), span)
            }
            other => {
                let message = format!(
                    "only lists and maps are read with brackets, this is {}",
                    describe(other)
                );
                self.sink
                    .push(Diagnostic::new(&codes::type_mismatch, span, message));
                Value::poison(span)
            }
        }
    }
}

pub(crate) fn is_key(own: &Kind<'_>, key: &str) -> bool {
    match finished_text(own) {
        Some(own) => own == key,
        None => super::coerce::simple_text(own).is_some_and(|own| own == key),
    }
}

fn same_path(a: &Field, b: &Field) -> bool {
    let same_step =
        |(a, b): (&Step, &Step)| step_text(a).is_some_and(|a| step_text(b).is_some_and(|b| a == b));
    !a.name.name.is_empty()
        && a.name.name == b.name.name
        && a.path.len() == b.path.len()
        && a.path.iter().zip(&b.path).all(same_step)
}

fn step_text(step: &Step) -> Option<SmolStr> {
    match step {
        Step::Name(name) => Some(name.name.clone()),
        Step::Key(text) => literal_of(text),
    }
}

fn key_text(key: &Key) -> Option<SmolStr> {
    match key {
        Key::Word(word) => Some(word.name.clone()),
        Key::Text(text) => literal_of(text),
    }
}

fn literal_of(text: &tree::Text) -> Option<SmolStr> {
    match text.parts.as_slice() {
        [] => Some(SmolStr::default()),
        [tree::TextPart::Literal { text, .. }] => Some(SmolStr::from(text.as_ref())),
        _ => None,
    }
}

fn empty_map<'p>(ty: &Type<'p>, span: Span) -> Option<Value<'p>> {
    matches!(ty.plain(), Type::Map(_)).then(|| Value::new(Kind::Map(Rc::new(Vec::new())), span))
}

/// The first names of a list that may be long.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<&str> = names.collect();
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN => {
            format!("{} and {} more", first.join(", "), names.len() - SHOWN)
        }
        _ => names.join(", "),
    }
}

/// Names that other systems use for our fields.
fn old_name(decl: &str, name: &str) -> Option<&'static str> {
    match (decl, name) {
        ("Job", "env") => Some("environment"),
        ("Job", "daemon") => Some("service"),
        ("Job", "cron_policy") => Some("cron_collision_policy"),
        ("Job", "health_check_interval_secs") => Some("health_check_config"),
        ("Process", "cmd" | "command" | "run") => Some("cmdline"),
        ("Process", "args" | "exec" | "entrypoint") => Some("argv"),
        ("Process", "environment" | "environ") => Some("env"),
        ("Process", "restart" | "autorestart") => Some("daemon"),
        ("Process", "retries") => Some("max_failures"),
        ("Process", "readiness" | "readiness_probe") => Some("ready"),
        ("Task", "order" | "depends_on") => Some("constraints"),
        ("Job", "replicas" | "count") => Some("instances"),
        ("Resources", "memory" | "mem") => Some("ram"),
        ("Resources", "cpus") => Some("cpu"),
        _ => None,
    }
}
