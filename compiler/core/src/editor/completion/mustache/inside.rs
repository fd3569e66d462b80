//! What can be read behind `name.` and `name[`.

use super::seen::Seen;
use super::{Asked, Offer, SHOWN_JOBS, is_around, shown_values};
use crate::doc::deprecated;
use crate::editor::completion::{Completion, CompletionKind};
use crate::editor::view::{member, one_line, written};
use crate::program::{Def, Program};
use crate::resolve::{Inside, Reached};

/// What is left to its default stands behind what is given, and what is deprecated last.
const DEFAULT: u32 = 1_000;
const GONE: u32 = 2_000;

/// Offers what stands inside of what the mustache names so far, each with its type and its value in the first jobs.
pub(super) fn offer(seen: Seen, asked: Asked<'_>, out: &mut Offer) {
    let place = asked.place;
    let is_keyed = seen.inside.iter().any(|own| matches!(own.how, Reached::Key(_)));
    let is_bracket = place.path.ends_with('[');
    // A key takes the place of the dot that was typed.
    let takes_dot = is_keyed && !is_bracket;
    let closes = asked.cursor.text.get(asked.cursor.offset as usize..);
    let is_closed = closes.is_some_and(|rest| rest.starts_with(']'));
    let mut told: Vec<Vec<(Option<usize>, String)>> = Vec::new();
    for own in &seen.inside {
        if own.from.is_some_and(|from| is_around(from, seen.file, place)) {
            continue;
        }
        let at = match out
            .items
            .iter()
            .position(|item| item.label == label(own, takes_dot))
        {
            Some(at) => at,
            None => {
                let mut item = described(own, &seen.program, out.items.len() as u32);
                item.label = label(own, takes_dot);
                item.insert = match &own.how {
                    Reached::Key(_) if takes_dot => format!("[{}]", own.name),
                    Reached::Key(_) if !is_closed => format!("{}]", own.name),
                    _ if takes_dot => format!(".{}", own.name),
                    _ => own.name.to_string(),
                };
                item.filter = takes_dot.then(|| format!(".{}", own.name));
                out.items.push(item);
                told.push(Vec::new());
                out.items.len() - 1
            }
        };
        if let (Some(values), Some(value)) = (told.get_mut(at), &own.value)
            && values.len() < SHOWN_JOBS
        {
            values.push((own.job, one_line(value)));
        }
    }
    for (item, values) in out.items.iter_mut().zip(told) {
        item.default = shown_values(values, &seen.jobs);
    }
    out.start -= u32::from(takes_dot);
}

fn label(own: &Inside, takes_dot: bool) -> String {
    match &own.how {
        Reached::Key(_) if takes_dot => format!("[{}]", own.name),
        _ => own.name.to_string(),
    }
}

/// Type and documentation.
fn described(own: &Inside, program: &Program, nearness: u32) -> Completion {
    let new = |kind, rank| Completion::new(own.name.as_str(), kind, rank + nearness);
    match &own.how {
        Reached::Name(ty) | Reached::Key(ty) => new(CompletionKind::Value, 0).detail(ty.as_str()),
        Reached::Field { of, is_given } => {
            let item = new(CompletionKind::Field, if *is_given { 0 } else { DEFAULT });
            field(item, *of, own, program).unwrap_or_else(|| new(CompletionKind::Field, DEFAULT))
        }
    }
}

fn field(mut item: Completion, of: Def, own: &Inside, program: &Program) -> Option<Completion> {
    let Def::Item { module, item: at } = of else {
        return None;
    };
    let (_, base) = program.item(module, at)?;
    let member = member(program, of, &own.name)?;
    item = item
        .detail(written(program, base, member.ty.range))
        .doc(member.doc.as_deref());
    item.deprecated = deprecated(&member.annotations);
    if item.deprecated.is_some() {
        item.rank += GONE;
    }
    Some(item)
}
