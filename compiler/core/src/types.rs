//! Types, and the declarations they name.

use std::fmt;
use std::rc::Rc;

use aur_diagnostics::Span;
use aur_grammar::tree;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use crate::program::Def;
use crate::value::Base;

#[derive(Clone, Debug)]
pub(crate) enum Type<'p> {
    /// Anything; also where a type could not be read.
    Any,
    String,
    Integer,
    Float,
    Boolean,
    Bytes,
    Duration,
    List(Rc<Type<'p>>),
    Map(Rc<(Type<'p>, Type<'p>)>),
    /// By name; the declaration is looked up, so that structs may hold themselves.
    Struct(Def, SmolStr),
    Enum(Rc<EnumDecl>),
    Union(Rc<Vec<Type<'p>>>),
    Optional(Rc<Type<'p>>),
    Refined(Rc<Type<'p>>, Rule<'p>),
}

/// What a refinement asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule<'p> {
    pub(crate) expr: &'p tree::Expr,
    pub(crate) base: Base,
    pub(crate) module: u32,
}

#[derive(Debug)]
pub(crate) struct StructDecl<'p> {
    pub(crate) def: Def,
    pub(crate) name: SmolStr,
    pub(crate) module: u32,
    pub(crate) base: Base,
    pub(crate) span: Span,
    pub(crate) fields: Vec<FieldDecl<'p>>,
    /// Places in `fields` by name: lowering asks for each field of each struct.
    pub(crate) places: FxHashMap<SmolStr, usize>,
    pub(crate) checks: &'p [tree::CheckRule],
}

#[derive(Debug)]
pub(crate) struct FieldDecl<'p> {
    pub(crate) name: SmolStr,
    pub(crate) ty: Type<'p>,
    pub(crate) is_optional: bool,
    pub(crate) default: Option<&'p tree::Expr>,
    /// Whether bash reads what it holds.
    pub(crate) is_shell: bool,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct EnumDecl {
    pub(crate) def: Def,
    pub(crate) name: SmolStr,
    pub(crate) members: Vec<SmolStr>,
}

impl StructDecl<'_> {
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Whether a value must give this field.
    pub(crate) fn requires(&self, name: &str) -> bool {
        let field = self.field(name).and_then(|place| self.fields.get(place));
        field.is_some_and(|field| !field.is_optional && field.default.is_none())
    }
}

impl<'p> Type<'p> {
    /// The type without the outermost `?`, and whether there was one; `T? where ..` has it inside.
    pub(crate) fn split_optional(self) -> (Self, bool) {
        match self {
            Self::Optional(inner) => ((*inner).clone(), true),
            Self::Refined(inner, rule) => {
                let (inner, is_optional) = (*inner).clone().split_optional();
                (Self::Refined(Rc::new(inner), rule), is_optional)
            }
            other => (other, false),
        }
    }

    /// Whether a text can be read as a value of the type.
    pub(crate) fn is_simple(&self) -> bool {
        match self {
            Self::Any
            | Self::String
            | Self::Integer
            | Self::Float
            | Self::Boolean
            | Self::Bytes
            | Self::Duration
            | Self::Enum(_) => true,
            Self::List(_) | Self::Map(_) | Self::Struct(..) => false,
            Self::Union(types) => types.iter().any(Self::is_simple),
            Self::Optional(inner) | Self::Refined(inner, _) => inner.is_simple(),
        }
    }

    /// The type without `?` and refinements.
    pub(crate) fn plain(&self) -> &Self {
        match self {
            Self::Optional(inner) | Self::Refined(inner, _) => inner.plain(),
            other => other,
        }
    }
}

/// How many alternatives of a union are shown.
const SHOWN_ALTERNATIVES: usize = 12;

/// How deep a type is shown; what is deeper is `..`.
const SHOWN_DEPTH: usize = 5;

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, SHOWN_DEPTH)
    }
}

impl Type<'_> {
    fn show(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let Some(inside) = depth.checked_sub(1) else {
            return f.write_str("..");
        };
        match self {
            Self::Any => f.write_str("any type"),
            Self::String => f.write_str("String"),
            Self::Integer => f.write_str("Integer"),
            Self::Float => f.write_str("Float"),
            Self::Boolean => f.write_str("Boolean"),
            Self::Bytes => f.write_str("Bytes"),
            Self::Duration => f.write_str("Duration"),
            Self::List(element) => {
                f.write_str("List[")?;
                element.show(f, inside)?;
                f.write_str("]")
            }
            Self::Map(pair) => {
                f.write_str("Map[")?;
                pair.0.show(f, inside)?;
                f.write_str(", ")?;
                pair.1.show(f, inside)?;
                f.write_str("]")
            }
            Self::Struct(_, name) => f.write_str(name),
            Self::Enum(decl) => f.write_str(&decl.name),
            Self::Union(types) => {
                for (i, ty) in types.iter().take(SHOWN_ALTERNATIVES).enumerate() {
                    f.write_str(if i == 0 { "" } else { " | " })?;
                    ty.show(f, inside)?;
                }
                f.write_str(if types.len() > SHOWN_ALTERNATIVES {
                    " | .."
                } else {
                    ""
                })
            }
            Self::Optional(inner) => {
                inner.show(f, depth)?;
                f.write_str("?")
            }
            Self::Refined(inner, _) => inner.show(f, depth),
        }
    }
}
