//! Why a task and its processes are as they are, and what in the program decided it.

use aur_ir::{EdgeKind, Job, Plan, Process, Task};
use aur_machine::{ProcessView, Reason, RunView, Source, State as RunState, TaskReason, TaskState, TaskView};
use aur_runner::State;

use crate::documents::{Cause, Explanation, ProcessExplanation};
use crate::{duration, show};

/// Explains a task, or one process of it. `now_ms` is the wall clock, milliseconds since 1970.
pub(crate) fn explain(state: &State, view: &TaskView, process: Option<&str>, now_ms: u64) -> Explanation {
    let Some(job) = state.plan.jobs.get(state.job) else {
        return Explanation {
            task_id: view.task_id.clone(),
            state: view.state,
            because: Vec::new(),
            processes: Vec::new(),
        };
    };
    let teller = Teller {
        state,
        plan: &state.plan,
        job,
        view,
        now_ms,
    };
    let is_asked = |found: &&ProcessView| process.is_none_or(|name| found.name == name);
    let processes = view.processes.iter().filter(is_asked);
    Explanation {
        task_id: view.task_id.clone(),
        state: view.state,
        because: teller.task(),
        processes: processes.map(|process| teller.process(process)).collect(),
    }
}

struct Teller<'a> {
    state: &'a State,
    plan: &'a Plan,
    job: &'a Job,
    view: &'a TaskView,
    now_ms: u64,
}

fn cause(text: impl Into<String>, source: Option<Source>) -> Cause {
    Cause {
        text: text.into(),
        source,
    }
}

impl Teller<'_> {
    fn spec(&self) -> &Task {
        &self.job.task
    }

    /// Where the first of these leaves of the job is written.
    fn place(&self, leaves: &[String]) -> Option<Source> {
        leaves.iter().find_map(|leaf| {
            let pointer = format!("/jobs/{}{leaf}", self.state.job);
            let span = self.plan.spans.get(&pointer)?;
            let file = self.plan.files.get(usize::try_from(span.file).ok()?)?;
            Some(Source {
                file: file.path.clone(),
                line: span.line,
                column: span.column,
            })
        })
    }

    fn task_place(&self, leaf: &str) -> Option<Source> {
        self.place(&[format!("/task/{leaf}"), "/task".to_string()])
    }

    /// Where a field of a process is written; without one, the process itself.
    fn field_place(&self, process: &str, leaf: &str) -> Option<Source> {
        let index = self
            .spec()
            .processes
            .iter()
            .position(|found| found.name == process)?;
        let at = format!("/task/processes/{index}");
        self.place(&[format!("{at}/{leaf}"), at.clone(), format!("{at}/name")])
    }

    fn task(&self) -> Vec<Cause> {
        let mut causes = Vec::new();
        if aur_machine::exit_code(self.view.state).is_none() {
            if self.state.runner_pid.is_none() {
                let help = format!(
                    "no runner has it: `aur resume {}` goes on with it",
                    self.view.task_id
                );
                causes.push(cause(help, None));
            }
            if self.state.is_disk_full {
                causes.push(cause(
                    "the disk that holds its state is full: nothing new starts",
                    None,
                ));
            }
        }
        match self.view.reason {
            Some(reason) => causes.push(self.task_reason(reason)),
            None => {
                let alive =
                    self.count(|process| matches!(process.state, RunState::Forked | RunState::Running));
                let waiting = self.count(|process| process.state == RunState::Waiting);
                causes.push(cause(
                    format!("{alive} of its processes run, {waiting} wait"),
                    None,
                ));
            }
        }
        causes
    }

    fn count(&self, is_counted: impl Fn(&ProcessView) -> bool) -> usize {
        self.view
            .processes
            .iter()
            .filter(|process| is_counted(process))
            .count()
    }

    fn task_reason(&self, reason: TaskReason) -> Cause {
        match reason {
            TaskReason::Complete => cause(
                "its processes came to their end, and few enough of them failed",
                None,
            ),
            TaskReason::Failures => {
                let failed = self.count(|process| process.state == RunState::Failed);
                let most = self.spec().max_failures;
                let text = format!("{failed} of its processes failed, and `max_failures` is {most}");
                cause(text, self.task_place("max_failures"))
            }
            TaskReason::Stuck => cause(
                "what is left waits for a process that failed",
                self.task_place("order"),
            ),
            TaskReason::Disk => cause(
                "its sandbox and logs took more disk than it may use",
                self.task_place("resources"),
            ),
            TaskReason::Stopped => cause("somebody asked for its end", None),
            TaskReason::Unhealthy => {
                let why = self.view.health_message.as_deref().unwrap_or("no answer");
                let text = format!("it was judged unhealthy: {why}");
                cause(text, self.place(&["/health_check_config".to_string()]))
            }
        }
    }

    fn process(&self, view: &ProcessView) -> ProcessExplanation {
        let spec = self.spec().processes.iter().find(|found| found.name == view.name);
        let because = match spec {
            Some(spec) => self.process_causes(spec, view),
            None => Vec::new(),
        };
        ProcessExplanation {
            name: view.name.clone(),
            state: view.state,
            because,
            source: view.source.clone(),
        }
    }

    fn process_causes(&self, spec: &Process, view: &ProcessView) -> Vec<Cause> {
        let run = view.runs.last();
        match (view.state, run) {
            (RunState::Waiting, _) => self.waiting(spec, view),
            (RunState::Forked, _) => vec![cause("its start is on the way", None)],
            (RunState::Running, Some(run)) => self.running(spec, view, run),
            (RunState::Success, Some(run)) => {
                vec![cause(format!("run {} ended with exit code 0", run.run), None)]
            }
            (RunState::Killed, Some(run)) => self.killed(view, run),
            (RunState::Failed | RunState::Lost, Some(run)) => self.failed(spec, view, run),
            (
                RunState::Running | RunState::Success | RunState::Killed | RunState::Failed | RunState::Lost,
                None,
            ) => Vec::new(),
        }
    }

    fn running(&self, spec: &Process, view: &ProcessView, run: &RunView) -> Vec<Cause> {
        let since = run
            .started_ms
            .map(|at| duration::show(self.now_ms.saturating_sub(at)));
        let pid = run.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
        let text = format!("run {} has run for {}{pid}", run.run, since.unwrap_or_default());
        let mut causes = vec![cause(text, None)];
        if view.stopping {
            causes.push(cause("it was asked to end (SIGTERM) and has not ended yet", None));
            causes.extend(self.view.reason.map(|reason| self.task_reason(reason)));
        } else if spec.daemon {
            let text = "it is a daemon: it is started again when it succeeds";
            causes.push(cause(text, self.field_place(&spec.name, "daemon")));
        }
        if let Some(before) = view.runs.iter().rev().nth(1) {
            causes.push(cause(format!("run {} {}", before.run, how(before)), None));
        }
        causes
    }

    fn killed(&self, view: &ProcessView, run: &RunView) -> Vec<Cause> {
        let mut causes = vec![cause(format!("run {} {}", run.run, how(run)), None)];
        if view.held {
            causes.push(cause(
                "somebody stopped it; it runs again when it is started",
                None,
            ));
        }
        causes.extend(self.view.reason.map(|reason| {
            let why = self.task_reason(reason);
            cause(format!("the task left ACTIVE: {}", why.text), why.source)
        }));
        causes
    }

    fn failed(&self, spec: &Process, view: &ProcessView, run: &RunView) -> Vec<Cause> {
        let mut causes = vec![cause(
            format!("run {} {}", run.run, how(run)),
            self.limit(spec, run),
        )];
        let failed = view
            .runs
            .iter()
            .filter(|run| run.state == RunState::Failed)
            .count();
        if view.state == RunState::Failed && spec.max_failures > 0 {
            let text = format!("it has failed for good: `max_failures` is {}", spec.max_failures);
            let text = match failed {
                0 | 1 => text,
                failed => format!("{text}, and {failed} of its last runs failed"),
            };
            causes.push(cause(text, self.field_place(&spec.name, "max_failures")));
        }
        causes
    }

    /// The limit that a run broke, as it is written; else its command.
    fn limit(&self, spec: &Process, run: &RunView) -> Option<Source> {
        match run.reason {
            Some(Reason::Oom) => self.task_place("resources/ram_bytes"),
            Some(Reason::Disk) => self.task_place("resources/disk_bytes"),
            Some(Reason::Timeout) => self.field_place(&spec.name, "timeout_ms"),
            Some(Reason::NotReady) => self.field_place(&spec.name, "ready"),
            Some(Reason::Unhealthy) => self.place(&["/health_check_config".to_string()]),
            Some(Reason::Exit | Reason::Signal | Reason::StartError | Reason::Lost | Reason::Killed)
            | None => {
                let leaf = if spec.cmdline.is_some() { "cmdline" } else { "argv" };
                self.field_place(&spec.name, leaf)
            }
        }
    }

    fn waiting(&self, spec: &Process, view: &ProcessView) -> Vec<Cause> {
        let mut causes = Vec::new();
        if let (Some(at), Some(run)) = (view.not_before_ms, view.runs.last()) {
            causes.push(cause(format!("run {} {}", run.run, how(run)), None));
            let wait = at.saturating_sub(self.now_ms);
            let leaf = if spec.backoff.is_some() {
                "backoff"
            } else {
                "min_duration_ms"
            };
            let text = format!("it runs again in {}", duration::show(wait));
            causes.push(cause(text, self.field_place(&spec.name, leaf)));
            return causes;
        }
        causes.extend(self.open_edges(spec));
        if !causes.is_empty() {
            return causes;
        }
        match self.view.state {
            TaskState::Active if spec.is_final => {
                let text = "it is a final process: it runs when the others have ended";
                causes.push(cause(text, self.field_place(&spec.name, "final")));
            }
            TaskState::Active | TaskState::Finalizing => causes.extend(self.no_room(spec)),
            TaskState::Cleaning => causes.push(cause(
                "the task is ending what runs; nothing starts until then",
                None,
            )),
            TaskState::Success | TaskState::Failed | TaskState::Killed | TaskState::Lost => {
                causes.push(cause("it never ran: the task was over before", None));
                causes.extend(self.view.reason.map(|reason| self.task_reason(reason)));
            }
        }
        causes
    }

    /// What it waits for, and whether that can still come.
    fn open_edges(&self, spec: &Process) -> Vec<Cause> {
        let edges = self.spec().order.iter().filter(|edge| edge.after == spec.name);
        let open = edges.filter_map(|edge| {
            let before = self
                .view
                .processes
                .iter()
                .find(|found| found.name == edge.before)?;
            let name = &before.name;
            let text = match (edge.on, before.state) {
                (EdgeKind::Success, RunState::Success) => return None,
                (EdgeKind::Ready, _) if before.ready => return None,
                (_, RunState::Failed | RunState::Lost | RunState::Killed) => {
                    let word = show::word(before.state);
                    format!("it never starts: it waits for `{name}`, which is {word}")
                }
                (EdgeKind::Ready, state) => {
                    format!("it waits until `{name}` is ready, which is {}", show::word(state))
                }
                (EdgeKind::Success, state) => {
                    format!(
                        "it waits for the success of `{name}`, which is {}",
                        show::word(state)
                    )
                }
            };
            Some(cause(text, self.task_place("order")))
        });
        open.collect()
    }

    fn no_room(&self, spec: &Process) -> Vec<Cause> {
        let most = self.spec().max_concurrency;
        let class = |name: &str| {
            let found = self.spec().processes.iter().find(|found| found.name == name);
            found.is_some_and(|found| found.is_final == spec.is_final)
        };
        let alive = self.count(|process| {
            matches!(process.state, RunState::Forked | RunState::Running) && class(&process.name)
        });
        if most > 0 && alive as u64 >= most {
            let text = format!("{alive} processes run, and `max_concurrency` is {most}");
            return vec![cause(text, self.task_place("max_concurrency"))];
        }
        vec![cause("nothing keeps it from starting", None)]
    }
}

/// How a run ended, as the end of a sentence.
fn how(run: &RunView) -> String {
    let words = run
        .reason
        .map(|reason| show::ending(reason, run.exit, run.message.as_deref()));
    match (run.reason, words) {
        (_, None) => "goes on".to_string(),
        (Some(Reason::Exit), Some(words)) => format!("ended with {words}"),
        (Some(Reason::Signal), Some(words)) => format!("was ended by {words}, which was not ours"),
        (_, Some(words)) => words,
    }
}
