//! Rules that hold for every plan, whoever wrote it. The compiler reports them with a place in the
//! source; a runtime that is handed a plan from elsewhere refuses it by the same rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::{Job, Plan, Port, ProbeCheck, Process, Task};

/// A rule that a plan breaks, with the JSON pointer of the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// JSON pointer into the plan.
    pub at: String,
    /// What is wrong, lower case, without a stop.
    pub message: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {})", self.message, self.at)
    }
}

/// Whether `name` can be a process: a file name of at most 255 bytes without a leading dot, `/`,
/// or a control character.
pub fn is_process_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.starts_with('.')
        && !name.contains(|c: char| c == '/' || c.is_control())
}

/// Whether `word` can be a part of a job key: letters, digits, `_`, `-` and `.`, at most 255 bytes,
/// not starting with a dot or a dash.
pub fn is_job_word(word: &str) -> bool {
    !word.is_empty()
        && word.len() <= 255
        && !word.starts_with(['.', '-'])
        && word.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

/// Whether `name` can be a port: letters, digits, `_`, `-`, `.` and `/`, at most 255 bytes, not a number.
pub fn is_port_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.bytes().all(|byte| byte.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte))
}

/// Whether `name` can be an environment variable: letters, digits and `_`, not starting with a digit.
pub fn is_variable_name(name: &str) -> bool {
    name.len() <= 255
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether `path` names a file below the sandbox: relative, no empty part, no `.` or `..`.
pub fn is_sandbox_path(path: &str) -> bool {
    path.len() <= 4096
        && !path.contains('\0')
        && path
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && part.len() <= 255)
}

impl Plan {
    /// Checks the rules that a runtime relies on: names, keys, paths, known processes in `order`,
    /// and no cycle.
    ///
    /// # Errors
    /// The first broken rule.
    pub fn check_rules(&self) -> Result<(), RuleError> {
        self.jobs
            .iter()
            .enumerate()
            .try_for_each(|(i, job)| check_job(job, &format!("/jobs/{i}")))
    }
}

fn check_job(job: &Job, at: &str) -> Result<(), RuleError> {
    for (field, word) in [
        ("cluster", &job.cluster),
        ("role", &job.role),
        ("environment", &job.environment),
        ("name", &job.name),
    ] {
        rule(is_job_word(word), format!("{at}/{field}"), || {
            format!("`{}` cannot be part of a job key", word.escape_debug())
        })?;
    }
    let key = format!("{}/{}/{}/{}", job.cluster, job.role, job.environment, job.name);
    rule(job.key == key, format!("{at}/key"), || {
        format!("the key is not `{key}`")
    })?;
    check_task(&job.task, &format!("{at}/task"))
}

fn check_task(task: &Task, at: &str) -> Result<(), RuleError> {
    rule(!task.processes.is_empty(), format!("{at}/processes"), || {
        "the task has no processes".to_string()
    })?;
    let mut names = BTreeSet::new();
    for (i, process) in task.processes.iter().enumerate() {
        let name = &process.name;
        let at = format!("{at}/processes/{i}/name");
        rule(is_process_name(name), at.clone(), || {
            format!("`{}` cannot be a process name", name.escape_debug())
        })?;
        rule(names.insert(name.as_str()), at, || {
            format!("two processes are called `{name}`")
        })?;
    }
    for (i, process) in task.processes.iter().enumerate() {
        check_process(process, &format!("{at}/processes/{i}"))?;
    }
    for path in task.files.keys() {
        rule(is_sandbox_path(path), format!("{at}/files"), || {
            format!("`{}` does not stay in the sandbox", path.escape_debug())
        })?;
    }
    for (i, edge) in task.order.iter().enumerate() {
        for name in [&edge.before, &edge.after] {
            rule(names.contains(name.as_str()), format!("{at}/order/{i}"), || {
                format!("the order names an unknown process `{}`", name.escape_debug())
            })?;
        }
    }
    rule(!has_cycle(task), format!("{at}/order"), || {
        "processes wait for each other".to_string()
    })
}

fn check_process(process: &Process, at: &str) -> Result<(), RuleError> {
    rule(
        process.cmdline.is_some() == process.argv.is_empty(),
        at.to_string(),
        || "a process has either `cmdline` or `argv`".to_string(),
    )?;
    for name in process.env.keys().chain(&process.pass_env) {
        rule(is_variable_name(name), format!("{at}/env"), || {
            format!("`{}` cannot be an environment variable", name.escape_debug())
        })?;
    }
    let port = match process.ready.as_ref().map(|probe| &probe.check) {
        Some(ProbeCheck::Http { port, .. } | ProbeCheck::Tcp { port }) => port,
        Some(ProbeCheck::Exec { .. } | ProbeCheck::File { .. } | ProbeCheck::Log { .. }) | None => {
            return Ok(());
        }
    };
    let is_good = match port {
        Port::Number(number) => *number > 0,
        Port::Name(name) => is_port_name(name),
    };
    rule(is_good, format!("{at}/ready"), || {
        "this is not a port".to_string()
    })
}

fn has_cycle(task: &Task) -> bool {
    let mut waits: BTreeMap<&str, usize> = task.processes.iter().map(|p| (p.name.as_str(), 0)).collect();
    let mut followers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for edge in &task.order {
        followers.entry(&edge.before).or_default().push(&edge.after);
        if let Some(count) = waits.get_mut(edge.after.as_str()) {
            *count += 1;
        }
    }
    let mut free: Vec<&str> = waits
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| *name)
        .collect();
    let mut seen = 0;
    while let Some(name) = free.pop() {
        seen += 1;
        for follower in followers.get(name).into_iter().flatten() {
            if let Some(count) = waits.get_mut(follower) {
                *count -= 1;
                if *count == 0 {
                    free.push(follower);
                }
            }
        }
    }
    seen < task.processes.len()
}

fn rule(holds: bool, at: String, message: impl FnOnce() -> String) -> Result<(), RuleError> {
    if holds {
        Ok(())
    } else {
        Err(RuleError {
            at,
            message: message(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(is_process_name("fetch it") && is_process_name("größe"));
        assert!(
            !is_process_name("")
                && !is_process_name(".a")
                && !is_process_name("a/b")
                && !is_process_name("a\nb")
        );
        assert!(is_job_word("www-data") && !is_job_word("..") && !is_job_word("a/b") && !is_job_word("-E"));
        assert!(is_sandbox_path("a/b.py") && is_sandbox_path("..a"));
        for path in ["", "/a", "a//b", "../a", "a/..", "a/./b", "a\0b"] {
            assert!(!is_sandbox_path(path), "{path:?}");
        }
    }
}
