//! Items, members and types.

mod test;

use aur_diagnostics::{Applicability, codes};

use super::{Builder, is_literal};
use crate::pest::{Cursor, Node, Rule};
use crate::tree::{
    Annotation, Arg, CheckRule, Expr, Ident, ItemKind, ItemNode, Member, Range, StructItem, SyntaxError,
    Text, TypeExpr, TypeKind,
};

impl Builder<'_> {
    /// Makes the item of an entry's pairs; `range` is the whole item as written.
    pub(crate) fn item(&mut self, cursor: Cursor<'_>, range: Range) -> ItemNode {
        let mut entry = cursor;
        let mut cursor = match entry.step().map(|(_, mut children)| children.step()) {
            Some(Some((_, children))) => children,
            Some(None) | None => cursor,
        };
        let (doc, annotations) = self.prefix(&mut cursor);
        let kind = match cursor.step() {
            Some((node, children)) => self.kind(node, children),
            None => ItemKind::Broken,
        };
        ItemNode {
            range,
            doc,
            annotations,
            kind,
            errors: Vec::new(),
        }
    }

    /// Makes the expression of an entry's pairs.
    pub(crate) fn lone_expression(&mut self, mut cursor: Cursor<'_>) -> Expr {
        let mut children = cursor.step().map_or(cursor, |(_, children)| children);
        self.value(&mut children)
    }

    fn kind(&mut self, node: Node, mut cursor: Cursor<'_>) -> ItemKind {
        match node.rule {
            Rule::assign => {
                let name = self.next_name(&mut cursor);
                let ty = self.next_type(&mut cursor);
                let value = self.value(&mut cursor);
                ItemKind::Assign { name, ty, value }
            }
            Rule::include_item => self.include(node, cursor),
            Rule::struct_item => ItemKind::Struct(self.struct_item(node, cursor)),
            Rule::enum_item => self.enum_item(node, cursor),
            Rule::alias_item => {
                let name = self.next_name(&mut cursor);
                let ty = self
                    .next_type(&mut cursor)
                    .unwrap_or_else(|| self.missing_type(node));
                ItemKind::Alias { name, ty }
            }
            Rule::input_item => {
                let name = self.next_name(&mut cursor);
                let ty = self
                    .next_type(&mut cursor)
                    .unwrap_or_else(|| self.missing_type(node));
                let default = self.default(&mut cursor);
                ItemKind::Input { name, ty, default }
            }
            Rule::check => ItemKind::Check(self.check(node, cursor)),
            Rule::test_item => ItemKind::Test(self.test_item(node, cursor)),
            _ => ItemKind::Broken,
        }
    }

    /// Doc comments and annotations before an item or a member, in any order.
    fn prefix(&mut self, cursor: &mut Cursor<'_>) -> (Option<Box<str>>, Vec<Annotation>) {
        let mut doc: Option<String> = None;
        let mut annotations = Vec::new();
        loop {
            if let Some((node, _)) = cursor.take(Rule::doc) {
                self.check_doc(node);
                let line = self.node_text(node).trim_end();
                let line = line.strip_prefix("///").unwrap_or(line);
                let line = line.strip_prefix(' ').unwrap_or(line);
                doc = Some(match doc {
                    Some(above) => above + "\n" + line,
                    None => line.to_owned(),
                });
            } else if let Some((node, mut children)) = cursor.take(Rule::annotation) {
                let name = self.next_name(&mut children);
                let args = children
                    .take(Rule::args)
                    .map(|(_, children)| self.annotation_args(children));
                let range = self.range(node.start - 1, node.end);
                annotations.push(Annotation {
                    range,
                    name,
                    args: args.unwrap_or_default(),
                });
            } else {
                return (doc.map(String::into_boxed_str), annotations);
            }
        }
    }

    fn annotation_args(&mut self, mut cursor: Cursor<'_>) -> Vec<Arg> {
        let mut args = Vec::new();
        while cursor.peek().is_some() {
            args.push(self.arg(&mut cursor));
        }
        args
    }

    fn next_name(&mut self, cursor: &mut Cursor<'_>) -> Ident {
        match cursor.take(Rule::name) {
            Some((node, _)) => self.ident(node),
            None => Self::missing_name(Range::new(0, 0)),
        }
    }

    fn next_text(&mut self, cursor: &mut Cursor<'_>) -> Option<Text> {
        let mut literals = Vec::new();
        while let Some(node) = cursor.peek().filter(|node| is_literal(node.rule)) {
            cursor.step();
            literals.push(node);
        }
        if literals.is_empty() {
            None
        } else {
            Some(self.text_of(&literals))
        }
    }

    fn include(&mut self, node: Node, mut cursor: Cursor<'_>) -> ItemKind {
        let called = cursor.take(Rule::called);
        let literal = cursor.peek();
        let path = self.next_text(&mut cursor);
        let range = self.node_range(node);
        if let (Some((mark, _)), Some(literal)) = (called, literal) {
            let behind = self.slice(literal.end, node.end);
            let close = literal.end + behind.find(')').unwrap_or(0) as u32;
            let open = self.range(node.start + "include".len() as u32, self.literal_start(literal));
            let edits = vec![
                (open, " ".to_owned()),
                (self.range(literal.end, close + 1), String::new()),
            ];
            let place = self.range(mark.start - 1, mark.start);
            let error = SyntaxError::new(
                &codes::python_habit,
                place,
                "`include` takes its path without parentheses",
                "not a call",
            );
            self.error(error.fixed_by("remove the parentheses", Applicability::Safe, edits));
        }
        let path = path.unwrap_or(Text {
            range,
            parts: Vec::new(),
        });
        let alias = cursor.take(Rule::name).map(|(node, _)| self.ident(node));
        ItemKind::Include { path, alias }
    }

    fn struct_item(&mut self, node: Node, mut cursor: Cursor<'_>) -> StructItem {
        let name = self.next_name(&mut cursor);
        let (mut members, mut checks) = (Vec::new(), Vec::new());
        while let Some((member, children)) = cursor.take(Rule::member) {
            self.check_separated(member, "members");
            let next = cursor.peek().map_or(node.end, |next| next.start);
            self.check_commas(member.end, next);
            self.member(member, children, &mut members, &mut checks);
        }
        StructItem {
            name,
            members,
            checks,
        }
    }

    fn member(
        &mut self,
        node: Node,
        mut cursor: Cursor<'_>,
        members: &mut Vec<Member>,
        checks: &mut Vec<CheckRule>,
    ) {
        let (doc, annotations) = self.prefix(&mut cursor);
        if let Some((rule, children)) = cursor.take(Rule::check) {
            checks.push(self.check(rule, children));
            return;
        }
        let first = cursor.peek().map_or(node.start, |name| name.start);
        let start = annotations
            .first()
            .map_or(self.range(first, first), |annotation| annotation.range)
            .start;
        let name = self.next_name(&mut cursor);
        let ty = self
            .next_type(&mut cursor)
            .unwrap_or_else(|| self.missing_type(node));
        let default = self.default(&mut cursor);
        let end = default.as_ref().map_or(ty.range, |value| value.range).end;
        members.push(Member {
            range: Range::new(start, end),
            doc,
            annotations,
            name,
            ty,
            default,
        });
    }

    fn default(&mut self, cursor: &mut Cursor<'_>) -> Option<Expr> {
        let (_, mut children) = cursor.take(Rule::default)?;
        Some(self.value(&mut children))
    }

    fn check(&mut self, node: Node, mut cursor: Cursor<'_>) -> CheckRule {
        let condition = self.value(&mut cursor);
        let message = self.next_text(&mut cursor);
        let end = message.as_ref().map_or(condition.range, |text| text.range).end;
        let start = self.node_range(node).start;
        CheckRule {
            range: Range::new(start, end),
            condition,
            message,
        }
    }

    fn enum_item(&mut self, node: Node, mut cursor: Cursor<'_>) -> ItemKind {
        let name = self.next_name(&mut cursor);
        let (mut members, mut docs) = (Vec::new(), Vec::new());
        loop {
            let (doc, _) = self.prefix(&mut cursor);
            let Some((member, _)) = cursor.step() else { break };
            self.check_separated(member, "names");
            self.check_commas(member.end, cursor.peek().map_or(node.end, |next| next.start));
            members.push(self.ident(member));
            docs.push(doc);
        }
        ItemKind::Enum { name, members, docs }
    }

    fn missing_type(&self, node: Node) -> TypeExpr {
        let range = self.range(node.end, node.end);
        TypeExpr {
            range,
            kind: TypeKind::Missing,
        }
    }

    fn next_type(&mut self, cursor: &mut Cursor<'_>) -> Option<TypeExpr> {
        let (_, mut children) = cursor.take(Rule::r#type)?;
        let first = self.type_atom(&mut children);
        let mut ty = first;
        if children.rule() == Some(Rule::union) {
            let mut alternatives = vec![ty];
            while children.take(Rule::union).is_some() {
                alternatives.push(self.type_atom(&mut children));
            }
            let start = alternatives.first().map_or(0, |first| first.range.start);
            let end = alternatives.last().map_or(start, |last| last.range.end);
            ty = TypeExpr {
                range: Range::new(start, end),
                kind: TypeKind::Union(alternatives),
            };
        }
        if children.take(Rule::refined).is_some() {
            let rule = match children.take(Rule::binary) {
                Some((_, operands)) => self.binary(operands),
                None => return Some(ty),
            };
            let range = Range::new(ty.range.start, rule.range.end);
            ty = TypeExpr {
                range,
                kind: TypeKind::Where {
                    base: Box::new(ty),
                    rule: Box::new(rule),
                },
            };
        }
        Some(ty)
    }

    fn type_atom(&mut self, cursor: &mut Cursor<'_>) -> TypeExpr {
        let Some((node, _)) = cursor.take(Rule::type_name) else {
            let at = cursor.take(Rule::hole).map_or(0, |(hole, _)| hole.start);
            return TypeExpr {
                range: self.range(at, at),
                kind: TypeKind::Missing,
            };
        };
        let (namespace, name) = self.type_names(node);
        let mut end = node.end;
        let mut args = Vec::new();
        if let Some((list, children)) = cursor
            .take(Rule::type_args)
            .or_else(|| cursor.take(Rule::type_call))
        {
            end = list.end;
            args = self.type_args(children);
            if list.rule == Rule::type_call {
                self.type_call(list);
            }
        }
        let range = self.range(node.start, end);
        let ty = TypeExpr {
            range,
            kind: TypeKind::Name {
                namespace,
                name,
                args,
            },
        };
        match cursor.take(Rule::optional) {
            Some((mark, _)) => {
                let range = Range::new(range.start, self.node_range(mark).end);
                TypeExpr {
                    range,
                    kind: TypeKind::Optional(Box::new(ty)),
                }
            }
            None => ty,
        }
    }

    fn type_names(&mut self, node: Node) -> (Option<Ident>, Ident) {
        let written = self.node_text(node);
        if matches!(
            written,
            "if" | "else" | "for" | "in" | "and" | "or" | "not" | "where" | "true" | "false" | "unset"
        ) {
            let message = format!("expected a type, found `{written}`");
            self.error(SyntaxError::new(
                &codes::syntax,
                self.node_range(node),
                message,
                "no type is named so",
            ));
        }
        match self.node_text(node).find('.') {
            Some(dot) => {
                let dot = node.start + dot as u32;
                let namespace = self.ident(Node { end: dot, ..node });
                (
                    Some(namespace),
                    self.ident(Node {
                        start: dot + 1,
                        ..node
                    }),
                )
            }
            None => (None, self.ident(node)),
        }
    }

    fn type_args(&mut self, mut cursor: Cursor<'_>) -> Vec<TypeExpr> {
        let mut args = Vec::new();
        while let Some(ty) = self.next_type(&mut cursor) {
            args.push(ty);
        }
        args
    }

    fn type_call(&mut self, list: Node) {
        let (open, close) = (
            self.range(list.start - 1, list.start),
            self.range(list.end - 1, list.end),
        );
        let error = SyntaxError::new(
            &codes::python_habit,
            open,
            "types take their arguments in brackets",
            "expected `[`",
        );
        let edits = vec![(open, "[".to_owned()), (close, "]".to_owned())];
        self.error(error.fixed_by("write brackets", Applicability::Safe, edits));
    }
}
