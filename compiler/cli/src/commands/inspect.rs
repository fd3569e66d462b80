//! `aurc inspect`

use std::collections::BTreeMap;
use std::path::PathBuf;

use aur_compiler::Outline;
use aur_disk::Project;
use aur_ir::{Edge, EdgeKind, Job, Plan, Process};
use aur_render::clean;
use aur_terminal::{Failure, InputArgs, plural};

use crate::reading::is_colored;
use crate::{Context, Outcome, Status};

/// Show a job as it will run: task, order, and processes with their commands
///
/// What depends on an input without a value, or on a name that is not bound, stays as `{{name}}`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  aurc inspect main.aur\n  aurc inspect main.aur hello\n  \
    aurc inspect main.aur devel/hello -E count=3"
)]
pub(crate) struct Args {
    /// The program; `-` is the standard input
    file: PathBuf,
    /// Key of the job, cluster/role/environment/name, or its last parts
    #[arg(value_name = "JOBKEY")]
    job: Option<String>,
    #[command(flatten)]
    inputs: InputArgs,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let given = args.inputs.given()?;
    let project = aur_terminal::open(&args.file, None, context.project.as_deref())?;
    let answer = aur_compiler::inspect(&project, project.entry(), &given);
    let Some(outline) = aur_terminal::value_or_errors(&project, answer, &context.terminal, context.is_quiet)?
    else {
        return Ok(Status::Faulty);
    };
    let plan = &outline.plan;
    note_open(&outline, context);
    if plan.jobs.is_empty() {
        return Err(Failure::new("there is no job that could be shown").exit_with(1));
    }
    let index = aur_terminal::select_job(plan, args.job.as_deref())?;
    let page = Page {
        plan,
        open: &outline.open,
        project: &project,
        is_colored: is_colored(context.terminal.out),
        text: String::new(),
    };
    if let Some(job) = plan.jobs.get(index) {
        context.terminal.print(page.of(job, index))?;
    }
    Ok(Status::Fine)
}

/// Says what is open, and what cannot be shown for it.
fn note_open(outline: &Outline, context: &Context) {
    if context.is_quiet {
        return;
    }
    for hidden in &outline.hidden {
        context.terminal.tell(&format!(
            "not shown, because it is not known yet: {}\n",
            clean(hidden)
        ));
    }
    if let Some(help) = give_inputs(outline) {
        context.terminal.tell(&format!("{help}\n"));
    }
}

fn give_inputs(outline: &Outline) -> Option<String> {
    let names: Vec<String> = outline
        .missing_inputs
        .iter()
        .map(|name| clean(name).into_owned())
        .collect();
    (!names.is_empty()).then(|| format!("inputs without a value: {}; give them with -E", names.join(", ")))
}

/// A job as text.
struct Page<'a> {
    plan: &'a Plan,
    /// What stands in place of open values, by pointer.
    open: &'a BTreeMap<String, String>,
    project: &'a Project,
    is_colored: bool,
    text: String,
}

impl Page<'_> {
    fn of(mut self, job: &Job, index: usize) -> String {
        let at = format!("/jobs/{index}");
        self.job(job, &at);
        self.task(job, &format!("{at}/task"));
        for (i, process) in job.task.processes.iter().enumerate() {
            self.process(process, &format!("{at}/task/processes/{i}"));
        }
        self.text
    }

    fn job(&mut self, job: &Job, at: &str) {
        self.heading(
            "job",
            &job.key,
            self.place(at, &["", "/name", "/environment", "/role", "/cluster"]),
        );
        let kind = if job.service {
            "yes, started again when it ends"
        } else {
            "no"
        };
        self.known_row("service", &format!("{at}/service"), kind);
        self.known_row(
            "instances",
            &format!("{at}/instances"),
            &job.instances.to_string(),
        );
        let failures = u64::try_from(job.max_task_failures).ok();
        let limit = most(failures, "failed attempt");
        self.known_row("failures", &format!("{at}/max_task_failures"), &limit);
        self.known_row("priority", &format!("{at}/priority"), &job.priority.to_string());
        if job.production {
            self.row("production", "yes");
        }
        if let Some(contact) = &job.contact {
            self.row("contact", contact);
        }
        for (name, value) in &job.constraints {
            self.row("constraint", &format!("{name} {value}"));
        }
        if !job.ports.is_empty() {
            self.row("ports", &job.ports.join(", "));
        }
        self.text.push('\n');
    }

    fn task(&mut self, job: &Job, at: &str) {
        let task = &job.task;
        self.heading(
            "task",
            &task.name,
            self.place(at, &["", "/name", "/resources/cpu", "/resources/ram_bytes"]),
        );
        let resources = &task.resources;
        self.row(
            "resources",
            &format!(
                "cpu {}, ram {}, disk {}",
                self.known(&format!("{at}/resources/cpu"), resources.cpu.to_string()),
                self.known(&format!("{at}/resources/ram_bytes"), bytes(resources.ram_bytes)),
                self.known(&format!("{at}/resources/disk_bytes"), bytes(resources.disk_bytes))
            ),
        );
        let most_failures = most(limit(task.max_failures), "failed process");
        self.known_row("failures", &format!("{at}/max_failures"), &most_failures);
        let concurrency = match task.max_concurrency {
            0 => "as many processes at a time as there are".to_string(),
            count => format!("at most {} at a time", plural(count, "process")),
        };
        self.known_row("concurrency", &format!("{at}/max_concurrency"), &concurrency);
        let wait = format!("at most {}", milliseconds(task.finalization_wait_ms));
        self.known_row("finalization", &format!("{at}/finalization_wait_ms"), &wait);
        if let Some(user) = &task.user {
            self.row("user", user);
        }
        for (path, content) in &task.files {
            self.row("file", &format!("{path} ({} bytes)", content.len()));
        }
        if let Some(open) = self.open.get(&format!("{at}/processes")).cloned() {
            self.row("processes", &open);
        }
        let names: Vec<&str> = task
            .processes
            .iter()
            .map(|process| process.name.as_str())
            .collect();
        let chains = chains(&names, &task.order);
        if chains.is_empty() && names.len() > 1 {
            self.row("order", "all at once");
        }
        for chain in chains {
            self.row("order", &chain);
        }
        self.text.push('\n');
    }

    fn process(&mut self, process: &Process, at: &str) {
        self.heading(
            "process",
            &process.name,
            self.place(at, &["", "/name", "/cmdline", "/argv"]),
        );
        let kinds = [
            (process.daemon, "daemon"),
            (process.ephemeral, "ephemeral"),
            (process.is_final, "final"),
        ];
        let kinds: Vec<&str> = kinds
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| word)
            .collect();
        if !kinds.is_empty() {
            self.row("kind", &kinds.join(", "));
        }
        let most_failures = most(limit(process.max_failures), "failed run");
        self.known_row("failures", &format!("{at}/max_failures"), &most_failures);
        let pause = format!("{} between runs", milliseconds(process.min_duration_ms));
        self.known_row("pause", &format!("{at}/min_duration_ms"), &pause);
        for (i, line) in process.command().lines().enumerate() {
            self.row(if i == 0 { "command" } else { "" }, line);
        }
        self.text.push('\n');
    }

    fn heading(&mut self, kind: &str, name: &str, place: Option<String>) {
        let name = clean(name);
        let place = place.map_or(String::new(), |place| format!("  ({})", clean(&place)));
        let line = match self.is_colored {
            true => format!("{kind} \x1b[1m{name}\x1b[0m\x1b[2m{place}\x1b[0m\n"),
            false => format!("{kind} {name}{place}\n"),
        };
        self.text.push_str(&line);
    }

    /// The value, or what stands in place of it where it is open.
    fn known(&self, at: &str, value: String) -> String {
        self.open.get(at).cloned().unwrap_or(value)
    }

    fn known_row(&mut self, word: &str, at: &str, value: &str) {
        let value = self.known(at, value.to_string());
        self.row(word, &value);
    }

    fn row(&mut self, word: &str, value: &str) {
        let value = clean(value);
        let line = match self.is_colored {
            true => format!("  \x1b[2m{word:<12}\x1b[0m  {value}"),
            false => format!("  {word:<12}  {value}"),
        };
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Where the first of these parts that was written stands.
    fn place(&self, at: &str, parts: &[&str]) -> Option<String> {
        let span = parts
            .iter()
            .find_map(|part| self.plan.spans.get(&format!("{at}{part}")))?;
        let file = self.plan.files.get(usize::try_from(span.file).ok()?)?;
        let path = self.project.seen_from_here(&file.path);
        Some(format!("{path}:{}:{}", span.line, span.column))
    }
}

/// Zero stands for no limit.
fn limit(count: u64) -> Option<u64> {
    (count > 0).then_some(count)
}

/// Words for a limit of failures.
fn most(limit: Option<u64>, what: &str) -> String {
    match limit {
        None => "no limit".to_string(),
        Some(count) => format!("over after {}", plural(count, what)),
    }
}

/// A size as a program writes it: with the largest unit that is exact.
fn bytes(count: u64) -> String {
    let units = [(1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    exact(count, &units).unwrap_or_else(|| count.to_string())
}

/// A duration as a program writes it.
fn milliseconds(count: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")];
    exact(count, &units).unwrap_or_else(|| format!("{count}ms"))
}

fn exact(count: u64, units: &[(u64, &str)]) -> Option<String> {
    let (size, unit) = units
        .iter()
        .find(|(size, _)| count > 0 && count.is_multiple_of(*size))?;
    Some(format!("{}{unit}", count / size))
}

/// Writes the order as arrows: what waits for the same is one line, and a line that begins where another
/// ends goes on there.
fn chains(names: &[&str], order: &[Edge]) -> Vec<String> {
    let mut waits: BTreeMap<(usize, EdgeKind), Vec<&str>> = BTreeMap::new();
    let rank: BTreeMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    for edge in order {
        let after = rank.get(edge.after.as_str()).copied().unwrap_or(usize::MAX);
        waits.entry((after, edge.on)).or_default().push(&edge.before);
    }
    let mut lines: Vec<Option<Vec<String>>> = Vec::new();
    let mut line_ending_in: BTreeMap<String, usize> = BTreeMap::new();
    for ((after, on), befores) in waits {
        let name = names.get(after).copied().unwrap_or("?").to_string();
        line_ending_in.insert(name.clone(), lines.len());
        lines.push(Some(vec![crowd(&befores, on), name]));
    }
    for i in 0..lines.len() {
        let Some(head) = lines.get(i).and_then(|line| line.as_ref()?.first().cloned()) else {
            continue;
        };
        let Some(j) = line_ending_in.get(&head).copied().filter(|j| *j != i) else {
            continue;
        };
        let Some(line) = lines.get_mut(i).and_then(Option::take) else {
            continue;
        };
        line_ending_in.remove(&head);
        if let Some(last) = line.last() {
            line_ending_in.insert(last.clone(), j);
        }
        if let Some(Some(earlier)) = lines.get_mut(j) {
            earlier.extend(line.into_iter().skip(1));
        }
    }
    lines
        .into_iter()
        .flatten()
        .map(|line| line.join(" -> "))
        .collect()
}

/// Most names that stand side by side in one line.
const MOST_NAMES: usize = 6;

fn crowd(names: &[&str], on: EdgeKind) -> String {
    let shown = |name: &str| match on {
        EdgeKind::Success => name.to_string(),
        EdgeKind::Ready => format!("ready({name})"),
    };
    match names {
        [first, second, .., last] if names.len() > MOST_NAMES => {
            format!(
                "{}, {}, ..., {} ({} processes)",
                shown(first),
                shown(second),
                shown(last),
                names.len()
            )
        }
        names => names
            .iter()
            .map(|name| shown(name))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests;
