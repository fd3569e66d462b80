//! Questions on their way: calls to ports and helper programs, each with a time by which it must be
//! answered. Who asks gets a number, and the answer under that number.

use std::collections::BTreeMap;
use std::time::Duration;

use aur_host::PathError;
use aur_host::boot::{self, BootId};
use aur_host::call::{Call, Reply, Request};
use aur_host::helper::{Helper, end_tree};
use aur_host::process::{Exit, Signal};
use aur_host::tree::{Snapshot, signal_all};
use aur_host::wake::Waiter;

use super::runs::Runs;
use crate::environment::Facts;

/// What the mark of a readiness probe ends with, and that of a health check. No run ends with them.
pub(super) const PROBE_MARK: &str = "/probe";
pub(super) const HEALTH_MARK: &str = "/health";

/// Ends what helpers of an earlier runner started: they died with it, and nobody waits for the rest.
///
/// # Errors
/// `/proc` cannot be listed.
pub(super) fn end_orphans(facts: &Facts, boot: BootId) -> Result<(), PathError> {
    let prefix = facts.prefix();
    let is_ours = |marker: &str| {
        let rest = marker.strip_prefix(&prefix);
        rest.is_some_and(|rest| rest.ends_with(PROBE_MARK) || rest == HEALTH_MARK)
    };
    signal_all(&Snapshot::take(boot)?.marked(is_ours), Signal::Kill);
    Ok(())
}

/// Names a question.
pub(super) type Number = u32;

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The port said this.
    Reply(Reply),
    /// The program ended.
    Ended(Exit),
    /// There was none in time.
    Late,
}

#[derive(Debug, Default)]
pub(super) struct Questions {
    last: Number,
    open: BTreeMap<Number, Open>,
    answers: BTreeMap<Number, Answer>,
}

#[derive(Debug)]
struct Open {
    /// When no answer is one too, as time since boot.
    late_at: Duration,
    asked: Asked,
}

#[derive(Debug)]
enum Asked {
    Port(Call),
    Program { pid: u32, marker: String },
}

impl Questions {
    /// Asks a port of this machine.
    pub(super) fn call(
        &mut self,
        port: u16,
        request: Option<Request<'_>>,
        timeout: Duration,
        waiter: &mut Waiter,
    ) -> Number {
        let number = self.next_number();
        let begun = Call::begin(port, request).and_then(|call| {
            let watched = waiter.watch_socket(call.socket(), number);
            watched.map(|()| call).map_err(|error| error.to_string())
        });
        match begun {
            Ok(call) => {
                self.add(number, Asked::Port(call), timeout);
                self.go_on(number);
            }
            Err(message) => self.answer(number, Answer::Reply(Reply::Failed(message))),
        }
        number
    }

    /// Asks a program; `marker` is in the environment of everything it starts.
    pub(super) fn run(
        &mut self,
        helper: &Helper<'_>,
        marker: String,
        timeout: Duration,
        runs: &mut Runs,
    ) -> Number {
        let number = self.next_number();
        match helper.start() {
            Ok(pid) => {
                runs.add_helper(pid);
                self.add(number, Asked::Program { pid, marker }, timeout);
            }
            Err(error) => {
                let message = format!("cannot start {}: {error}", helper.program.display());
                self.answer(number, Answer::Reply(Reply::Failed(message)));
            }
        }
        number
    }

    fn next_number(&mut self) -> Number {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    fn add(&mut self, number: Number, asked: Asked, timeout: Duration) {
        let late_at = boot::since_boot().saturating_add(timeout);
        self.open.insert(number, Open { late_at, asked });
    }

    fn answer(&mut self, number: Number, answer: Answer) {
        self.open.remove(&number);
        self.answers.insert(number, answer);
    }

    /// Takes in that something happened to the socket of a question.
    pub(super) fn go_on(&mut self, number: Number) {
        let reply = match self.open.get_mut(&number).map(|open| &mut open.asked) {
            Some(Asked::Port(call)) => call.step(),
            Some(Asked::Program { .. }) | None => None,
        };
        if let Some(reply) = reply {
            self.answer(number, Answer::Reply(reply));
        }
    }

    /// Takes in that a helper has ended.
    pub(super) fn helper_ended(&mut self, pid: u32, exit: Exit) {
        let is_it =
            |open: &Open| matches!(&open.asked, Asked::Program { pid: program, .. } if *program == pid);
        let number = self.open.iter().find(|(_, open)| is_it(open));
        if let Some(number) = number.map(|(number, _)| *number) {
            self.answer(number, Answer::Ended(exit));
        }
    }

    /// Gives up what was not answered in time, and ends its programs.
    pub(super) fn give_up_late(&mut self, boot: BootId) {
        let now = boot::since_boot();
        let is_late = |open: &Open| open.late_at <= now;
        let late = self.open.iter().filter(|(_, open)| is_late(open));
        let late: Vec<Number> = late.map(|(number, _)| *number).collect();
        for number in late {
            self.drop_question(number, boot);
            self.answer(number, Answer::Late);
        }
    }

    /// Forgets a question whose answer nobody wants any more.
    pub(super) fn drop_question(&mut self, number: Number, boot: BootId) {
        self.answers.remove(&number);
        if let Some(Open {
            asked: Asked::Program { pid, marker },
            ..
        }) = self.open.remove(&number)
        {
            end_tree(pid, &marker, boot);
        }
    }

    /// Returns the answer to a question, once.
    pub(super) fn take(&mut self, number: Number) -> Option<Answer> {
        self.answers.remove(&number)
    }

    /// When the next question counts as unanswered, as time since boot; at once if there are answers.
    pub(super) fn next_at(&self) -> Option<Duration> {
        match self.answers.is_empty() {
            false => Some(Duration::ZERO),
            true => self.open.values().map(|open| open.late_at).min(),
        }
    }
}

/// What an answer means to people who expected another.
pub(super) fn complaint(answer: &Answer) -> String {
    match answer {
        Answer::Reply(Reply::Connected) => "the port takes connections".to_string(),
        Answer::Reply(Reply::Page { status, .. }) => format!("status {status}"),
        Answer::Reply(Reply::Failed(message)) => message.clone(),
        Answer::Ended(Exit::Code(code)) => format!("exit code {code}"),
        Answer::Ended(Exit::Signal(signal)) => format!("signal {signal}"),
        Answer::Late => "no answer in time".to_string(),
    }
}
