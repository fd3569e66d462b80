//! What somebody outside wants of the task: taken once, answered once it is durable.

use std::ffi::OsStr;
use std::path::Path;

use aur_host::fault;
use aur_machine::process::Why;
use aur_machine::{Event, Fact, Stage, Turn};

use super::Life;
use crate::RunnerError;
use crate::request::{self, Answer, ControlRequest, Request, SignalRequest};
use crate::serve::log;

impl Life<'_> {
    /// Removes the requests that were answered; for a task that is over.
    pub(crate) fn remove_answered(&self) {
        for path in &self.answered {
            // One that stays finds a finished task, which it cannot change.
            let _ = std::fs::remove_file(path);
        }
        request::remove_answers(&self.files.folder);
        fault::point("requests-removed");
    }

    pub(super) fn take_requests(&mut self) -> Result<(), RunnerError> {
        for request in request::read_all(&self.files.folder)? {
            if self.answered.contains(&request.path) {
                continue;
            }
            if let Ok(Request::Signal(wanted)) = &request.request {
                self.send(&request.path, wanted)?;
                continue;
            }
            let path = request.path;
            self.answered.insert(path.clone());
            match request.request {
                Ok(Request::Stop(stop)) => self.expect(Some(Event::Stop(stop))),
                Ok(Request::Control(wanted)) => self.control(&path, &wanted),
                Ok(Request::Signal(_)) => {}
                Err(error) => log(&format!("a request was passed over: {error}")),
            }
        }
        Ok(())
    }

    /// Sends a signal that somebody asked for, at most once.
    fn send(&mut self, path: &Path, wanted: &SignalRequest) -> Result<(), RunnerError> {
        request::take(path)?;
        let names = self.files.spec.processes.iter();
        let process = names
            .map(|spec| &spec.name)
            .position(|name| *name == wanted.process);
        let sent = match process {
            Some(process) => self.runs.signal(process, wanted.number, wanted.reach)?,
            None => Vec::new(),
        };
        let answer = match sent.is_empty() {
            true => Answer::NotRunning,
            false => Answer::Sent(sent),
        };
        if let Err(error) = request::answer(path, &answer) {
            // The signal was sent; who waits for the answer gives up.
            log(&error.to_string());
        }
        Ok(())
    }

    /// Tells the machine what is wanted of a process; it heeds a request of one name once.
    fn control(&mut self, path: &Path, wanted: &ControlRequest) {
        let names = self.files.spec.processes.iter();
        let process = names
            .map(|spec| &spec.name)
            .position(|name| *name == wanted.process);
        let name = path.file_stem().and_then(OsStr::to_str);
        match (process, name) {
            (Some(process), Some(name)) => self.expect(Some(Event::Control {
                process,
                verb: wanted.verb,
                request: name.to_string(),
            })),
            _ => self
                .answers
                .push((path.to_path_buf(), Answer::Unchanged(Why::Impossible))),
        }
    }

    /// Notes the answer to a request about a process.
    pub(super) fn note_answer(&mut self, request: &str, turn: &Turn) {
        let told = turn.changes.iter().find_map(|change| match &change.fact {
            // While the task goes on, what was overtaken is as it should be.
            Fact::Control {
                unchanged: Some(Why::Late),
                ..
            } if self.task.stage() == Stage::Active => Some(Answer::Unchanged(Why::NotDue)),
            Fact::Control { unchanged, .. } => Some(unchanged.map_or(Answer::Accepted, Answer::Unchanged)),
            _ => None,
        });
        let path = self.files.folder.requests().join(format!("{request}.json"));
        let answer = told.unwrap_or(match self.task.stage() {
            Stage::Finished { .. } => Answer::Unchanged(Why::Late),
            // It was heeded before, and only the answer was lost.
            Stage::New | Stage::Active | Stage::Cleaning(_) | Stage::Finalizing(_) => Answer::Accepted,
        });
        self.answers.push((path, answer));
    }

    /// Gives the answers whose records are durable, and takes their requests away.
    pub(super) fn give_answers(&mut self) {
        for (path, answer) in std::mem::take(&mut self.answers) {
            let answered = request::answer(&path, &answer);
            fault::point("request-answered");
            match answered.and_then(|()| request::take(&path)) {
                Ok(()) => {
                    self.answered.remove(&path);
                }
                // Who waits for the answer gives up; what was asked for is on its way.
                Err(error) => log(&error.to_string()),
            }
        }
    }
}
