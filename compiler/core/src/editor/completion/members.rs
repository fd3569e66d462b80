//! What stands behind the dot of an expression.

use std::rc::Rc;

use super::snippet::Snippet;
use super::values::named_definition;
use super::{Completion, CompletionKind};
use crate::doc::deprecated;
use crate::editor::frames::Bytes;
use crate::editor::view::{View, enum_member_doc, member, one_line, written};
use crate::eval::BIND;
use crate::program::Program;
use crate::types::{StructDecl, Type};
use crate::value::{Kind, Slot, StructValue};

/// Offers the members of a value.
pub(super) fn offer(view: &mut View<'_>, head: Bytes) -> Vec<Completion> {
    let depth = view.depth();
    let value = view.eval(depth, head);
    let mut out = Vec::new();
    match &value.kind {
        Kind::Struct(inner) => out.extend(fields(view.program, &inner.decl.clone(), Some(inner))),
        Kind::Opaque(ty) => {
            if let Some(decl) = view.decl_of(ty) {
                out.extend(fields(view.program, &decl, None));
            }
        }
        Kind::Namespace(entries) => {
            for (rank, (name, found)) in entries.iter().enumerate() {
                let mut item = Completion::new(name.as_str(), CompletionKind::Value, rank as u32);
                item.default = Some(one_line(view.program.sources.text(found.span)));
                out.push(item);
            }
        }
        Kind::EnumType(decl) => {
            for (rank, member) in decl.members.iter().enumerate() {
                let item = Completion::new(member.as_str(), CompletionKind::EnumMember, rank as u32);
                let doc = enum_member_doc(view.program, decl.def, member);
                out.push(item.detail(decl.name.as_str()).doc(doc));
            }
            return out;
        }
        Kind::Module(module) => {
            let program = view.program;
            let names = program.modules.get(*module as usize).map(|module| &module.names);
            for (name, def) in names.into_iter().flatten() {
                out.extend(named_definition(view, name, *def, &Type::Any));
            }
            return out;
        }
        Kind::StructType(_) | Kind::Builtin(_) | Kind::Poison | Kind::Unset => return out,
        _ => {}
    }
    out.push(bind());
    out
}

fn bind() -> Completion {
    let mut snippet = Snippet::new();
    snippet.plain("bind(");
    snippet.place();
    snippet.plain(" = ");
    snippet.place();
    snippet.plain(")");
    Completion::new(BIND.name, CompletionKind::Function, 500)
        .detail(BIND.form())
        .doc(Some(BIND.doc))
        .insert("bind()")
        .snippet(snippet.finish())
}

/// The fields of a struct, with what a value has in them.
pub(super) fn fields<'p>(
    program: &Program,
    decl: &Rc<StructDecl<'p>>,
    value: Option<&Rc<StructValue<'p>>>,
) -> Vec<Completion> {
    let mut out = Vec::new();
    for (at, field) in decl.fields.iter().enumerate() {
        let member = member(program, decl.def, &field.name);
        let slot = value.map_or(&Slot::Default, |value| value.slot(at));
        let default = member.and_then(|member| member.default.as_ref());
        let gone = member.and_then(|member| deprecated(&member.annotations));
        let is_set = matches!(slot, Slot::Set(_));
        let rank = match (is_set, &gone) {
            (_, Some(_)) => 400,
            (true, None) => 0,
            (false, None) => 100,
        };
        let mut item = Completion::new(field.name.as_str(), CompletionKind::Field, rank + at as u32)
            .doc(member.and_then(|member| member.doc.as_deref()));
        item = match member {
            Some(member) => item.detail(written(program, decl.base, member.ty.range)),
            None => item,
        };
        item.default = match slot {
            Slot::Set(found) => Some(one_line(program.sources.text(found.span))),
            Slot::Default => default.map(|default| written(program, decl.base, default.range)),
            Slot::Cleared => Some("unset".to_string()),
        };
        item.deprecated = gone;
        out.push(item);
    }
    out
}
