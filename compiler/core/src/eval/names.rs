//! What a written name stands for, and which name was probably meant.

use aur_diagnostics::{Applicability, Diagnostic, Span, codes, nearest};
use aur_grammar::tree::{self, Expr, ExprKind};
use smol_str::SmolStr;

use super::{BUILTINS, Compiler, Context};
use crate::facts::Target;
use crate::program::Def;
use crate::types::Type;
use crate::value::{Kind, Value};

/// What a name is needed for; only names that could serve are suggested for one that is not defined.
#[derive(Clone, Copy)]
pub(super) enum Sought<'a, 'p> {
    /// A value that fits a type.
    Value(&'a Type<'p>),
    /// A struct, or a value to copy: the head of a record.
    Head,
    /// A function.
    Function,
}

impl<'p> Compiler<'p> {
    /// Evaluates the head of a record or the function of a call.
    pub(super) fn eval_sought(
        &mut self,
        context: &Context<'p>,
        expr: &'p Expr,
        sought: Sought<'_, 'p>,
    ) -> Value<'p> {
        match &expr.kind {
            ExprKind::Name(name) => self.name(context, name, sought, context.base.span(expr.range)),
            _ => self.eval(context, expr, &Type::Any),
        }
    }

    pub(super) fn name(
        &mut self,
        context: &Context<'p>,
        name: &SmolStr,
        sought: Sought<'_, 'p>,
        span: Span,
    ) -> Value<'p> {
        if name.is_empty() {
            return Value::poison(span);
        }
        if let Some(local) = context.local(name) {
            self.note_use(span, Target::Named(local.place));
            return local.value.clone().at(span);
        }
        if let Some(def) = self.program.lookup(context.module, name) {
            return self.definition(def, span);
        }
        if BUILTINS.contains(&name.as_str()) {
            return Value::new(Kind::Builtin(name.clone()), span);
        }
        if !self.is_broken_name(context.module, name) {
            let near = nearest(name, self.candidates(context, sought)).map(str::to_string);
            let error = Diagnostic::new(&codes::unknown_name, span, format!("`{name}` is not defined"))
                .label("not found in this file, its includes or the standard library");
            self.sink.push(match near {
                _ if foreign_name(name).is_some() => error.help_if(foreign_name(name).map(str::to_string)),
                Some(near) => error.help(format!("did you mean `{near}`?")).fix(
                    format!("write `{near}`"),
                    Applicability::Unsafe,
                    span,
                    near,
                ),
                None => error,
            });
        }
        Value::poison(span)
    }

    /// Names that are visible, finished, and of use here.
    fn candidates<'s>(
        &'s self,
        context: &'s Context<'p>,
        sought: Sought<'s, 'p>,
    ) -> impl Iterator<Item = &'s str> {
        let locals = context
            .local_list()
            .filter(move |local| self.serves(&local.value.kind, sought))
            .map(|local| local.name.as_str());
        let own = self.program.visible(context.module).filter(move |name| {
            let def = self.program.lookup(context.module, name);
            def.is_some_and(|def| !self.open.contains(&def) && self.definition_serves(def, sought))
        });
        let builtins = match sought {
            Sought::Function | Sought::Value(Type::Any) => BUILTINS.as_slice(),
            Sought::Value(_) | Sought::Head => &[],
        };
        locals.chain(own).chain(builtins.iter().copied())
    }

    fn definition_serves(&self, def: Def, sought: Sought<'_, 'p>) -> bool {
        let Def::Item { module, item } = def else {
            return !matches!(sought, Sought::Function);
        };
        let Some((item, _)) = self.program.item(module, item) else {
            return false;
        };
        match (&item.node.kind, sought) {
            (_, Sought::Function) => false,
            (tree::ItemKind::Assign { .. }, _) => self
                .values
                .get(&def)
                .is_none_or(|value| self.serves(&value.kind, sought)),
            (tree::ItemKind::Input { name, .. }, _) => self
                .inputs
                .get(&name.name)
                .is_none_or(|input| self.serves(&input.value.kind, sought)),
            (tree::ItemKind::Struct(_) | tree::ItemKind::Alias { .. }, Sought::Head) => true,
            (tree::ItemKind::Enum { .. }, Sought::Value(ty)) => {
                matches!(ty.plain(), Type::Any | Type::Enum(_))
            }
            (_, Sought::Value(ty)) => matches!(ty.plain(), Type::Any),
            (_, Sought::Head) => false,
        }
    }

    /// Whether a value of this kind could stand where something is sought.
    fn serves(&self, kind: &Kind<'p>, sought: Sought<'_, 'p>) -> bool {
        match sought {
            Sought::Function => false,
            Sought::Head => matches!(
                kind,
                Kind::Struct(_) | Kind::StructType(_) | Kind::Module(_) | Kind::Poison | Kind::Opaque(_)
            ),
            Sought::Value(ty) => could_be(kind, ty),
        }
    }

    /// Whether an item that could not be read probably defines the name.
    fn is_broken_name(&self, module: u32, name: &str) -> bool {
        let Some(module) = self.program.modules.get(module as usize) else {
            return false;
        };
        let Some(file) = self.program.sources.get(module.file) else {
            return false;
        };
        module
            .tree
            .items
            .iter()
            .filter(|item| matches!(item.node.kind, tree::ItemKind::Broken))
            .any(|item| {
                let text = file.text().get(item.offset as usize..).unwrap_or("");
                text.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .take(2)
                    .any(|word| word == name)
            })
    }
}

/// Whether a value of this kind could be made to fit a type.
fn could_be(kind: &Kind<'_>, ty: &Type<'_>) -> bool {
    match (kind, ty) {
        (Kind::Poison | Kind::Opaque(_) | Kind::Module(_), _) | (_, Type::Any) => true,
        (kind, Type::Optional(inner) | Type::Refined(inner, _)) => could_be(kind, inner),
        (kind, Type::Union(types)) => types.iter().any(|ty| could_be(kind, ty)),
        (Kind::Struct(value), Type::Struct(def, _)) => value.decl.def == *def,
        (Kind::Namespace(_), Type::Struct(..) | Type::Map(_))
        | (Kind::List(_), Type::List(_))
        | (Kind::Map(_), Type::Map(_)) => true,
        (Kind::Struct(value), Type::List(_)) => value.decl.name == "Constraint",
        (Kind::EnumType(own), Type::Enum(decl)) | (Kind::Enum(own, _), Type::Enum(decl)) => {
            own.def == decl.def
        }
        (
            Kind::Bool(_)
            | Kind::Int(_)
            | Kind::Float(_)
            | Kind::Bytes(_)
            | Kind::Duration(_)
            | Kind::Enum(..)
            | Kind::Text(_)
            | Kind::Raw(_)
            | Kind::Pieces(_),
            ty,
        ) => ty.is_simple(),
        _ => false,
    }
}

/// What stands here for a name that other languages have.
fn foreign_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "range" => "a range is written `0..9`, both ends included",
        "str" | "tostring" | "string" => "write the value into a text: `\"{{n}}\".bind(n = n)`",
        "int" | "float" | "number" | "bool" => {
            "values are fitted to the type of their place: `count: Integer = \"3\"`"
        }
        "var" | "local" | "locals" | "each" => "names are written as they are: `name`, not `var.name`",
        "yes" | "on" => "write `true`",
        "no" | "off" => "write `false`",
        _ => return None,
    })
}
