//! What must hold for any input.

use aur_compiler::{Answer, Given};
use aur_grammar::tree::Tree;
use aur_ir::Plan;
use aur_render::{Batch, Color, Frames, Look};
use aur_tests::{Memory, limits_of};

/// Lower than usual, so that time goes into many inputs and not into a few large ones.
const LIMITS: &str = "elements=20000 steps=50000 text-bytes=100000 texts-bytes=1000000";

fn given() -> Given {
    Given {
        limits: limits_of(LIMITS),
        ..Given::default()
    }
}

/// Each diagnostic has a place, and can be shown.
fn shows<T>(answer: &Answer<T>) -> Result<(), String> {
    for diagnostic in &answer.diagnostics {
        for label in &diagnostic.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            let file = answer.sources.get(label.span.file);
            let text = file
                .map(|file| file.text().as_ref())
                .ok_or("a place in no file")?;
            if text.get(start..end).is_none() {
                return Err(format!("{}: no text is at {start}..{end}", diagnostic.message));
            }
        }
    }
    let batch = Batch {
        sources: &answer.sources,
        diagnostics: &answer.diagnostics,
    };
    for color in [Color::Plain, Color::Ansi] {
        let look = Look {
            color,
            frames: Frames::Unicode,
        };
        aur_render::full(&[batch], look);
    }
    Ok(())
}

/// Every text has a tree; each item lies in it, in order; and an expression and an item can be read alone.
pub(super) fn parse(text: &str) -> Result<(), String> {
    let tree = aur_grammar::parse(text);
    let mut last = 0;
    for item in &tree.items {
        let end = item.offset as usize + item.node.range.end as usize;
        if (item.offset as usize) < last || text.get(item.offset as usize..end).is_none() {
            return Err(format!("an item at {}..{end} behind {last}", item.offset));
        }
        last = item.offset as usize;
    }
    aur_grammar::parse_expr(text);
    aur_grammar::parse_item(text);
    Ok(())
}

/// The layout of a layout is the same; that of a sound program is sound and has as many items.
pub(super) fn format(text: &str) -> Result<(), String> {
    let once = aur_grammar::format(text);
    let twice = aur_grammar::format(&once);
    if once != twice {
        return Err(format!("laid out once\n{once}\ntwice\n{twice}"));
    }
    let (before, after) = (aur_grammar::parse(text), aur_grammar::parse(&once));
    let is_sound = |tree: &Tree| tree.items.iter().all(|item| item.node.errors.is_empty());
    if is_sound(&before) && !(is_sound(&after) && before.items.len() == after.items.len()) {
        return Err(format!("a sound program became\n{once}"));
    }
    Ok(())
}

/// A text in a program is resolved or refused.
pub(super) fn template(text: &str) -> Result<(), String> {
    let quoted = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    let program = format!(
        "struct S {{ x: String = \"{{{{y}}}}\", y: Integer = 1, s: S?, list: List[String] = [] }}\n\
         text = \"{quoted}\".bind(a = \"{{{{b}}}}\", b = 2, i = \"x\", on = true, s = S {{ s = S {{ x = \"1\" }}, list = [\"p\", \"{{{{x}}}}\"] }},\n\
         xs = [\"one\", \"two\"], m = {{ \"k\": \"{{{{a}}}}\", x: \"y\" }}, name = \"{quoted}\", profile = S {{}})\n"
    );
    let sources = Memory::of("main.aur", &program);
    let answer = aur_compiler::eval(&sources, "main.aur", &given(), "text");
    shows(&answer)
}

/// A program is checked, shown and compiled; what compiles has no error, and its plan reads back.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut sources = Memory::of("main.aur", text);
    sources.variables.insert("USER".to_string(), "ann".to_string());
    sources.files.insert(
        "kit.aur".to_string(),
        "include \"main.aur\"\nsize = 1\n".to_string(),
    );
    let given = given();
    let checked = aur_compiler::check(&sources, "main.aur", &given);
    shows(&checked)?;
    if checked.value.is_none() && checked.diagnostics.is_empty() && checked.usage.is_none() {
        return Err("refused without a word".to_string());
    }
    let compiled = aur_compiler::compile(&sources, "main.aur", &given);
    shows(&compiled)?;
    if compiled.value.is_none() && compiled.diagnostics.is_empty() && compiled.usage.is_none() {
        return Err("not compiled without a word".to_string());
    }
    match compiled.value {
        None => Ok(()),
        Some(_) if checked.value.is_none() => Err("it compiles, but does not pass the check".to_string()),
        Some(plan) => reads_back(&plan),
    }
}

fn reads_back(plan: &Plan) -> Result<(), String> {
    let json = plan.to_canonical_json();
    let again = Plan::from_json(&json).map_err(|error| format!("its own plan is refused: {error}"))?;
    if again == *plan && again.content_digest() == plan.content_digest() {
        Ok(())
    } else {
        Err("its plan reads back as another".to_string())
    }
}

/// Bytes are a plan or are refused; a plan reads back.
pub(super) fn plan(text: &str) -> Result<(), String> {
    match Plan::from_json(text.as_bytes()) {
        Ok(plan) => {
            let json = plan.to_canonical_json();
            let again =
                Plan::from_json(&json).map_err(|error| format!("what was read is refused: {error}"))?;
            if again.to_canonical_json() == json {
                Ok(())
            } else {
                Err("it is written otherwise the second time".to_string())
            }
        }
        Err(error) if error.to_string().is_empty() => Err("refused without a word".to_string()),
        Err(_) => Ok(()),
    }
}
