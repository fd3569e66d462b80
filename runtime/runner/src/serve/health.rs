//! Asking a task whether it is healthy, as long as it is active.
//!
//! A page is asked for only where the task has the port `health`; a command always. The first question
//! comes one interval after the runner took the task.

use std::ffi::OsStr;
use std::time::Duration;

use aur_host::boot;
use aur_host::call::{Method, Reply, Request, Wanted};
use aur_host::helper::Helper;
use aur_host::process::Exit;
use aur_host::tree::MARKER_NAME;
use aur_ir as ir;
use aur_machine::{Answer as Finding, Checks, Event, Health, HealthPolicy, Stage, Task};

use super::Host;
use super::life::Surroundings;
use super::questions::{Answer, HEALTH_MARK, Number, Questions, complaint};
use super::runs::Runs;
use crate::RunnerError;
use crate::environment::Facts;

/// The port whose page is asked for.
const HEALTH_PORT: &str = "health";

/// What is asked, with everything filled in.
#[derive(Debug)]
pub(crate) enum HealthCheck {
    Page {
        port: u16,
        path: String,
        /// What the body must be, in whatever case; empty is anything.
        expected: String,
        /// What the status must be; 0 is any.
        status: u64,
    },
    Command {
        line: String,
    },
}

impl HealthCheck {
    /// Takes what the plan asks for; `None` where that is nothing.
    ///
    /// # Errors
    /// A runtime name has no value.
    pub(crate) fn of(job: &ir::Job, facts: &Facts) -> Result<Option<Self>, RunnerError> {
        let place = "the health check";
        Ok(match &job.health_check_config.health_checker {
            ir::HealthChecker::Shell(shell) => Some(Self::Command {
                line: facts.fill(place, &shell.shell_command)?,
            }),
            ir::HealthChecker::Http(http) if job.ports.iter().any(|port| port == HEALTH_PORT) => {
                Some(Self::Page {
                    port: facts.port(place, &ir::Port::Name(HEALTH_PORT.to_string()))?,
                    path: facts.fill(place, &http.endpoint)?,
                    expected: facts.fill(place, &http.expected_response)?,
                    status: http.expected_response_code,
                })
            }
            ir::HealthChecker::Http(_) => None,
        })
    }

    /// Says what is wrong with an answer; `None` if it is a good one.
    fn fault(&self, answer: &Answer) -> Option<String> {
        match (self, answer) {
            (Self::Page { expected, status, .. }, Answer::Reply(Reply::Page { status: found, body })) => {
                let body = String::from_utf8_lossy(body);
                let is_status = *status == 0 || *status == u64::from(*found);
                let is_body = expected.is_empty() || body.trim().eq_ignore_ascii_case(expected.trim());
                match (is_status, is_body) {
                    (true, true) => None,
                    (false, _) => Some(format!("status {found} instead of {status}")),
                    (true, false) => {
                        let start: String = body.trim().chars().take(60).collect();
                        Some(format!(
                            "the answer is `{}` instead of `{}`",
                            start.escape_debug(),
                            expected.escape_debug()
                        ))
                    }
                }
            }
            (Self::Command { .. }, Answer::Ended(Exit::Code(0))) => None,
            (Self::Page { .. } | Self::Command { .. }, answer) => Some(complaint(answer)),
        }
    }
}

/// The checks of one attempt.
#[derive(Debug)]
pub(super) struct HealthWatch {
    check: HealthCheck,
    policy: HealthPolicy,
    checks: Checks,
    interval: Duration,
    timeout: Duration,
    /// When to ask next, as time since boot.
    next_at: Duration,
    asking: Option<Number>,
    is_active: bool,
}

impl HealthWatch {
    /// Begins where an earlier runner ended; `None` where the plan asks for nothing.
    pub(super) fn new(job: &ir::Job, facts: &Facts, task: &Task) -> Result<Option<Self>, RunnerError> {
        let Some(check) = HealthCheck::of(job, facts)? else {
            return Ok(None);
        };
        let config = &job.health_check_config;
        let interval = Duration::from_millis(config.interval_ms.max(1));
        Ok(Some(Self {
            check,
            policy: HealthPolicy::of(config),
            checks: Checks::new(task.health().unwrap_or(Health::Starting)),
            interval,
            timeout: Duration::from_millis(config.timeout_ms),
            next_at: boot::since_boot().saturating_add(interval),
            asking: None,
            is_active: true,
        }))
    }

    /// Asks if it is time to, and returns what the machine has to hear.
    pub(super) fn attend(
        &mut self,
        task: &Task,
        around: &Surroundings<'_>,
        questions: &mut Questions,
        runs: &mut Runs,
        host: &mut Host,
    ) -> Option<Event> {
        self.is_active = matches!(task.stage(), Stage::Active);
        if !self.is_active {
            if let Some(number) = self.asking.take() {
                questions.drop_question(number, host.boot);
            }
            return None;
        }
        if task.health().is_none() {
            return Some(Event::Health {
                health: Health::Starting,
                message: None,
            });
        }
        if let Some(answer) = self.asking.and_then(|number| questions.take(number)) {
            self.asking = None;
            let fault = self.check.fault(&answer);
            let finding = match fault {
                None => Finding::Good,
                Some(_) => Finding::Bad,
            };
            let health = self.checks.take(&self.policy, finding)?;
            return Some(Event::Health {
                health,
                message: fault,
            });
        }
        let now = boot::since_boot();
        if self.asking.is_none() && self.next_at <= now {
            self.next_at = now.saturating_add(self.interval);
            self.asking = Some(self.ask(around, questions, runs, host));
        }
        None
    }

    fn ask(
        &self,
        around: &Surroundings<'_>,
        questions: &mut Questions,
        runs: &mut Runs,
        host: &mut Host,
    ) -> Number {
        match &self.check {
            HealthCheck::Page { port, path, .. } => {
                let request = Request {
                    method: Method::Get,
                    path,
                    wanted: Wanted::Body,
                };
                questions.call(*port, Some(request), self.timeout, &mut host.waiter)
            }
            HealthCheck::Command { line } => {
                let marker = around.facts.prefix() + HEALTH_MARK;
                let mut environment = around.environment.to_vec();
                environment.push((MARKER_NAME.into(), marker.clone().into()));
                let sandbox = around.folder.sandbox();
                let helper = Helper {
                    program: &host.bash,
                    arguments: &[OsStr::new("-c"), OsStr::new(line)],
                    environment: &environment,
                    directory: &sandbox,
                    descriptor_limit: host.descriptor_limit,
                    role: around.role,
                };
                questions.run(&helper, marker, self.timeout, runs)
            }
        }
    }

    /// When to ask next, as time since boot.
    pub(super) fn next_at(&self) -> Option<Duration> {
        (self.is_active && self.asking.is_none()).then_some(self.next_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_good_or_says_what_is_wrong() {
        let page = |expected: &str, status| HealthCheck::Page {
            port: 1,
            path: "/health".to_string(),
            expected: expected.to_string(),
            status,
        };
        let answer = |status, body: &str| {
            Answer::Reply(Reply::Page {
                status,
                body: body.into(),
            })
        };
        let command = HealthCheck::Command { line: String::new() };
        let good = [
            (page("ok", 0), answer(500, "OK\n")),
            (page("", 204), answer(204, "")),
        ];
        for (check, answer) in good {
            assert_eq!(check.fault(&answer), None);
        }
        assert_eq!(command.fault(&Answer::Ended(Exit::Code(0))), None);
        let said: Vec<String> = [
            page("ok", 0).fault(&answer(200, "sick\n")),
            page("ok", 200).fault(&answer(503, "ok")),
            page("ok", 0).fault(&Answer::Late),
            page("ok", 0).fault(&Answer::Reply(Reply::Failed(
                "port 1: nobody listens".to_string(),
            ))),
            command.fault(&Answer::Ended(Exit::Code(7))),
            command.fault(&Answer::Ended(Exit::Signal(11))),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert_eq!(
            said,
            [
                "the answer is `sick` instead of `ok`",
                "status 503 instead of 200",
                "no answer in time",
                "port 1: nobody listens",
                "exit code 7",
                "signal 11",
            ]
        );
    }
}
