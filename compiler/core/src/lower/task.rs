//! Tasks and their processes.

use std::collections::BTreeMap;

use aur_diagnostics::{Diagnostic, Span, codes};
use aur_ir as ir;

use super::order::Member;
use super::place::Placed;
use super::{Lowering, elements};
use crate::resolve::Judge;
use crate::value::{Kind, Value};

/// Less than this is not enough to start bash and a program.
const SMALL_MEMORY: u64 = 16 << 20;

impl<'p> Lowering<'_, 'p> {
    /// A task that a job runs: it needs processes and resources.
    pub(super) fn job_task(&mut self, placed: &Placed<'p>) -> Option<ir::Task> {
        self.trace(None, Some(placed.inner.span), None);
        self.require(placed);
        let has_resources = self.read(placed, "resources").is_some();
        if let Judge::Job(job) = self.judge
            && !has_resources
            && !self.compiler.is_in_broken_item(placed.inner.span)
        {
            self.compiler.report_missing(&placed.inner, &["resources"], job);
        }
        self.task(placed)
    }

    /// Lowers a task and judges its rules; open names are skipped where no job reaches it.
    pub(super) fn task(&mut self, placed: &Placed<'p>) -> Option<ir::Task> {
        let list = self.read(placed, "processes")?;
        self.note_open("processes", &list.value);
        let processes = self.processes(placed, &list.value, list.span);
        let members: Vec<Member> = processes.iter().map(|(member, _)| member.clone()).collect();
        let order = self.order(placed, &members);
        let files = self.files(placed);
        let resources = self
            .nested(placed, "resources")
            .map(|resources| self.below("resources", |this| this.resources(&resources)));
        let name = self.text(placed, "name", None);
        let (finalization_wait_ms, max_concurrency, max_failures) = (
            self.milliseconds(placed, "finalization_wait", "finalization_wait_ms"),
            self.count(placed, "max_concurrency"),
            self.count(placed, "max_failures"),
        );
        let user = self.optional_text(placed, "user", None);
        let processes = processes
            .into_iter()
            .map(|(_, process)| process)
            .collect::<Option<Vec<_>>>()?;
        Some(ir::Task {
            files,
            finalization_wait_ms,
            max_concurrency,
            max_failures,
            name,
            order,
            processes,
            resources: resources?,
            user,
        })
    }

    fn processes(
        &mut self,
        task: &Placed<'p>,
        list: &Value<'p>,
        written: Option<Span>,
    ) -> Vec<(Member, Option<ir::Process>)> {
        let items = elements(list, &task.env);
        if items.is_empty() && matches!(list.kind, Kind::List(_)) {
            let error = Diagnostic::new(
                &codes::missing_field,
                written.unwrap_or(task.inner.span),
                "this task has no processes",
            );
            self.error(error.help("add one: `processes = [Process { name = \"main\", cmdline = \"..\" }]`"));
        }
        let mut out: Vec<(Member, Option<ir::Process>)> = Vec::with_capacity(items.len());
        let mut first: BTreeMap<String, Span> = BTreeMap::new();
        for (index, (value, env)) in items.iter().enumerate() {
            let Some(placed) = self.place(value, env) else {
                continue;
            };
            let (member, process) = self.below(&format!("processes/{index}"), |this| {
                this.process(&placed, task.inner.span)
            });
            if let Some(name) = member.name.as_ref().filter(|name| !self.compiler.is_open(name)) {
                match first.get(name) {
                    Some(earlier) => {
                        let error = Diagnostic::new(
                            &codes::duplicate_process,
                            member.span,
                            format!("two processes of this task are called `{name}`"),
                        )
                        .label("this process");
                        let error = if *earlier == member.span {
                            error
                                .note("both come from this one place")
                                .help("make the names differ: `name = \"worker{{i}}\"` and `.bind(i = i)`")
                        } else {
                            error
                                .also(*earlier, "the first process of this name")
                                .help("rename one of them")
                        };
                        self.error(error);
                    }
                    None => {
                        first.insert(name.clone(), member.span);
                    }
                }
            }
            out.push((member, process));
        }
        out
    }

    fn files(&mut self, placed: &Placed<'p>) -> BTreeMap<String, String> {
        let map = self.text_map(placed, "files");
        let mut out = BTreeMap::new();
        for (path, (content, span)) in map {
            if !ir::is_sandbox_path(&path) {
                let message = format!("`{}` does not stay in the sandbox", path.escape_debug());
                self.error(
                    Diagnostic::new(&codes::outside_root, span, message)
                        .help("write a path below the sandbox, such as `bin/start.sh`"),
                );
            }
            let folder = format!("{path}/");
            if out
                .range::<String, _>(folder.clone()..)
                .next()
                .is_some_and(|(other, _): (&String, _)| other.starts_with(&folder))
                || is_below(&out, &path)
            {
                let message = format!("`{}` is a file and a folder at once", path.escape_debug());
                self.error(
                    Diagnostic::new(&codes::out_of_range, span, message).help("rename one of the files"),
                );
            }
            out.insert(path, content);
        }
        out
    }

    fn resources(&mut self, placed: &Placed<'p>) -> ir::Resources {
        self.require(placed);
        let ram_bytes = self.size(placed, "ram", "ram_bytes");
        if let Some(span) = self.read(placed, "ram").and_then(|read| read.span)
            && (1..SMALL_MEMORY).contains(&ram_bytes)
        {
            let message = format!(
                "{} of memory is hardly enough to start a program",
                crate::print::bytes(ram_bytes as i64)
            );
            self.error(
                Diagnostic::new(&codes::small_memory, span, message)
                    .help("bash with a small script needs about 16MB; a task over its limit is killed"),
            );
        }
        ir::Resources {
            cpu: self.float(placed, "cpu"),
            disk_bytes: self.size(placed, "disk", "disk_bytes"),
            gpu: self.count(placed, "gpu"),
            ram_bytes,
        }
    }
}

/// Whether a folder of `path` is a file of the map.
fn is_below(files: &BTreeMap<String, String>, path: &str) -> bool {
    path.match_indices('/')
        .any(|(at, _)| path.get(..at).is_some_and(|folder| files.contains_key(folder)))
}
