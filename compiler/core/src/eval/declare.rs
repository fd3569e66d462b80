//! Declarations: structs, enums, and written types.

use std::rc::Rc;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_grammar::tree::{Expr, ExprKind, ItemKind, TypeExpr, TypeKind};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

use super::coerce::{rule_pattern, whole_match};
use super::{Compiler, Context};
use crate::facts::Target;
use crate::program::{Def, PRELUDE_MODULE, near_name};
use crate::types::{EnumDecl, FieldDecl, Rule, StructDecl, Type};
use crate::value::{Base, Value};

/// Types that no struct or enum declares.
pub(crate) const BASIC: [&str; 8] = [
    "String", "Integer", "Float", "Boolean", "Bytes", "Duration", "List", "Map",
];

impl<'p> Compiler<'p> {
    /// The declaration of a struct; made at the first question.
    pub(crate) fn struct_decl(&mut self, def: Def) -> Option<Rc<StructDecl<'p>>> {
        if let Some(decl) = self.structs.get(&def) {
            return decl.clone();
        }
        let Def::Item { module, item } = def else {
            return None;
        };
        let (item, base) = self.program.item(module, item)?;
        let ItemKind::Struct(declared) = &item.node.kind else {
            return None;
        };
        let mut fields: Vec<FieldDecl<'p>> = Vec::new();
        let mut places: FxHashMap<SmolStr, usize> = FxHashMap::default();
        for member in &declared.members {
            let span = base.span(member.name.range);
            let earlier = places.get(&member.name.name).and_then(|place| fields.get(*place));
            if let Some(earlier) = earlier {
                let message = format!("`{}` has two fields `{}`", declared.name.name, member.name.name);
                self.sink.push(
                    Diagnostic::new(&codes::duplicate_name, span, message)
                        .label("declared again here")
                        .also(earlier.span, "first declared here"),
                );
                continue;
            }
            let ty = self.resolve_type(module, base, &member.ty);
            let (ty, is_optional) = ty.split_optional();
            places.insert(member.name.name.clone(), fields.len());
            fields.push(FieldDecl {
                name: member.name.name.clone(),
                ty,
                is_optional,
                default: member.default.as_ref(),
                is_shell: crate::lint::is_shell_field(module, &declared.name.name, &member.name.name),
                span,
            });
        }
        let decl = Rc::new(StructDecl {
            def,
            name: declared.name.name.clone(),
            module,
            base,
            span: base.span(declared.name.range),
            fields,
            places,
            checks: &declared.checks,
        });
        self.structs.insert(def, Some(decl.clone()));
        Some(decl)
    }

    pub(crate) fn enum_decl(&mut self, def: Def) -> Option<Rc<EnumDecl>> {
        let Def::Item { module, item } = def else {
            return None;
        };
        let (item, _) = self.program.item(module, item)?;
        let ItemKind::Enum { name, members, .. } = &item.node.kind else {
            return None;
        };
        let members = members.iter().map(|member| member.name.clone()).collect();
        Some(Rc::new(EnumDecl {
            def,
            name: name.name.clone(),
            members,
        }))
    }

    /// Where a member of an enum is declared.
    pub(crate) fn member_place(&self, decl: &EnumDecl, index: usize) -> Option<Span> {
        let Def::Item { module, item } = decl.def else {
            return None;
        };
        let (item, base) = self.program.item(module, item)?;
        match &item.node.kind {
            ItemKind::Enum { members, .. } => members.get(index).map(|member| base.span(member.range)),
            _ => None,
        }
    }

    /// A type of the prelude by name.
    pub(crate) fn prelude_type(&mut self, name: &str) -> Option<Type<'p>> {
        let def = self.program.lookup(PRELUDE_MODULE, name)?;
        Some(self.named_type(def))
    }

    pub(crate) fn prelude_struct(&mut self, name: &str) -> Option<Rc<StructDecl<'p>>> {
        let def = self.program.lookup(PRELUDE_MODULE, name)?;
        self.struct_decl(def)
    }

    /// The default of a field, evaluated once.
    pub(crate) fn default_of(&mut self, decl: &Rc<StructDecl<'p>>, index: usize) -> Option<Value<'p>> {
        let key = (decl.def, index);
        if let Some(value) = self.defaults.get(&key) {
            return value.clone();
        }
        let field = decl.fields.get(index)?;
        let expr = field.default?;
        // A default that needs itself finds nothing here and is reported as missing where it is used.
        self.defaults.insert(key, None);
        let value = self.typed(&Context::new(decl.module, decl.base), expr, &field.ty);
        self.defaults.insert(key, Some(value.clone()));
        Some(value)
    }

    /// Reads a written type.
    pub(crate) fn resolve_type(&mut self, module: u32, base: Base, ty: &'p TypeExpr) -> Type<'p> {
        match &ty.kind {
            TypeKind::Missing => Type::Any,
            TypeKind::Optional(inner) => Type::Optional(Rc::new(self.resolve_type(module, base, inner))),
            TypeKind::Union(types) => self.resolve_union(module, base, types),
            TypeKind::Where { base: inner, rule } => {
                let inner = self.resolve_type(module, base, inner);
                self.check_rule_form(base, rule);
                Type::Refined(
                    Rc::new(inner),
                    Rule {
                        expr: rule,
                        base,
                        module,
                    },
                )
            }
            TypeKind::Name {
                namespace,
                name,
                args,
            } => {
                let args: Vec<Type<'p>> = args
                    .iter()
                    .map(|arg| self.resolve_type(module, base, arg))
                    .collect();
                let from = match namespace {
                    None => Some(module),
                    Some(namespace) => match self.program.lookup(module, &namespace.name) {
                        Some(Def::Module(module)) => {
                            let def = Target::Def(Def::Module(module));
                            self.note_use(base.span(namespace.range), def);
                            Some(module)
                        }
                        _ => None,
                    },
                };
                if let Some(def) = from.and_then(|from| self.program.lookup(from, &name.name)) {
                    self.note_use(base.span(name.range), Target::Def(def));
                }
                self.type_by_name(from, base, ty, &name.name, args)
            }
        }
    }

    /// `A | B?` is a union that may be unset as a whole; a union in a union gives its alternatives to it.
    fn resolve_union(&mut self, module: u32, base: Base, types: &'p [TypeExpr]) -> Type<'p> {
        let mut alternatives = Vec::with_capacity(types.len());
        let mut is_optional = false;
        for ty in types {
            let place = ty.range;
            let (ty, is_unset_too) = self.resolve_type(module, base, ty).split_optional();
            is_optional |= is_unset_too;
            match ty {
                Type::Union(inner) => {
                    if !self.may_hold(inner.len(), base.span(place)) {
                        return Type::Any;
                    }
                    alternatives.extend(inner.iter().cloned());
                }
                ty => alternatives.push(ty),
            }
        }
        let union = Type::Union(Rc::new(alternatives));
        if is_optional {
            Type::Optional(Rc::new(union))
        } else {
            union
        }
    }

    /// A refinement is a range, a list, or a pattern.
    fn check_rule_form(&mut self, base: Base, rule: &Expr) {
        let span = base.span(rule.range);
        let fault = match &rule.kind {
            ExprKind::Range { .. } | ExprKind::List(_) | ExprKind::Missing => return,
            _ => match rule_pattern(rule) {
                Some(pattern) => match whole_match(pattern, "") {
                    Ok(_) => return,
                    Err(error) => format!("this pattern cannot be read: {error}"),
                },
                None => "what stands behind `where` is a range, a list or a pattern".to_string(),
            },
        };
        self.sink.push(
            Diagnostic::new(&codes::bad_refinement, span, fault)
                .help("write `where 1..10`, `where [\"a\", \"b\"]` or `where matches(r\"[a-z]+\")`; everything else is a `check`"),
        );
    }

    fn type_by_name(
        &mut self,
        module: Option<u32>,
        base: Base,
        ty: &TypeExpr,
        name: &str,
        args: Vec<Type<'p>>,
    ) -> Type<'p> {
        let span = base.span(ty.range);
        let mut args = args.into_iter();
        let (first, second, more) = (args.next(), args.next(), args.next());
        match (name, first, second, more) {
            ("", ..) => Type::Any,
            ("String", None, ..) => Type::String,
            ("Integer", None, ..) => Type::Integer,
            ("Float", None, ..) => Type::Float,
            ("Boolean", None, ..) => Type::Boolean,
            ("Bytes", None, ..) => Type::Bytes,
            ("Duration", None, ..) => Type::Duration,
            ("List", Some(element), None, None) => Type::List(Rc::new(element)),
            ("Map", Some(key), Some(value), None) => Type::Map(Rc::new((key, value))),
            ("List" | "Map", ..) => {
                let example = if name == "List" {
                    "`List[String]`"
                } else {
                    "`Map[String, Integer]`"
                };
                self.sink.push(
                    Diagnostic::new(
                        &codes::unknown_type,
                        span,
                        format!("`{name}` says in brackets what it holds"),
                    )
                    .help(format!("write {example}")),
                );
                Type::Any
            }
            (_, None, ..) => match module.and_then(|module| self.program.lookup(module, name)) {
                Some(def) if self.is_type(def) => {
                    self.lint_use(def, span);
                    self.named_type(def)
                }
                found => {
                    let message = match found {
                        Some(_) => format!("`{name}` is a value, not a type"),
                        None => format!("there is no type `{name}`"),
                    };
                    let visible: Vec<&str> = module.map(|module| self.type_names(module)).unwrap_or_default();
                    let help = near_name(name, BASIC.into_iter().chain(visible));
                    self.sink.push(
                        Diagnostic::new(&codes::unknown_type, span, message)
                            .label("a type is needed here")
                            .help_if(help),
                    );
                    Type::Any
                }
            },
            (_, Some(_), ..) => {
                self.sink.push(Diagnostic::new(
                    &codes::unknown_type,
                    span,
                    format!("`{name}` takes nothing in brackets"),
                ));
                Type::Any
            }
        }
    }

    fn is_type(&self, def: Def) -> bool {
        let Def::Item { module, item } = def else {
            return false;
        };
        self.program.item(module, item).is_some_and(|(item, _)| {
            matches!(
                item.node.kind,
                ItemKind::Struct(_) | ItemKind::Enum { .. } | ItemKind::Alias { .. }
            )
        })
    }

    fn type_names(&self, module: u32) -> Vec<&'p str> {
        let program = self.program;
        program
            .visible(module)
            .filter(|name| program.lookup(module, name).is_some_and(|def| self.is_type(def)))
            .collect()
    }

    /// The type that a struct, enum or alias stands for.
    pub(crate) fn named_type(&mut self, def: Def) -> Type<'p> {
        let Def::Item { module, item } = def else {
            return Type::Any;
        };
        let program = self.program;
        let Some((item, base)) = program.item(module, item) else {
            return Type::Any;
        };
        match &item.node.kind {
            ItemKind::Struct(declared) => Type::Struct(def, declared.name.name.clone()),
            ItemKind::Enum { .. } => self.enum_decl(def).map_or(Type::Any, Type::Enum),
            ItemKind::Alias { name, ty } => {
                if let Some(known) = self.alias_types.get(&def) {
                    return known.clone();
                }
                if self.aliases.contains(&def) {
                    let message = format!("the type `{}` is defined by itself", name.name);
                    self.sink.push(Diagnostic::new(
                        &codes::value_cycle,
                        base.span(name.range),
                        message,
                    ));
                    return Type::Any;
                }
                self.aliases.push(def);
                let ty = self.resolve_type(module, base, ty);
                self.aliases.pop();
                self.alias_types.insert(def, ty.clone());
                ty
            }
            ItemKind::Include { .. }
            | ItemKind::Input { .. }
            | ItemKind::Assign { .. }
            | ItemKind::Check(_)
            | ItemKind::Test(_)
            | ItemKind::Broken => Type::Any,
        }
    }
}
