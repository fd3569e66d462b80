//! Requests to a runner: files in the task's folder, which also wait for a runner that is not there.
//!
//! A request is written under a hidden name and renamed, so the runner never reads half of one; its
//! appearance wakes the runner.

use std::path::PathBuf;

use aur_host::folder::{self, TaskFolder};
use aur_host::{PathError, boot};
use aur_machine::Stop;
use serde::{Deserialize, Serialize};

use crate::RunnerError;
use crate::files;

const VERSION: u32 = 1;

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

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    request: Verb,
    #[serde(default)]
    now: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grace_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Stop,
}

/// Asks for the end of a task, durably. The runner answers through the journal; without one, the next
/// runner does.
///
/// # Errors
/// The request cannot be written.
pub fn request_stop(folder: &TaskFolder, stop: StopRequest) -> Result<(), RunnerError> {
    let content = match stop {
        StopRequest::Graceful { grace_ms } => Content {
            version: VERSION,
            request: Verb::Stop,
            now: false,
            grace_ms,
        },
        StopRequest::Now => Content {
            version: VERSION,
            request: Verb::Stop,
            now: true,
            grace_ms: None,
        },
    };
    let name = format!("{:016}-{:016x}.json", boot::wall_ms(), boot::random()?);
    let bytes = serde_json::to_vec(&content).unwrap_or_default();
    Ok(folder::replace(&folder.requests().join(name), &bytes)?)
}

/// A request that was found.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// What it asks for, or why it cannot be understood.
    pub(crate) stop: Result<Stop, RunnerError>,
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
        stop: read(&path),
        path,
    };
    Ok(paths.into_iter().map(found).collect())
}

fn read(path: &std::path::Path) -> Result<Stop, RunnerError> {
    let content: Content = files::read_json(path)?;
    match content {
        Content { version, .. } if version > VERSION => Err(RunnerError::Damaged {
            path: path.to_path_buf(),
            message: format!("it has version {version}, newer than this program"),
        }),
        Content { now: true, .. } => Ok(Stop::Now),
        Content { grace_ms, .. } => Ok(Stop::Graceful { grace_ms }),
    }
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
            ("9000000000000000-b.json", r#"{"version":2,"request":"stop"}"#),
            ("9000000000000000-c.json", "{}"),
        ] {
            std::fs::write(folder.requests().join(name), content).unwrap();
        }
        let found: Vec<_> = read_all(&folder)
            .unwrap()
            .into_iter()
            .map(|found| found.stop.ok())
            .collect();
        assert_eq!(
            found,
            [
                Some(Stop::Graceful { grace_ms: Some(1500) }),
                Some(Stop::Now),
                None,
                None
            ]
        );
    }
}
