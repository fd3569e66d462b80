//! What an earlier runner had on its way: looked at, and taken over.

use std::time::Duration;

use aur_host::boot::{self, BootId};
use aur_host::process;
use aur_host::run_file::{self, End, RunFacts, RunFile};
use aur_host::spawn::Running;
use aur_host::tree::Origin;
use aur_machine::process::Report;
use aur_machine::{Boot, Effect, Work};

use super::{Life, milliseconds, wall_of};
use crate::RunnerError;
use crate::serve::Host;
use crate::serve::runs::{Key, Over};

/// How soon a run is looked at again whose child is just about to record itself. Each further look waits
/// twice as long, as a child that was stopped there may stay so.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// The longest wait for another look.
const LOOK_AT_LAST: Duration = Duration::from_secs(1);

impl Life<'_> {
    /// Finds out what became of a run that an earlier runner had on its way.
    pub(super) fn look(&mut self, effect: Effect, host: &mut Host) -> Result<(), RunnerError> {
        let key = Key {
            process: effect.process,
            run: effect.run,
        };
        let Some(name) = self.name(key) else {
            return Ok(());
        };
        let intent_boot = match effect.work {
            Work::Look(Boot::Same) => host.boot,
            Work::Look(Boot::Other) | Work::Spawn | Work::Terminate | Work::Kill => BootId(0),
        };
        let path = self.folder.run_file(&name, key.run);
        let facts = run_file::look(&path, key.run, intent_boot, host.boot)?;
        match facts.stage {
            run_file::Stage::NeverStarted => self.report(key, Report::NeverStarted),
            run_file::Stage::BeforeExec => self.unclear.push(effect),
            run_file::Stage::StartFailed(number) => {
                let message = std::io::Error::from_raw_os_error(number).to_string();
                self.report(key, Report::SpawnFailed { message });
            }
            run_file::Stage::Alive => self.adopt(key, &name, &facts, None, host)?,
            run_file::Stage::Ended(end) => self.adopt(key, &name, &facts, Some(end), host)?,
            run_file::Stage::Gone => {
                // An init that does not reap keeps the status of the dead.
                let leader = facts.leader.filter(|leader| leader.boot == host.boot);
                let exit = leader.and_then(|leader| process::unreaped_exit(&leader));
                let end = exit.map_or(End::Unknown, End::Seen);
                self.adopt(key, &name, &facts, Some(end), host)?;
            }
        }
        Ok(())
    }

    /// Takes over a run whose leader or guard is alive, or that may have left something behind.
    fn adopt(
        &mut self,
        key: Key,
        name: &str,
        facts: &RunFacts,
        end: Option<End>,
        host: &mut Host,
    ) -> Result<(), RunnerError> {
        let leader = facts.leader.filter(|leader| leader.boot == host.boot);
        let finished_ms = facts.ended.map_or_else(boot::wall_ms, wall_of);
        // The group says why a run ended, and what it used, even if nothing of it is left.
        let group = self.limits.find(key, facts.heritage);
        let (Some(leader), false) = (leader, facts.is_empty) else {
            let over = Over {
                key,
                end: end.unwrap_or(End::Unknown),
                finished_ms,
            };
            self.runs.add_over(over);
            self.collect();
            return Ok(());
        };
        let file = RunFile::reopen(&self.folder.run_file(name, key.run), key.run)?;
        let marker = self.facts.marker(name, key.run);
        let guard = facts.guard;
        self.runs.add(
            key,
            Running { leader, guard },
            Origin::TakenOver,
            &marker,
            file,
            group,
        );
        // A guard that lives ends what its process left behind, and then itself.
        match end.filter(|_| guard.is_none()) {
            None => {
                host.waiter.watch_process(leader);
                if let Some(guard) = guard {
                    host.waiter.watch_process(guard);
                }
                let started_ms = facts.started.map_or_else(boot::wall_ms, wall_of);
                let age = facts.started.map(|at| boot::since_boot().saturating_sub(at));
                let adopted = Report::Adopted {
                    pid: leader.pid,
                    started_ms,
                    age_ms: age.map_or(0, milliseconds),
                };
                self.report(key, adopted);
            }
            Some(end) => {
                self.runs.leader_ended(key, end, finished_ms);
                self.runs.check(&mut host.waiter)?;
                self.collect();
            }
        }
        Ok(())
    }
}

/// How long to wait for another look at runs that stayed unclear so often in a row.
pub(super) fn wait_to_look(looks: u32) -> Duration {
    let wait = LOOK_AGAIN.saturating_mul(1_u32.checked_shl(looks.saturating_sub(1)).unwrap_or(u32::MAX));
    wait.min(LOOK_AT_LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_stays_unclear_is_looked_at_ever_more_rarely() {
        let waits = [1, 2, 5, 9, 10, 11, 33, u32::MAX].map(wait_to_look);
        let wanted = [2, 4, 32, 512, 1_000, 1_000, 1_000, 1_000].map(Duration::from_millis);
        assert_eq!(waits, wanted);
    }
}
