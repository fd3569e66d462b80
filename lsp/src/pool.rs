//! Workers. A fault of one job is that job's answer; the worker lives on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crossbeam_channel::{Sender, unbounded};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs in the order they come.
pub(crate) struct Pool {
    jobs: Sender<Job>,
}

impl Pool {
    /// Starts so many threads; they end when the pool is dropped and its jobs are done.
    pub(crate) fn new(name: &str, threads: usize) -> std::io::Result<Self> {
        let (jobs, queue) = unbounded::<Job>();
        for _ in 0..threads {
            let queue = queue.clone();
            thread::Builder::new().name(name.to_string()).spawn(move || {
                for job in queue {
                    // A job that must answer catches its faults itself.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            })?;
        }
        Ok(Self { jobs })
    }

    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        // The workers live as long as this sender.
        let _ = self.jobs.send(Box::new(job));
    }
}
