//! Trees and errors as short text.

use std::fmt::Write;

use aur_diagnostics::SourceFile;

use crate::tree::*;

/// Items one a line, then errors one a line.
pub(crate) fn show(text: &str) -> String {
    let tree = crate::parse(text);
    let mut out = String::new();
    for item in &tree.items {
        writeln!(out, "{}", item_text(&item.node)).unwrap();
    }
    out + &errors(text, &tree)
}

/// Errors one a line: `line:col code message | label | help`, places and fixes indented below.
pub(crate) fn errors(text: &str, tree: &Tree) -> String {
    let mut out = String::new();
    for item in &tree.items {
        for error in &item.node.errors {
            out += &error_text(text, item.offset, error);
        }
    }
    out
}

pub(crate) fn error_text(text: &str, offset: u32, error: &SyntaxError) -> String {
    let file = SourceFile::new("x", text);
    let place = |range: Range| {
        let (start, end) = (
            file.position(offset + range.start),
            file.position(offset + range.end),
        );
        if start.line == end.line {
            format!("{}:{}-{}", start.line, start.column, end.column)
        } else {
            format!("{}:{}-{}:{}", start.line, start.column, end.line, end.column)
        }
    };
    let mut out = format!(
        "{} {} {} | {}",
        place(error.range),
        error.code.id,
        error.message,
        error.label
    );
    if let Some(help) = &error.help {
        write!(out, " | {help}").unwrap();
    }
    out.push('\n');
    for (range, label) in &error.also {
        writeln!(out, "  {} {label}", place(*range)).unwrap();
    }
    if let Some(fix) = &error.fix {
        let edits: Vec<String> = fix
            .edits
            .iter()
            .map(|(range, new)| format!("{} {new:?}", place(*range)))
            .collect();
        writeln!(
            out,
            "  {:?} fix, {}: {}",
            fix.applicability,
            fix.title,
            edits.join(", ")
        )
        .unwrap();
    }
    out
}

pub(crate) fn item_text(item: &ItemNode) -> String {
    let mut out = String::new();
    if let Some(doc) = &item.doc {
        write!(out, "(doc {doc:?}) ").unwrap();
    }
    for annotation in &item.annotations {
        out += &annotation_text(annotation);
    }
    out += &match &item.kind {
        ItemKind::Include { path, alias } => {
            let alias = alias
                .as_ref()
                .map_or(String::new(), |alias| format!(" as {}", alias.name));
            format!("(include {}{alias})", text(path))
        }
        ItemKind::Struct(item) => {
            let members = item
                .members
                .iter()
                .map(|member| format!(" {}", member_text(member)));
            let checks = item.checks.iter().map(|check| format!(" {}", check_text(check)));
            format!(
                "(struct {}{}{})",
                item.name.name,
                members.collect::<String>(),
                checks.collect::<String>()
            )
        }
        ItemKind::Enum { name, members, docs } => {
            let doc_of =
                |doc: &Option<Box<str>>| doc.as_ref().map_or(String::new(), |doc| format!(" {doc:?}"));
            let members = members.iter().zip(docs);
            let members: String = members
                .map(|(member, doc)| format!("{} {}", doc_of(doc), member.name))
                .collect();
            format!("(enum {}{members})", name.name)
        }
        ItemKind::Alias { name, ty } => format!("(type {} {})", name.name, type_text(ty)),
        ItemKind::Input { name, ty, default } => {
            format!(
                "(input {} {}{})",
                name.name,
                type_text(ty),
                optional(default.as_ref())
            )
        }
        ItemKind::Assign { name, ty, value } => {
            let ty = ty
                .as_ref()
                .map_or(String::new(), |ty| format!(": {}", type_text(ty)));
            format!("({}{ty} = {})", name.name, expr(value))
        }
        ItemKind::Check(check) => check_text(check),
        ItemKind::Test(test) => test_text(test),
        ItemKind::Broken => "(broken)".to_owned(),
    };
    out
}

fn optional(value: Option<&Expr>) -> String {
    value.map_or(String::new(), |value| format!(" = {}", expr(value)))
}

fn annotation_text(annotation: &Annotation) -> String {
    format!("(@{}{}) ", annotation.name.name, list(&annotation.args, arg))
}

fn member_text(member: &Member) -> String {
    let doc = member
        .doc
        .as_ref()
        .map_or(String::new(), |doc| format!("(doc {doc:?}) "));
    let annotations: String = member.annotations.iter().map(annotation_text).collect();
    let (name, ty) = (&member.name.name, type_text(&member.ty));
    format!(
        "({doc}{annotations}{name}: {ty}{})",
        optional(member.default.as_ref())
    )
}

fn check_text(check: &CheckRule) -> String {
    let message = check
        .message
        .as_ref()
        .map_or(String::new(), |message| format!(" {}", text(message)));
    format!("(check {}{message})", expr(&check.condition))
}

fn test_text(test: &TestItem) -> String {
    let expectations = test.expectations.iter().map(|one| match &one.kind {
        ExpectationKind::Holds(condition) => format!(" (expect {})", expr(condition)),
        ExpectationKind::Error { code, program } => {
            format!(" (expect-error {} {})", code.name, expr(program))
        }
        ExpectationKind::Plan { program, snapshot } => {
            format!(" (expect-plan {} {})", expr(program), expr(snapshot))
        }
    });
    format!("(test {}{})", text(&test.name), expectations.collect::<String>())
}

fn type_text(ty: &TypeExpr) -> String {
    match &ty.kind {
        TypeKind::Name {
            namespace,
            name,
            args,
        } => {
            let namespace = namespace
                .as_ref()
                .map_or(String::new(), |space| format!("{}.", space.name));
            let args: Vec<String> = args.iter().map(type_text).collect();
            let args = if args.is_empty() {
                String::new()
            } else {
                format!("[{}]", args.join(" "))
            };
            format!("{namespace}{}{args}", name.name)
        }
        TypeKind::Optional(ty) => format!("{}?", type_text(ty)),
        TypeKind::Union(types) => types.iter().map(type_text).collect::<Vec<_>>().join("|"),
        TypeKind::Where { base, rule } => format!("(where {} {})", type_text(base), expr(rule)),
        TypeKind::Missing => "?".to_owned(),
    }
}

fn list<T>(items: &[T], show: impl Fn(&T) -> String) -> String {
    items.iter().map(|item| format!(" {}", show(item))).collect()
}

fn arg(arg: &Arg) -> String {
    match &arg.name {
        Some(name) => format!("({} = {})", name.name, expr(&arg.value)),
        None => expr(&arg.value),
    }
}

pub(crate) fn expr(expr_: &Expr) -> String {
    match &expr_.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Text(value) => text(value),
        ExprKind::Number { value, unit } => {
            let value = match value {
                Number::Integer(value) => value.to_string(),
                Number::Float(value) => format!("{value:?}"),
            };
            let unit = match unit {
                None => String::new(),
                Some(Unit::Bytes(bytes)) => format!("*{bytes}B"),
                Some(Unit::Milliseconds(milliseconds)) => format!("*{milliseconds}ms"),
            };
            value + &unit
        }
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Unset => "unset".to_owned(),
        ExprKind::List(items) => format!("[{}]", list(items, expr).trim_start()),
        ExprKind::Comprehension { element, clauses } => {
            let clause = |clause: &Clause| {
                let condition = clause
                    .condition
                    .as_ref()
                    .map_or(String::new(), |c| format!(" if {}", expr(c)));
                format!("(for {} in {}{condition})", clause.name.name, expr(&clause.list))
            };
            format!("[{}{}]", expr(element), list(clauses, clause))
        }
        ExprKind::Map(pairs) => {
            let pair = |pair: &Pair| {
                let key = match &pair.key {
                    Key::Word(word) => word.name.to_string(),
                    Key::Text(key) => text(key),
                };
                format!("{key}: {}", expr(&pair.value))
            };
            format!("{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        ExprKind::Record { head, fields } => {
            format!("({}{{{}}})", expr(head), list(fields, field).trim_start())
        }
        ExprKind::Call { callee, args } => format!("(call {}{})", expr(callee), list(args, arg)),
        ExprKind::Field { base, name } => format!("{}.{}", expr(base), name.name),
        ExprKind::Index { base, index } => format!("{}[{}]", expr(base), expr(index)),
        ExprKind::Unary { op, operand } => match op {
            UnaryOp::Negate => format!("(- {})", expr(operand)),
            UnaryOp::Not => format!("(not {})", expr(operand)),
        },
        ExprKind::Binary { op, left, right, .. } => {
            format!("({} {} {})", operator(*op), expr(left), expr(right))
        }
        ExprKind::If {
            value,
            condition,
            otherwise,
        } => {
            format!("(if {} {} {})", expr(condition), expr(value), expr(otherwise))
        }
        ExprKind::Range { low, high } => {
            let end = |end: &Option<Box<Expr>>| end.as_ref().map_or(String::new(), |end| expr(end));
            format!("({}..{})", end(low), end(high))
        }
        ExprKind::Chain(links) => format!("(->{})", list(links, expr)),
        ExprKind::Missing => "?".to_owned(),
    }
}

fn field(field: &Field) -> String {
    let step = |step: &Step| match step {
        Step::Name(name) => format!(".{}", name.name),
        Step::Key(key) => format!("[{}]", text(key)),
    };
    let path: String = field.path.iter().map(step).collect();
    format!("({}{path} = {})", field.name.name, expr(&field.value))
}

fn operator(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::FloorDivide => "//",
        BinaryOp::Remainder => "%",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::In => "in",
    }
}

fn text(value: &Text) -> String {
    let parts: Vec<String> = value.parts.iter().map(part).collect();
    if parts.is_empty() {
        "\"\"".to_owned()
    } else {
        parts.join("~")
    }
}

fn part(part: &TextPart) -> String {
    match part {
        TextPart::Literal { text, .. } => format!("{text:?}"),
        TextPart::Mustache(mustache) => {
            let sigil = match mustache.kind {
                MustacheKind::Value => "",
                MustacheKind::Section => "#",
                MustacheKind::Inverted => "^",
                MustacheKind::End => "/",
            };
            let filters: String = mustache
                .filters
                .iter()
                .map(|filter| format!("|{}", filter.name))
                .collect();
            format!("<{sigil}{}{filters}>", path(&mustache.path))
        }
    }
}

fn path(value: &Path) -> String {
    if value.parts.is_empty() {
        return ".".to_owned();
    }
    let part = |part: &PathPart| {
        let piece = |piece: &PathPiece| match piece {
            PathPiece::Literal(text) => text.to_string(),
            PathPiece::Nested(path_) => format!("<{}>", path(path_)),
        };
        let pieces: String = part.pieces.iter().map(piece).collect();
        match part.access {
            Access::Root => pieces,
            Access::Dot => format!(".{pieces}"),
            Access::Index => format!("[{pieces}]"),
        }
    };
    value.parts.iter().map(part).collect()
}
