//! Asking a task over HTTP to end, before it gets SIGTERM.
//!
//! First one page, then another; each that answers is given time to have its effect. A page that cannot
//! be reached is not waited for. The machine says until when all of that may last.

use std::time::Duration;

use aur_host::boot;
use aur_host::call::{Method, Request, Wanted};
use aur_ir as ir;
use aur_machine::{Ending, Event, Stage, Task};

use super::Host;
use super::questions::{Answer, Number, Questions};
use crate::RunnerError;
use crate::environment::Facts;

/// How long a page may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(1);

/// The pages to be asked.
#[derive(Debug)]
pub(super) struct Farewell {
    port: u16,
    /// Path, and how long it is given when it has answered; the next one first.
    pages: Vec<(String, Duration)>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The next page is to be asked.
    Idle,
    Asking(Number, Duration),
    /// Until then, as time since boot.
    Waiting(Duration),
    Over,
}

impl Farewell {
    /// Takes what the plan asks for; `None` where that is nothing.
    pub(super) fn new(job: &ir::Job, facts: &Facts) -> Result<Option<Self>, RunnerError> {
        let Some(http) = &job.lifecycle.http else {
            return Ok(None);
        };
        if !job.ports.contains(&http.port) {
            return Ok(None);
        }
        let page = |path: &str, ms| (path.to_string(), Duration::from_millis(ms));
        Ok(Some(Self {
            port: facts.port("the HTTP lifecycle", &ir::Port::Name(http.port.clone()))?,
            pages: vec![
                page(&http.shutdown_endpoint, http.shutdown_wait_ms),
                page(&http.graceful_shutdown_endpoint, http.graceful_shutdown_wait_ms),
            ],
            state: State::Idle,
        }))
    }

    /// Does what is due, and returns what the machine has to hear.
    pub(super) fn attend(
        &mut self,
        task: &Task,
        questions: &mut Questions,
        host: &mut Host,
    ) -> Option<Event> {
        let is_wanted = matches!(
            task.stage(),
            Stage::Cleaning(Ending {
                farewell_end: Some(_),
                ..
            })
        );
        if !is_wanted {
            if let State::Asking(number, _) = self.state {
                questions.drop_question(number, host.boot);
                self.state = State::Over;
            }
            return None;
        }
        let now = boot::since_boot();
        match self.state {
            State::Asking(number, wait) => {
                let answer = questions.take(number)?;
                self.state = match answer {
                    Answer::Reply(aur_host::call::Reply::Page { .. }) => {
                        State::Waiting(now.saturating_add(wait))
                    }
                    Answer::Reply(_) | Answer::Ended(_) | Answer::Late => State::Idle,
                };
                self.attend(task, questions, host)
            }
            State::Waiting(until) if now < until => None,
            State::Idle | State::Waiting(_) => {
                let Some((path, wait)) = self.pages.pop() else {
                    self.state = State::Over;
                    return Some(Event::Farewell);
                };
                let request = Request {
                    method: Method::Post,
                    path: &path,
                    wanted: Wanted::Status,
                };
                let number = questions.call(self.port, Some(request), ANSWER_WAIT, &mut host.waiter);
                self.state = State::Asking(number, wait);
                None
            }
            State::Over => None,
        }
    }

    /// When to go on, as time since boot.
    pub(super) fn next_at(&self) -> Option<Duration> {
        match self.state {
            State::Waiting(until) => Some(until),
            State::Idle | State::Asking(..) | State::Over => None,
        }
    }
}
