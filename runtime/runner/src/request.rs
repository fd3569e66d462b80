//! Requests to a runner: files in the task's folder, which also wait for a runner that is not there.
//!
//! A request is written under a hidden name and renamed, so the runner never reads half of one; its
//! appearance wakes the runner. Stops are answered by the journal, signals by a file beside the request:
//! `NAME.answer` for `NAME.json`.
//!
//! ```text
//! {"version":1,"request":"stop","now":false,"grace_ms":1500}
//! {"version":2,"request":"signal","process":"web","signal":1,"reach":"leader"}
//! {"version":2,"request":"control","process":"web","verb":"restart"}
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aur_host::folder::{self, TaskFolder};
use aur_host::wake::{Signals, Waiter};
use aur_host::{PathError, boot};
use aur_machine::Stop;
use aur_machine::process::{Verb, Why};
use serde::{Deserialize, Serialize};

use crate::RunnerError;
use crate::files;

/// The newest version that is understood.
const VERSION: u32 = 2;
/// The version of a stop, as every runner understands it.
const STOP_VERSION: u32 = 1;
/// The version of requests about one process.
const PROCESS_VERSION: u32 = 2;

/// How a task is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRequest {
    /// SIGTERM, then SIGKILL for the rest, then the final processes.
    Graceful {
        /// The budget for all of that, milliseconds; `None` for the task's.
        grace_ms: Option<u64>,
    },
    /// SIGKILL, and no final processes.
    Now,
}

/// Which processes of a run a signal goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The one that was started: what `kill PID` would hit.
    Leader,
    /// All that is alive of the run.
    Tree,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The signal was sent to these processes.
    Sent(Vec<u32>),
    /// The process does not run.
    NotRunning,
    /// It is on its way: recorded, and done even if the runner dies.
    Accepted,
    /// The process is as it was.
    Unchanged(Why),
}

/// Names a request that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestName(String);

impl RequestName {
    fn new() -> Result<Self, PathError> {
        Ok(Self(format!("{:016}-{:016x}", boot::wall_ms(), boot::random()?)))
    }
}

/// What somebody wants of a runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Stop(Stop),
    Signal(SignalRequest),
    Control(ControlRequest),
}

/// What one process is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ControlRequest {
    pub(crate) process: String,
    pub(crate) verb: Verb,
}

/// A signal for a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignalRequest {
    pub(crate) process: String,
    pub(crate) number: i32,
    pub(crate) reach: Reach,
}

/// The content of a request's file.
#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    #[serde(flatten)]
    wish: Wish,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
enum Wish {
    Stop {
        #[serde(default)]
        now: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grace_ms: Option<u64>,
    },
    Signal {
        process: String,
        signal: i32,
        reach: Reach,
    },
    Control {
        process: String,
        verb: Verb,
    },
}

/// Asks for the end of a task, durably. The runner answers through the journal; without one, the next
/// runner does.
///
/// # Errors
/// The request cannot be written.
pub fn request_stop(folder: &TaskFolder, stop: StopRequest) -> Result<(), RunnerError> {
    let (now, grace_ms) = match stop {
        StopRequest::Graceful { grace_ms } => (false, grace_ms),
        StopRequest::Now => (true, None),
    };
    let content = Content {
        version: STOP_VERSION,
        wish: Wish::Stop { now, grace_ms },
    };
    write(folder, &content).map(|_| ())
}

/// Asks for a signal to be sent to a process, durably; [`wait_for_answer`] tells what became of it.
///
/// # Errors
/// The request cannot be written.
pub fn request_signal(
    folder: &TaskFolder,
    process: &str,
    number: i32,
    reach: Reach,
) -> Result<RequestName, RunnerError> {
    let wish = Wish::Signal {
        process: process.to_string(),
        signal: number,
        reach,
    };
    let version = PROCESS_VERSION;
    write(folder, &Content { version, wish })
}

/// Asks a process to stop, to start or to do both, durably; [`wait_for_answer`] tells what became of it.
///
/// # Errors
/// The request cannot be written.
pub fn request_control(folder: &TaskFolder, process: &str, verb: Verb) -> Result<RequestName, RunnerError> {
    let wish = Wish::Control {
        process: process.to_string(),
        verb,
    };
    let version = PROCESS_VERSION;
    write(folder, &Content { version, wish })
}

fn write(folder: &TaskFolder, content: &Content) -> Result<RequestName, RunnerError> {
    let name = RequestName::new()?;
    let bytes = serde_json::to_vec(content).unwrap_or_default();
    folder::replace(&folder.requests().join(format!("{}.json", name.0)), &bytes)?;
    Ok(name)
}

/// Waits for what became of a request; `None` if nobody answers in time.
///
/// # Errors
/// The answer cannot be read.
pub fn wait_for_answer(
    folder: &TaskFolder,
    name: &RequestName,
    timeout: Duration,
) -> Result<Option<Answer>, RunnerError> {
    let path = folder.requests().join(format!("{}.answer", name.0));
    let system = |source| RunnerError::System {
        action: "wait for an answer",
        source,
    };
    let mut waiter = Waiter::new(Signals::None).map_err(system)?;
    waiter.watch_file(&folder.requests());
    let deadline = Instant::now() + timeout;
    loop {
        if path.exists() {
            let answer = files::read_json(&path)?;
            // What stays of it goes with the task.
            let _ = std::fs::remove_file(&path);
            return Ok(Some(answer));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        waiter.wait(Some(left)).map_err(system)?;
    }
}

/// Takes a request out of the world before it is carried out: after a crash it is not carried out twice.
pub(crate) fn take(path: &Path) -> Result<(), PathError> {
    std::fs::remove_file(path).map_err(|source| PathError {
        action: "remove",
        path: path.to_path_buf(),
        source,
    })
}

/// The names of the requests that are still there, durably: one that is not among them never comes again.
pub(crate) fn names_left(folder: &TaskFolder) -> Result<BTreeSet<String>, PathError> {
    let path = folder.requests();
    // A request that was removed and then came back with the machine would be a new one otherwise.
    folder::sync_folder(&path)?;
    let entries = std::fs::read_dir(&path).map_err(|source| PathError {
        action: "list",
        path: path.clone(),
        source,
    })?;
    let names = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let is_request = path.extension().is_some_and(|extension| extension == "json");
        path.file_stem()
            .filter(|_| is_request)?
            .to_str()
            .map(str::to_string)
    });
    Ok(names.collect())
}

/// Says what became of a request.
pub(crate) fn answer(path: &Path, answer: &Answer) -> Result<(), PathError> {
    let bytes = serde_json::to_vec(answer).unwrap_or_default();
    folder::replace(&path.with_extension("answer"), &bytes)
}

/// Removes answers that nobody waited for.
pub(crate) fn remove_answers(folder: &TaskFolder) {
    let entries = std::fs::read_dir(folder.requests());
    for entry in entries.into_iter().flatten().flatten() {
        if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "answer")
        {
            // One that stays is a small file in the folder of a finished task.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A request that was found.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// What it asks for, or why it cannot be understood.
    pub(crate) request: Result<Request, RunnerError>,
}

/// Lists the requests of a task, oldest first.
pub(crate) fn read_all(folder: &TaskFolder) -> Result<Vec<Found>, PathError> {
    let requests = folder.requests();
    let list = || -> std::io::Result<Vec<PathBuf>> {
        std::fs::read_dir(&requests)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let mut paths = list().map_err(|source| PathError {
        action: "list",
        path: requests.clone(),
        source,
    })?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let found = |path: PathBuf| Found {
        request: read(&path),
        path,
    };
    Ok(paths.into_iter().map(found).collect())
}

fn read(path: &Path) -> Result<Request, RunnerError> {
    /// What every version says.
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = files::read_json(path)?;
    if version > VERSION {
        return Err(RunnerError::Damaged {
            path: path.to_path_buf(),
            message: format!("it has version {version}, newer than this program"),
        });
    }
    let content: Content = files::read_json(path)?;
    Ok(match content.wish {
        Wish::Stop { now: true, .. } => Request::Stop(Stop::Now),
        Wish::Stop { grace_ms, .. } => Request::Stop(Stop::Graceful { grace_ms }),
        Wish::Signal {
            process,
            signal,
            reach,
        } => Request::Signal(SignalRequest {
            process,
            number: signal,
            reach,
        }),
        Wish::Control { process, verb } => Request::Control(ControlRequest { process, verb }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_in_the_order_they_were_made() {
        let root = tempfile::tempdir().unwrap();
        let folder = TaskFolder::at(root.path().join("t"));
        std::fs::create_dir_all(folder.requests()).unwrap();
        let graceful = StopRequest::Graceful { grace_ms: Some(1500) };
        request_stop(&folder, graceful).unwrap();
        let written = std::fs::read_dir(folder.requests())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(
            std::fs::read_to_string(written.path()).unwrap(),
            r#"{"version":1,"request":"stop","now":false,"grace_ms":1500}"#
        );
        for (name, content) in [
            (".new-1", "half a requ"),
            (
                "9000000000000000-a.json",
                r#"{"version":1,"request":"stop","now":true}"#,
            ),
            ("9000000000000000-b.json", r#"{"version":3,"request":"stop"}"#),
            (
                "9000000000000000-c.json",
                r#"{"version":3,"request":"a later one","x":1}"#,
            ),
            ("9000000000000000-d.json", "{}"),
            ("9000000000000000-e.json", r#"{"version":2,"request":"dance"}"#),
        ] {
            std::fs::write(folder.requests().join(name), content).unwrap();
        }
        let found: Vec<_> = read_all(&folder)
            .unwrap()
            .into_iter()
            .map(|found| found.request.map_err(|error| error.to_string()))
            .map(|found| found.map_err(|error| error.replace(&root.path().display().to_string(), "")))
            .collect();
        let newer = |letter| {
            let path = format!("/t/requests/9000000000000000-{letter}.json");
            Err(format!(
                "{path} is damaged: it has version 3, newer than this program"
            ))
        };
        assert_eq!(
            found[..4],
            [
                Ok(Request::Stop(Stop::Graceful { grace_ms: Some(1500) })),
                Ok(Request::Stop(Stop::Now)),
                newer("b"),
                newer("c"),
            ]
        );
        assert!(
            found.len() == 6 && found[4..].iter().all(Result::is_err),
            "{found:?}"
        );
    }

    #[test]
    fn a_signal_is_answered() {
        let root = tempfile::tempdir().unwrap();
        let folder = TaskFolder::at(root.path().join("t"));
        std::fs::create_dir_all(folder.requests()).unwrap();
        let name = request_signal(&folder, "web \"1\"", 10, Reach::Tree).unwrap();
        let found = read_all(&folder).unwrap().remove(0);
        assert_eq!(
            std::fs::read_to_string(&found.path).unwrap(),
            r#"{"version":2,"request":"signal","process":"web \"1\"","signal":10,"reach":"tree"}"#
        );
        assert_eq!(
            found.request.unwrap(),
            Request::Signal(SignalRequest {
                process: "web \"1\"".to_string(),
                number: 10,
                reach: Reach::Tree,
            })
        );
        assert_eq!(wait_for_answer(&folder, &name, Duration::ZERO).unwrap(), None);
        take(&found.path).unwrap();
        answer(&found.path, &Answer::Sent(vec![7])).unwrap();
        let heard = wait_for_answer(&folder, &name, Duration::ZERO).unwrap();
        assert_eq!(heard, Some(Answer::Sent(vec![7])));
        assert_eq!(std::fs::read_dir(folder.requests()).unwrap().count(), 0);
    }
}
