//! What waits for what, and the rules of it.

use std::collections::{BTreeMap, BTreeSet};

use aur_diagnostics::{Diagnostic, Span, codes, nearest};
use aur_ir as ir;
use rustc_hash::{FxHashMap, FxHashSet};

use super::place::Placed;
use super::{Lowering, elements};
use crate::resolve::Env;
use crate::value::{Kind, Slot, Value};

/// What the order needs to know of a process.
#[derive(Clone)]
pub(super) struct Member {
    /// None where it is still open.
    pub(super) name: Option<String>,
    pub(super) span: Span,
    pub(super) daemon: bool,
    pub(super) ephemeral: bool,
    pub(super) is_final: bool,
    /// Whether it can say that it is ready.
    pub(super) has_probe: bool,
}

/// One process waits for another, and the place that says so.
struct Wait {
    before: usize,
    after: usize,
    on: ir::EdgeKind,
    span: Span,
}

impl<'p> Lowering<'_, 'p> {
    pub(super) fn order(&mut self, task: &Placed<'p>, members: &[Member]) -> Vec<ir::Edge> {
        let index_of: FxHashMap<&str, usize> = members
            .iter()
            .enumerate()
            .filter_map(|(i, member)| Some((member.name.as_deref()?, i)))
            .collect();
        let mut waits = self.written_waits(task, members, &index_of);
        let is_sequential = matches!(self.read(task, "sequential"), Some(read) if matches!(read.value.kind, Kind::Bool(true)));
        if is_sequential {
            self.check_no_second_order(task);
            waits.extend(sequence(members, task.inner.span));
        }
        let mut seen = BTreeSet::new();
        waits.retain(|wait| seen.insert((wait.before, wait.after, wait.on)));
        if self.judge_waits(&waits, members) == Circles::None {
            waits = reduce(members.len(), waits);
        }
        waits
            .iter()
            .filter_map(|wait| {
                let name = |index: usize| members.get(index).and_then(|member| member.name.clone());
                Some(ir::Edge {
                    after: name(wait.after)?,
                    before: name(wait.before)?,
                    on: wait.on,
                })
            })
            .collect()
    }

    /// The edges of `constraints`.
    fn written_waits(
        &mut self,
        task: &Placed<'p>,
        members: &[Member],
        index_of: &FxHashMap<&str, usize>,
    ) -> Vec<Wait> {
        let mut waits = Vec::new();
        let Some(list) = self.read(task, "constraints") else {
            return waits;
        };
        self.trace(Some("order"), list.span, None);
        for (value, env) in elements(&list.value, &task.env) {
            let Some(placed) = self.place(&value, &env) else {
                continue;
            };
            self.require(&placed);
            let Some(order) = self.read(&placed, "order") else {
                continue;
            };
            let names = elements(&order.value, &placed.env);
            if names.is_empty() && matches!(order.value.kind, Kind::List(_)) {
                let error = Diagnostic::new(
                    &codes::unknown_process,
                    order.value.span,
                    "this order names no process",
                );
                self.error(error.help("remove it, or name the processes: `order(first, second)`"));
            }
            let mut last: Option<(usize, ir::EdgeKind)> = None;
            for (part, env) in names {
                let step = self.step(&part, &env, members, index_of);
                if let (Some((before, on)), Some((after, _))) = (last, step) {
                    waits.push(Wait {
                        before,
                        after,
                        on,
                        span: part.span,
                    });
                }
                last = step;
            }
        }
        waits
    }

    /// One part of an order: a process by name, and what whoever stands behind it waits for.
    fn step(
        &mut self,
        part: &Value<'p>,
        env: &Env<'p>,
        members: &[Member],
        index_of: &FxHashMap<&str, usize>,
    ) -> Option<(usize, ir::EdgeKind)> {
        let (name, on) = match self.place(part, env) {
            Some(ready) => (self.read(&ready, "process")?.value, ir::EdgeKind::Ready),
            None => (self.compiler.settle(part, env, self.judge), ir::EdgeKind::Success),
        };
        let open = self.compiler.open_text(&name);
        let finished = || crate::eval::finished_text(&name.kind).map(|name| name.into_owned());
        let name = open.or_else(finished)?;
        match index_of.get(name.as_str()) {
            Some(index) => Some((*index, on)),
            None => {
                self.report_unknown_process(&name, part.span, members);
                None
            }
        }
    }

    fn report_unknown_process(&mut self, name: &str, span: Span, members: &[Member]) {
        // With an open name among the processes, this may be the one.
        let is_open = |name: &str| self.compiler.is_open(name);
        let has_open_name = |member: &Member| member.name.as_deref().is_none_or(is_open);
        if members.iter().any(has_open_name) || is_open(name) {
            return;
        }
        let names = || members.iter().filter_map(|member| member.name.as_deref());
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "its processes are {}",
                names().take(8).collect::<Vec<_>>().join(", ")
            ),
        };
        self.error(
            Diagnostic::new(
                &codes::unknown_process,
                span,
                format!("the task has no process `{}`", name.escape_debug()),
            )
            .label("not a process of this task")
            .help(help),
        );
    }

    /// A sequential task is ordered already.
    fn check_no_second_order(&mut self, task: &Placed<'p>) {
        let inner = &task.inner;
        let written = inner
            .decl
            .field("constraints")
            .and_then(|index| match inner.slot(index) {
                Slot::Set(value) if matches!(&value.kind, Kind::List(items) if !items.is_empty()) => {
                    Some(value.span)
                }
                _ => None,
            });
        if let Some(span) = written {
            let error = Diagnostic::new(
                &codes::double_order,
                span,
                "a sequential task has its order already: that of `processes`",
            );
            self.error(error.help("use `Task` instead of `SequentialTask`, or leave `constraints` out"));
        }
    }

    fn judge_waits(&mut self, waits: &[Wait], members: &[Member]) -> Circles {
        for wait in waits {
            let (Some(before), Some(after)) = (members.get(wait.before), members.get(wait.after)) else {
                continue;
            };
            let (Some(first), Some(second)) = (&before.name, &after.name) else {
                continue;
            };
            let (code, message, help) = if before.is_final != after.is_final {
                (
                    &codes::mixed_final,
                    format!(
                        "`{first}` and `{second}` are not of one kind: one runs while the task finalizes"
                    ),
                    "final processes run after all others by themselves; order only those of one kind",
                )
            } else if wait.on == ir::EdgeKind::Ready && !before.has_probe {
                (
                    &codes::not_a_probe,
                    format!("`{second}` waits until `{first}` is ready, but `{first}` never says so"),
                    "give it a probe: `ready = TcpProbe { port = \"http\" }`",
                )
            } else if wait.on == ir::EdgeKind::Ready {
                continue;
            } else if before.daemon {
                (
                    &codes::waits_for_daemon,
                    format!("`{second}` waits for `{first}`, which is a daemon and never ends"),
                    "leave the edge out, or wait for `ready(..)` of it",
                )
            } else if before.ephemeral && !after.ephemeral {
                (
                    &codes::waits_for_ephemeral,
                    format!("`{second}` waits for `{first}`, which is ephemeral and may never end"),
                    "leave the edge out, or make both ephemeral",
                )
            } else {
                continue;
            };
            self.error(
                Diagnostic::new(code, wait.span, message)
                    .label(format!("`{second}` would wait here"))
                    .also(before.span, format!("`{first}`"))
                    .help(help),
            );
        }
        match find_circle(members.len(), waits) {
            Some(circle) => {
                self.report_circle(&circle, waits, members);
                Circles::Some
            }
            None => Circles::None,
        }
    }

    fn report_circle(&mut self, circle: &[usize], waits: &[Wait], members: &[Member]) {
        let name = |index: usize| {
            members
                .get(index)
                .and_then(|member| member.name.clone())
                .unwrap_or_default()
        };
        let mut path: Vec<String> = circle.iter().map(|index| name(*index)).collect();
        path.extend(circle.first().map(|index| name(*index)));
        let hops: Vec<&Wait> = circle
            .iter()
            .zip(circle.iter().cycle().skip(1))
            .filter_map(|(before, after)| {
                waits
                    .iter()
                    .find(|wait| wait.before == *before && wait.after == *after)
            })
            .collect();
        let Some(last) = hops.last() else { return };
        let mut error = Diagnostic::new(
            &codes::process_cycle,
            last.span,
            format!("processes wait for each other: {}", path.join(" -> ")),
        )
        .label("this closes the circle")
        .help("take one of the edges out");
        for hop in hops
            .iter()
            .rev()
            .skip(1)
            .rev()
            .filter(|hop| hop.span != last.span)
            .take(8)
        {
            error = error.also(
                hop.span,
                format!("`{}` waits for `{}`", name(hop.after), name(hop.before)),
            );
        }
        self.error(error);
    }
}

/// Whether processes wait for each other.
#[derive(PartialEq, Eq)]
enum Circles {
    None,
    Some,
}

/// Leaves out what follows from the rest: where `b` waits for `a` and `c` for `b`, `c` need not wait for `a`.
///
/// A wait is only left out for a path that begins with a wait of its own kind: whether a process must
/// become ready, or end, depends on the waits that leave it. There is no circle in `waits`.
fn reduce(count: usize, waits: Vec<Wait>) -> Vec<Wait> {
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    for wait in &waits {
        if let Some(own) = followers.get_mut(wait.before) {
            own.push(wait.after);
        }
    }
    let mut starts: BTreeMap<(usize, ir::EdgeKind), Vec<usize>> = BTreeMap::new();
    for wait in &waits {
        starts.entry((wait.before, wait.on)).or_default().push(wait.after);
    }
    let mut implied: FxHashSet<(usize, usize, ir::EdgeKind)> = FxHashSet::default();
    for ((before, on), firsts) in starts.iter().filter(|(_, firsts)| firsts.len() > 1) {
        let beyond = reached_from(firsts, &followers);
        implied.extend(
            firsts
                .iter()
                .filter(|after| beyond.contains(after))
                .map(|after| (*before, *after, *on)),
        );
    }
    waits
        .into_iter()
        .filter(|wait| !implied.contains(&(wait.before, wait.after, wait.on)))
        .collect()
}

/// What is reached from `starts` in one step or more.
fn reached_from(starts: &[usize], followers: &[Vec<usize>]) -> FxHashSet<usize> {
    let next = |index: usize| {
        followers
            .get(index)
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .copied()
    };
    let mut open: Vec<usize> = starts.iter().flat_map(|start| next(*start)).collect();
    let mut seen = FxHashSet::default();
    while let Some(index) = open.pop() {
        if seen.insert(index) {
            open.extend(next(index));
        }
    }
    seen
}

/// Each process waits for the one before it; final ones among themselves.
fn sequence(members: &[Member], span: Span) -> Vec<Wait> {
    let mut waits = Vec::new();
    for is_final in [false, true] {
        let chain: Vec<usize> = (0..members.len())
            .filter(|index| {
                members
                    .get(*index)
                    .is_some_and(|member| member.is_final == is_final)
            })
            .collect();
        waits.extend(
            chain
                .iter()
                .zip(chain.iter().skip(1))
                .map(|(before, after)| Wait {
                    before: *before,
                    after: *after,
                    on: ir::EdgeKind::Success,
                    span,
                }),
        );
    }
    waits
}

/// Finds one circle: processes in order, each followed by one that waits for it.
fn find_circle(count: usize, waits: &[Wait]) -> Option<Vec<usize>> {
    let mut open = vec![0usize; count];
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); count];
    for wait in waits {
        *open.get_mut(wait.after)? += 1;
        followers.get_mut(wait.before)?.push(wait.after);
        before.get_mut(wait.after)?.push(wait.before);
    }
    let mut free: Vec<usize> = (0..count).filter(|index| open.get(*index) == Some(&0)).collect();
    let mut is_done = vec![false; count];
    while let Some(index) = free.pop() {
        *is_done.get_mut(index)? = true;
        for follower in followers.get(index)? {
            let waiting = open.get_mut(*follower)?;
            *waiting -= 1;
            if *waiting == 0 {
                free.push(*follower);
            }
        }
    }
    // Whoever is left waits for someone who is left; going back along these edges must come around.
    let mut at = is_done.iter().position(|done| !done)?;
    let mut seen: Vec<Option<usize>> = vec![None; count];
    let mut path = Vec::new();
    loop {
        if let Some(start) = seen.get(at).copied().flatten() {
            let mut circle: Vec<usize> = path.split_off(start);
            circle.reverse();
            return Some(circle);
        }
        *seen.get_mut(at)? = Some(path.len());
        path.push(at);
        at = *before
            .get(at)?
            .iter()
            .find(|index| is_done.get(**index) == Some(&false))?;
    }
}
