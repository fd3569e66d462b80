//! What can be said before the start about processes that would never be ready.

use aur_ir::{Logger, LoggerDestination, Plan, ProbeCheck};
use aur_render::clean;
use aur_terminal::Failure;

/// Refuses a job in which a process waits for a line of output that nobody keeps: it leaves open where its output
/// goes, and `asked` says nowhere.
///
/// # Errors
/// The first such process.
pub(crate) fn refuse_unseen(plan: &Plan, job: usize, asked: &Logger) -> Result<(), Failure> {
    if asked.destination != LoggerDestination::None {
        return Ok(());
    }
    let processes = plan.jobs.get(job).map_or(&[][..], |job| &job.task.processes);
    let unseen = processes.iter().enumerate().find(|(number, process)| {
        let waits = process
            .ready
            .as_ref()
            .is_some_and(|probe| matches!(probe.check, ProbeCheck::Log { .. }));
        waits && process.logger == Logger::default() && !is_written(plan, job, *number)
    });
    match unseen {
        None => Ok(()),
        Some((_, process)) => Err(Failure::new(format!(
            "`{}` can never be ready: its probe waits for a line of output, and --log none keeps none",
            clean(&process.name)
        ))
        .help(
            "leave --log none out, or write `logger = Logger { destination = \"file\" }` into the process",
        )),
    }
}

/// Whether the program itself says where the output of a process goes; what is written as it would be anyway has a
/// place in the plan, but no value.
fn is_written(plan: &Plan, job: usize, process: usize) -> bool {
    let place = format!("/jobs/{job}/task/processes/{process}/logger");
    let mut spans = plan.spans.range(place.clone()..);
    spans
        .next()
        .is_some_and(|(found, _)| *found == place || found.starts_with(&format!("{place}/")))
}
