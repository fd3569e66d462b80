//! A program seen from a place in its entry file: what stands around the place, evaluated as far as needed.

use std::rc::Rc;
use std::sync::Arc;

use aur_diagnostics::FileId;
use aur_grammar::tree::{Expr, ItemKind, ItemNode, Member, TypeExpr};
use smol_str::SmolStr;

use super::frames::{Bytes, Cursor, Entry, Frame, FrameKind, ItemWord, Mode};
use crate::ENTRY_MODULE;
use crate::eval::{Compiler, Context, Function};
use crate::program::{Def, PRELUDE_MODULE, Program};
use crate::types::{StructDecl, Type};
use crate::value::{Base, Kind, StructValue, Value};

/// A written type is read as that of an alias.
const ALIAS: &str = "type T = ";

/// The expressions and types around a place that may have to be evaluated.
pub(super) struct Parsed {
    exprs: Vec<(Bytes, Expr)>,
    types: Vec<(Bytes, Arc<ItemNode>)>,
}

impl Parsed {
    /// Reads what stands around the place; `more` are further expressions.
    pub(super) fn new(cursor: &Cursor<'_>, more: &[Bytes]) -> Self {
        let mut exprs = more.to_vec();
        let mut types = Vec::new();
        for (depth, frame) in cursor.frames.iter().enumerate() {
            exprs.extend(frame.head);
            exprs.extend(frame.receiver);
            exprs.extend(cursor.visible_clauses(frame).map(|clause| clause.list));
            for (index, entry) in frame.entries.iter().enumerate() {
                types.extend(entry.ty.filter(|_| Some(index) == frame.current));
                let is_here = Some(index) == frame.current && depth + 1 < cursor.frames.len();
                if !is_here && frame.kind == FrameKind::Record && is_name(cursor, entry, "processes") {
                    exprs.push(entry.value);
                }
            }
        }
        exprs.sort();
        exprs.dedup();
        let read = |bytes: Bytes| {
            let (expr, _) = aur_grammar::parse_expr(bytes.of(cursor.text));
            (bytes, expr)
        };
        let read_type = |bytes: Bytes| {
            let text = format!("{ALIAS}{}", bytes.of(cursor.text).trim());
            (bytes, Arc::new(aur_grammar::parse_item(&text)))
        };
        Self {
            exprs: exprs.into_iter().map(read).collect(),
            types: types.into_iter().map(read_type).collect(),
        }
    }

    pub(super) fn expr(&self, bytes: Bytes) -> Option<&Expr> {
        let found = self.exprs.iter().find(|(own, _)| *own == bytes);
        found.map(|(_, expr)| expr)
    }

    fn written_type(&self, bytes: Bytes) -> Option<&TypeExpr> {
        let (_, node) = self.types.iter().find(|(own, _)| *own == bytes)?;
        match &node.kind {
            ItemKind::Alias { ty, .. } => Some(ty),
            _ => None,
        }
    }
}

fn is_name(cursor: &Cursor<'_>, entry: &Entry, name: &str) -> bool {
    matches!(entry.path.as_slice(), [own] if own.of(cursor.text) == name)
}

pub(super) struct View<'p> {
    pub(super) compiler: Compiler<'p>,
    pub(super) program: &'p Program,
    pub(super) cursor: &'p Cursor<'p>,
    pub(super) parsed: &'p Parsed,
    /// Values of the heads, by depth.
    heads: Vec<Option<Value<'p>>>,
}

impl<'p> View<'p> {
    pub(super) fn new(mut compiler: Compiler<'p>, cursor: &'p Cursor<'p>, parsed: &'p Parsed) -> Self {
        compiler.gather_inputs();
        Self {
            program: compiler.program,
            compiler,
            cursor,
            parsed,
            heads: vec![None; cursor.frames.len()],
        }
    }

    fn file(&self) -> FileId {
        let entry = self.program.modules.get(ENTRY_MODULE as usize);
        entry.map_or(FileId(0), |module| module.file)
    }

    pub(super) fn frame(&self, depth: usize) -> Option<&'p Frame> {
        self.cursor.frames.get(depth)
    }

    /// How deep the frame is that the place is in.
    pub(super) fn depth(&self) -> usize {
        self.cursor.frames.len().saturating_sub(1)
    }

    /// What an expression within a frame sees: the names of comprehensions and, in a `check`, the fields.
    pub(super) fn context(&mut self, depth: usize) -> Context<'p> {
        let mut context = Context::new(ENTRY_MODULE, self.base(Bytes::default()));
        for frame in self.cursor.frames.iter().take(depth + 1) {
            if frame.kind == FrameKind::Struct && frame.mode == Mode::Check {
                for entry in &frame.entries {
                    if let Some(name) = entry.path.first() {
                        let unknown = Value::new(Kind::opaque(Type::Any), context.base.span(span_of(*name)));
                        let span = unknown.span;
                        context = context.with_local(name.of(self.cursor.text).into(), unknown, span);
                    }
                }
            }
            for clause in self.cursor.visible_clauses(frame) {
                let Some(name) = clause.name else { continue };
                let list = self.eval_in(&context, clause.list);
                let element = match list.kind {
                    Kind::List(items) => items.first().cloned(),
                    Kind::Opaque(ty) => match ty.plain() {
                        Type::List(element) => Some(Value::new(Kind::opaque((**element).clone()), list.span)),
                        _ => None,
                    },
                    _ => None,
                };
                let unknown = || Value::new(Kind::opaque(Type::Any), context.base.span(span_of(name)));
                let name: SmolStr = name.of(self.cursor.text).into();
                let element = element.unwrap_or_else(unknown);
                let span = element.span;
                context = context.with_local(name, element, span);
            }
        }
        context
    }

    /// The names that [`Self::context`] adds to those of the file.
    pub(super) fn local_names(&self) -> Vec<&'p str> {
        let mut names = Vec::new();
        for frame in &self.cursor.frames {
            if frame.kind == FrameKind::Struct && frame.mode == Mode::Check {
                names.extend(
                    frame
                        .entries
                        .iter()
                        .filter_map(|entry| entry.path.first().copied()),
                );
            }
            names.extend(
                self.cursor
                    .visible_clauses(frame)
                    .filter_map(|clause| clause.name),
            );
        }
        let text = self.cursor.text;
        names.into_iter().map(|name| name.of(text)).collect()
    }

    fn base(&self, bytes: Bytes) -> Base {
        Base {
            file: self.file(),
            offset: bytes.start,
        }
    }

    fn eval_in(&mut self, context: &Context<'p>, bytes: Bytes) -> Value<'p> {
        let base = self.base(bytes);
        let Some(expr) = self.parsed.expr(bytes) else {
            return Value::poison(base.span(span_of(Bytes::default())));
        };
        let context = Context {
            base,
            ..context.clone()
        };
        self.compiler.eval(&context, expr, &Type::Any)
    }

    /// Evaluates an expression that stands in a frame.
    pub(super) fn eval(&mut self, depth: usize, bytes: Bytes) -> Value<'p> {
        let context = self.context(depth);
        self.eval_in(&context, bytes)
    }

    /// The value before the bracket of a frame.
    pub(super) fn head(&mut self, depth: usize) -> Option<Value<'p>> {
        if let Some(known) = self.heads.get(depth).cloned().flatten() {
            return Some(known);
        }
        let head = self.frame(depth)?.head?;
        let value = self.eval(depth.saturating_sub(1), head);
        if let Some(slot) = self.heads.get_mut(depth) {
            *slot = Some(value.clone());
        }
        Some(value)
    }

    /// The struct that a frame builds or copies, and the value that is copied.
    pub(super) fn record(
        &mut self,
        depth: usize,
    ) -> Option<(Rc<StructDecl<'p>>, Option<Rc<StructValue<'p>>>)> {
        match self.frame(depth)?.kind {
            FrameKind::Record => match self.head(depth)?.kind {
                Kind::StructType(decl) => Some((decl, None)),
                Kind::Struct(inner) => Some((inner.decl.clone(), Some(inner))),
                Kind::Opaque(ty) => Some((self.decl_of(&ty)?, None)),
                _ => None,
            },
            FrameKind::Map => {
                let want = self.want_inside(depth.checked_sub(1)?);
                Some((self.decl_of(&want)?, None))
            }
            _ => None,
        }
    }

    /// The declaration of a struct type.
    pub(super) fn decl_of(&mut self, ty: &Type<'p>) -> Option<Rc<StructDecl<'p>>> {
        match ty.plain() {
            Type::Struct(def, _) => self.compiler.struct_decl(*def),
            _ => None,
        }
    }

    /// The type of what is being given in a frame.
    pub(super) fn want_inside(&mut self, depth: usize) -> Type<'p> {
        let Some(frame) = self.frame(depth) else {
            return Type::Any;
        };
        let current = frame.current.and_then(|at| frame.entries.get(at));
        match frame.kind {
            FrameKind::Item => self.want_of_item(frame, current),
            FrameKind::Struct if frame.mode == Mode::Check => Type::Boolean,
            FrameKind::Struct => match current.and_then(|entry| entry.ty) {
                Some(ty) => self.written_type(ty),
                None => Type::Any,
            },
            FrameKind::Record => match current {
                Some(entry) => self.want_of_field(depth, &entry.path),
                None => Type::Any,
            },
            FrameKind::Map => self.want_of_key(depth, current),
            FrameKind::List => match depth.checked_sub(1) {
                Some(outer) => element_of(&self.want_inside(outer)),
                None => Type::Any,
            },
            FrameKind::Group => match depth.checked_sub(1) {
                Some(outer) => self.want_inside(outer),
                None => Type::Any,
            },
            FrameKind::Call => self.want_of_argument(frame, current),
            FrameKind::Test => Type::Boolean,
            FrameKind::Index | FrameKind::Enum | FrameKind::TypeArguments | FrameKind::Annotation => {
                Type::Any
            }
        }
    }

    fn want_of_item(&mut self, frame: &Frame, current: Option<&Entry>) -> Type<'p> {
        if frame.word == Some(ItemWord::Check) {
            return Type::Boolean;
        }
        if let Some(ty) = current.and_then(|entry| entry.ty) {
            return self.written_type(ty);
        }
        let name = frame.name.map_or("", |name| name.of(self.cursor.text));
        self.compiler.expected_of(name)
    }

    /// Reads a written type.
    fn written_type(&mut self, bytes: Bytes) -> Type<'p> {
        let parsed = self.parsed;
        match parsed.written_type(bytes) {
            Some(ty) => {
                let offset = bytes.start.saturating_sub(ALIAS.len() as u32);
                let base = Base {
                    file: self.file(),
                    offset,
                };
                self.compiler.resolve_type(ENTRY_MODULE, base, ty)
            }
            None => Type::Any,
        }
    }

    /// The type of the field that a path leads to.
    fn want_of_field(&mut self, depth: usize, path: &[Bytes]) -> Type<'p> {
        let Some((decl, _)) = self.record(depth) else {
            return Type::Any;
        };
        let mut ty = Type::Struct(decl.def, decl.name.clone());
        for step in path {
            let name = step.of(self.cursor.text);
            ty = match (self.decl_of(&ty), ty.plain()) {
                (Some(decl), _) => match decl.field(name).and_then(|at| decl.fields.get(at)) {
                    Some(field) if field.is_optional => Type::Optional(Rc::new(field.ty.clone())),
                    Some(field) => field.ty.clone(),
                    None => return Type::Any,
                },
                (None, Type::Map(pair)) => pair.1.clone(),
                _ => return Type::Any,
            };
        }
        ty
    }

    fn want_of_key(&mut self, depth: usize, current: Option<&Entry>) -> Type<'p> {
        let Some(outer) = depth.checked_sub(1) else {
            return Type::Any;
        };
        let want = self.want_inside(outer);
        let key = current.and_then(|entry| entry.path.first());
        match (want.plain(), self.decl_of(&want)) {
            (Type::Map(pair), _) => pair.1.clone(),
            (_, Some(decl)) => {
                let name = key.map_or("", |key| key.of(self.cursor.text));
                let field = decl.field(name).and_then(|at| decl.fields.get(at));
                field.map_or(Type::Any, |field| field.ty.clone())
            }
            _ => Type::Any,
        }
    }

    fn want_of_argument(&mut self, frame: &Frame, current: Option<&Entry>) -> Type<'p> {
        let name = current.and_then(|entry| entry.path.first());
        let name = name.map(|name| name.of(self.cursor.text));
        let Some(function) = self.function(frame) else {
            return Type::Any;
        };
        match (name, function.name) {
            (Some(name), "concat" | "combine") => {
                let task = self.compiler.prelude_struct("Task");
                let field = task.as_ref().and_then(|task| task.fields.get(task.field(name)?));
                field.map_or(Type::Any, |field| field.ty.clone())
            }
            (None, _) => match function
                .parameters
                .get(frame.index)
                .or(function.parameters.first())
            {
                Some(parameter) => self.type_of_library(parameter.ty),
                None => Type::Any,
            },
            (Some(_), _) => Type::Any,
        }
    }

    /// The function that a frame calls, if it is one of the language and not `bind`.
    pub(super) fn function(&self, frame: &Frame) -> Option<&'static Function> {
        let name = frame.head?.of(self.cursor.text);
        self.program
            .lookup(ENTRY_MODULE, name)
            .is_none()
            .then(|| Function::find(name))
            .flatten()
    }

    /// A type of the table of functions.
    pub(super) fn type_of_library(&mut self, written: &str) -> Type<'p> {
        if let Some(element) = written
            .strip_prefix("List[")
            .and_then(|rest| rest.strip_suffix(']'))
        {
            return Type::List(Rc::new(self.type_of_library(element)));
        }
        match written {
            "String" => Type::String,
            "Integer" => Type::Integer,
            "Any" => Type::Any,
            name => self.compiler.prelude_type(name).unwrap_or(Type::Any),
        }
    }

    /// How a definition is called in the entry file: by its name, or behind that of a namespace.
    pub(super) fn visible_name(&self, def: Def, name: &str) -> Option<String> {
        if self.program.lookup(ENTRY_MODULE, name) == Some(def) {
            return Some(name.to_string());
        }
        let entry = self.program.modules.get(ENTRY_MODULE as usize)?;
        entry.names.iter().find_map(|(space, own)| {
            let Def::Module(module) = own else { return None };
            let found = self.program.modules.get(*module as usize)?.names.get(name)?;
            (*found == def).then(|| format!("{space}.{name}"))
        })
    }

    /// Whether a definition belongs to the standard library.
    pub(super) fn is_library(&self, def: Def) -> bool {
        matches!(def, Def::Item { module, .. } if module == PRELUDE_MODULE)
    }
}

/// Where a member of a struct is written.
pub(super) fn member<'p>(program: &'p Program, of: Def, name: &str) -> Option<&'p Member> {
    let Def::Item { module, item } = of else {
        return None;
    };
    let (item, _) = program.item(module, item)?;
    match &item.node.kind {
        ItemKind::Struct(own) => own.members.iter().find(|member| member.name.name == name),
        _ => None,
    }
}

/// The doc comment of a member of an enum.
pub(super) fn enum_member_doc<'p>(program: &'p Program, of: Def, name: &str) -> Option<&'p str> {
    let Def::Item { module, item } = of else {
        return None;
    };
    let (item, _) = program.item(module, item)?;
    match &item.node.kind {
        ItemKind::Enum { members, docs, .. } => {
            let at = members.iter().position(|member| member.name == name)?;
            docs.get(at)?.as_deref()
        }
        _ => None,
    }
}

/// What is written somewhere, on one line and not too long.
pub(super) fn written(program: &Program, base: Base, range: aur_grammar::tree::Range) -> String {
    one_line(program.sources.text(base.span(range)))
}

/// The range of bytes that are counted from 0.
fn span_of(bytes: Bytes) -> aur_grammar::tree::Range {
    aur_grammar::tree::Range::new(bytes.start, bytes.end)
}

/// The type of the elements of a list.
pub(super) fn element_of<'p>(want: &Type<'p>) -> Type<'p> {
    match want.plain() {
        Type::List(element) => (**element).clone(),
        Type::Union(types) => match types.iter().find(|ty| matches!(ty.plain(), Type::List(_))) {
            Some(list) => element_of(list),
            None => Type::Any,
        },
        _ => Type::Any,
    }
}

/// A text on one line, cut where it is long.
pub(super) fn one_line(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > LONGEST * 4 {
            break;
        }
    }
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}..", words.get(..end).unwrap_or("")),
        None => words,
    }
}
