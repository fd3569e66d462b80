//! The ports of a task: those that were asked for by number, and free ones for the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aur_host::folder::TaskFolder;
use aur_host::ports::{Ledger, find_free, is_free};
use aur_ir as ir;

use crate::files::Progress;
use crate::{RunnerError, State};

/// Numbers by the names of ports.
pub type Ports = BTreeMap<String, u16>;

/// Says for each port that was asked for which port of the job that is: names of the job's port map are
/// followed.
///
/// # Errors
/// The job has no such port, or it has another number than was asked for.
pub(crate) fn follow(job: &ir::Job, asked: &Ports) -> Result<Ports, RunnerError> {
    let mut ports = Ports::new();
    for (name, number) in asked {
        let end = job
            .announce
            .as_ref()
            .and_then(|announce| announce.portmap.get(name));
        let (port, fixed) = match end {
            Some(ir::Port::Number(fixed)) => (name, Some(*fixed)),
            Some(ir::Port::Name(port)) => (port, None),
            None => (name, None),
        };
        if fixed.is_none() && !job.ports.contains(port) {
            return Err(RunnerError::NoPort {
                name: name.clone(),
                ports: job.ports.clone(),
            });
        }
        let before = fixed.or_else(|| ports.get(port).copied());
        if let Some(before) = before.filter(|before| before != number) {
            return Err(RunnerError::PortIsOther {
                name: name.clone(),
                number: *number,
                other: before,
            });
        }
        if fixed.is_none() {
            ports.insert(port.clone(), *number);
        }
    }
    Ok(ports)
}

/// Ports that are given out, and nobody else gets any until this is dropped.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) ports: Ports,
    _ledger: Option<Ledger>,
}

/// Gives each port of the job its number, durably.
///
/// # Errors
/// A number that was asked for is taken, or there is no free one.
pub(crate) fn give(root: &Path, id: &str, job: &ir::Job, asked: &Ports) -> Result<Given, RunnerError> {
    if job.ports.is_empty() {
        return Ok(Given {
            ports: Ports::new(),
            _ledger: None,
        });
    }
    let mut ledger = Ledger::open(root)?;
    let mut ports = asked.clone();
    let mut numbers = BTreeSet::new();
    for (name, number) in asked {
        let holder = ledger.holder(*number).filter(|holder| is_live(root, id, holder));
        if holder.is_some() || !is_free(*number) || !numbers.insert(*number) {
            return Err(RunnerError::PortTaken {
                name: name.clone(),
                number: *number,
                task: holder.map(str::to_string),
            });
        }
    }
    for name in &job.ports {
        if !ports.contains_key(name) {
            let is_wanted = |port: u16| {
                let holder = ledger.holder(port);
                !numbers.contains(&port) && holder.is_none_or(|holder| !is_live(root, id, holder))
            };
            let number = find_free(is_wanted)?;
            numbers.insert(number);
            ports.insert(name.clone(), number);
        }
    }
    ledger.give(id, numbers, |id| {
        TaskFolder::of(root, id).exists().unwrap_or(true)
    })?;
    Ok(Given {
        ports,
        _ledger: Some(ledger),
    })
}

/// Whether another task may still use its ports. One that cannot be read may.
fn is_live(root: &Path, own: &str, id: &str) -> bool {
    let folder = TaskFolder::of(root, id);
    id != own
        && folder.exists().unwrap_or(true)
        && State::read(&folder).map_or(true, |state| state.progress != Progress::Over)
}
