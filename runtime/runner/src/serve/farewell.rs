//! Asking a task over HTTP to end, before it gets SIGTERM.
//!
//! First one page, then another; each that answers is given time to have its effect. A page that cannot
//! be reached is not waited for. The machine says until when all of that may last.

use std::time::Duration;

use aur_host::boot::{self, BootId};
use aur_host::call::{Method, Reply, Request, Wanted};
use aur_host::wake::Waiter;
use aur_ir as ir;
use aur_machine::{Ending, Event, Stage, Task};

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
        waiter: &mut Waiter,
        boot: BootId,
    ) -> Option<Event> {
        let is_wanted = matches!(
            task.stage(),
            Stage::Cleaning(Ending {
                farewell_end: Some(_),
                ..
            })
        );
        if !is_wanted {
            match self.state {
                State::Asking(number, _) => {
                    questions.drop_question(number, boot);
                    self.state = State::Over;
                }
                State::Waiting(_) => self.state = State::Over,
                State::Idle | State::Over => {}
            }
            return None;
        }
        let now = boot::since_boot();
        match self.state {
            State::Asking(number, wait) => {
                let answer = questions.take(number)?;
                self.state = match answer {
                    Answer::Reply(Reply::Page { .. }) => State::Waiting(now.saturating_add(wait)),
                    Answer::Reply(_) | Answer::Ended(_) | Answer::Late => State::Idle,
                };
                self.attend(task, questions, waiter, boot)
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
                let number = questions.call(self.port, Some(request), ANSWER_WAIT, waiter);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use aur_host::wake::{Signals, Wake};
    use aur_machine::process::Report;
    use aur_machine::{Header, Now, Runner, Spec, Stop, Time};

    use super::*;

    /// A task whose one process runs and was asked to stop.
    fn stopped_task() -> Task {
        let job = r#"{"name":"t","max_failures":1,"max_concurrency":0,"finalization_wait_ms":60000,
            "resources":{"cpu":1.0,"disk_bytes":1,"ram_bytes":1},
            "processes":[{"name":"a","cmdline":"true","daemon":false,"ephemeral":false,"final":false,
                "max_failures":1,"min_duration_ms":0}]}"#;
        let mut spec = Spec::new(&serde_json::from_str(job).unwrap()).unwrap();
        spec.farewell_ms = Some(60_000);
        let mut task = Task::new(spec.into());
        let now = Now {
            time: Time::ZERO,
            wall_ms: 0,
        };
        let header = Box::new(Header {
            task_id: String::new(),
            job_key: String::new(),
            plan_digest: String::new(),
            instance: 0,
            attempt: 0,
            created_ms: 0,
            grace_ms: 60_000,
            sandbox: String::new(),
            logs: String::new(),
            user: String::new(),
            ports: BTreeMap::new(),
        });
        let runner = Runner {
            pid: 1,
            boot_id: 1,
            zero_ms: 0,
            isolation: None,
        };
        task.turn(now, Event::Create { header, runner });
        let report = Report::Spawned {
            pid: 2,
            started_ms: 0,
        };
        let (process, run) = (0, 0);
        task.turn(now, Event::Report { process, run, report });
        task.turn(now, Event::Stop(Stop::Graceful { grace_ms: None }));
        task
    }

    /// Says farewell until the machine hears of its end; returns how often it had to wait.
    fn say(port: u16, waits_ms: [u64; 2]) -> usize {
        let task = stopped_task();
        let mut waiter = Waiter::new(Signals::None).unwrap();
        let boot = BootId::current().unwrap();
        let mut questions = Questions::default();
        let page = |path: &str, ms| (path.to_string(), Duration::from_millis(ms));
        let mut farewell = Farewell {
            port,
            pages: vec![page("/second", waits_ms[1]), page("/first", waits_ms[0])],
            state: State::Idle,
        };
        let mut waits = 0;
        loop {
            questions.give_up_late(boot);
            if let Some(event) = farewell.attend(&task, &mut questions, &mut waiter, boot) {
                assert_eq!(event, Event::Farewell);
                return waits;
            }
            waits += usize::from(farewell.next_at().is_some());
            let next = [farewell.next_at(), questions.next_at()];
            let next = next.into_iter().flatten().min();
            let timeout = next.map(|at| at.saturating_sub(boot::since_boot()));
            for wake in waiter.wait(timeout).unwrap() {
                if let Wake::Socket(number) = wake {
                    questions.go_on(number);
                }
            }
        }
    }

    // RT-081
    #[test]
    fn two_pages_are_asked_and_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let pages = [200, 404].map(|status| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).unwrap();
                write!(stream, "HTTP/1.0 {status} Any\r\n\r\n").unwrap();
                String::from_utf8_lossy(&buffer[..count])
                    .lines()
                    .next()
                    .unwrap()
                    .to_string()
            });
            pages.to_vec()
        });
        let before = boot::since_boot();
        assert_eq!(say(port, [100, 50]), 2);
        assert!(boot::since_boot() - before >= Duration::from_millis(150));
        assert_eq!(
            server.join().unwrap(),
            ["POST /first HTTP/1.0", "POST /second HTTP/1.0"]
        );
    }

    #[test]
    fn nobody_is_waited_for_where_nobody_listens() {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        assert_eq!(say(port, [600_000, 600_000]), 0);
    }

    // RT-084
    #[test]
    fn a_task_without_the_port_is_asked_nothing() {
        let mut job: ir::Job = serde_json::from_str(
            r#"{"cluster":"c","role":"r","environment":"e","name":"n","key":"c/r/e/n","enable_hooks":false,
                "instances":1,"max_task_failures":1,"priority":0,"production":false,"service":false,
                "health_check_config":{"initial_interval_ms":0,"interval_ms":0,"max_consecutive_failures":0,"timeout_ms":0},
                "update_config":{"batch_size":1,"max_per_shard_failures":0,"max_total_failures":0,"restart_threshold_ms":0,"watch_ms":0},
                "task":{"name":"t","max_failures":1,"max_concurrency":0,"finalization_wait_ms":1,"processes":[],
                    "resources":{"cpu":1.0,"disk_bytes":1,"ram_bytes":1}}}"#,
        )
        .unwrap();
        let facts = Facts::new("t".into(), 0, 0, "/s".into(), String::new(), BTreeMap::new()).unwrap();
        assert!(Farewell::new(&job, &facts).unwrap().is_none());
        job.ports.push("http".to_string());
        assert!(Farewell::new(&job, &facts).unwrap().is_none());
    }
}
