//! Where the output of runs goes: straight into its files, or through a copier.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::time::{Duration, Instant};

use aur_host::copier::{self, CopyOrder, Destination, Overflow, Readers};
use aur_host::folder::{LifeFolder, LogFiles, append_to, make_folder};
use aur_host::process::Exit;
use aur_host::{PathError, reap};
use aur_ir as ir;

use super::log;
use super::runs::Key;
use crate::files::Order;

/// Size of one file that waits for whoever watches the task, bytes; there is one older.
const CONSOLE_BYTES: u64 = 8 << 20;
/// How long a copier may take to write what is left when its run is over.
const LAST_WRITES: Duration = Duration::from_secs(2);
/// How often a copier that died is replaced.
const MOST_RESTARTS: u32 = 100;

/// The copiers of the runs of one attempt.
#[derive(Debug, Default)]
pub(crate) struct Outputs {
    copiers: BTreeMap<Key, Copier>,
}

#[derive(Debug)]
struct Copier {
    pid: u32,
    order: CopyOrder,
    /// Kept, so that what is in the pipes outlives a copier.
    readers: Readers,
    restarts: u32,
}

/// The ends that a run writes to.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) stdout: File,
    pub(crate) stderr: File,
    /// The copier that reads the other ends, if there is one.
    pub(crate) copier: Option<u32>,
}

impl Outputs {
    /// Opens what a run is to write to.
    ///
    /// # Errors
    /// A file cannot be opened, or the kernel refuses pipes or the copier.
    pub(crate) fn open(
        &mut self,
        key: Key,
        logger: &ir::Logger,
        order: &Order,
        life: &LifeFolder,
        process: &str,
    ) -> Result<Ends, PathError> {
        let logs = life.logs(process, key.run);
        if *logger == ir::Logger::default() {
            return direct(&logs);
        }
        let console = life.console(process, key.run);
        let order = CopyOrder {
            stdout: destinations(logger, &logs.stdout, &console.stdout),
            stderr: destinations(logger, &logs.stderr, &console.stderr),
            overflow: match order.drops_output {
                true => Overflow::Drop,
                false => Overflow::Block,
            },
            dropped: life.dropped(process, key.run),
        };
        if order.is_empty() {
            return nowhere();
        }
        // Whoever follows the output watches these folders from the start of the run on.
        for folder in [logs.stdout.parent(), console.stdout.parent()]
            .into_iter()
            .flatten()
        {
            make_folder(folder)?;
        }
        let action = "make pipes for";
        let pipes = copier::pipes().map_err(|source| PathError {
            action,
            path: logs.stdout.clone(),
            source,
        });
        let (readers, stdout, stderr) = pipes?;
        let pid = copier::start(&order, &readers)?;
        let copier = Copier {
            pid,
            order,
            readers,
            restarts: 0,
        };
        self.copiers.insert(key, copier);
        Ok(Ends {
            stdout,
            stderr,
            copier: Some(pid),
        })
    }

    /// Takes in that a copier has ended and was reaped; returns the one that takes its place.
    pub(crate) fn ended(&mut self, pid: u32, exit: Exit) -> Option<u32> {
        let (key, copier) = self.copiers.iter_mut().find(|(_, copier)| copier.pid == pid)?;
        let key = *key;
        copier.restarts += 1;
        if exit == Exit::Code(0) || copier.restarts > MOST_RESTARTS {
            self.copiers.remove(&key);
            return None;
        }
        log(&format!("the copier {pid} of a run was killed; another goes on"));
        match copier::start(&copier.order, &copier.readers) {
            Ok(pid) => {
                copier.pid = pid;
                Some(pid)
            }
            Err(error) => {
                log(&error.to_string());
                self.copiers.remove(&key);
                None
            }
        }
    }

    /// Waits until the output of a run that is over is where it belongs.
    pub(crate) fn settle(&mut self, key: Key) {
        let Some(mut copier) = self.copiers.remove(&key) else {
            return;
        };
        copier::tell_to_end(copier.pid);
        let deadline = Instant::now() + LAST_WRITES;
        while Instant::now() < deadline {
            match reap::try_reap(copier.pid) {
                Ok(None) => std::thread::sleep(Duration::from_millis(1)),
                // What is not our child any more was reaped elsewhere.
                Err(_) => return,
                Ok(Some(exit)) if is_done(exit) => return,
                // It was killed, and what is in the pipes is not lost.
                Ok(Some(_)) => match copier::start(&copier.order, &copier.readers) {
                    Ok(pid) => {
                        copier.pid = pid;
                        copier::tell_to_end(pid);
                    }
                    Err(error) => {
                        log(&error.to_string());
                        return;
                    }
                },
            }
        }
        log(&format!(
            "the output of a run is not written yet by its copier {}",
            copier.pid
        ));
    }
}

/// Whether a copier ended because it was done.
fn is_done(exit: Exit) -> bool {
    exit == Exit::Code(0) || exit == Exit::Code(i32::from(copier::TOLD_CODE))
}

fn direct(logs: &LogFiles) -> Result<Ends, PathError> {
    if let Some(folder) = logs.stdout.parent() {
        make_folder(folder)?;
    }
    Ok(Ends {
        stdout: append_to(&logs.stdout)?,
        stderr: append_to(&logs.stderr)?,
        copier: None,
    })
}

fn nowhere() -> Result<Ends, PathError> {
    let path = Path::new("/dev/null");
    let open = || {
        OpenOptions::new()
            .write(true)
            .open(path)
            .map_err(|source| PathError {
                action: "open",
                path: path.to_path_buf(),
                source,
            })
    };
    Ok(Ends {
        stdout: open()?,
        stderr: open()?,
        copier: None,
    })
}

fn destinations(logger: &ir::Logger, log: &Path, console: &Path) -> Vec<Destination> {
    let (is_file, is_console) = match logger.destination {
        ir::LoggerDestination::File => (true, false),
        ir::LoggerDestination::Console => (false, true),
        ir::LoggerDestination::Both => (true, true),
        ir::LoggerDestination::None => (false, false),
    };
    let (limit_bytes, backups) = match logger.mode {
        ir::LoggerMode::Standard => (0, 0),
        ir::LoggerMode::Rotate => {
            let policy = logger.rotate.unwrap_or_default();
            (policy.log_size_bytes, policy.backups)
        }
    };
    let file = is_file.then(|| Destination {
        path: log.to_path_buf(),
        limit_bytes,
        backups,
    });
    let console = is_console.then(|| Destination {
        path: console.to_path_buf(),
        limit_bytes: CONSOLE_BYTES,
        backups: 1,
    });
    file.into_iter().chain(console).collect()
}
