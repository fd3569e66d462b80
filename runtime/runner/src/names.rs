//! Task ids: making them, listing them, and finding the one that a person means.

use std::path::Path;

use aur_host::folder::{TaskFolder, task_ids};
use aur_host::{PathError, journal};
use aur_machine as machine;
use aur_machine::Fact;

/// Longest part of a job's name that goes into a task id, bytes.
const LONGEST_NAME_BYTES: usize = 200;

/// Why a text does not name a task.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// The folder of tasks cannot be read.
    #[error(transparent)]
    Path(#[from] PathError),
    /// No task has it.
    #[error("no task is called `{}`{}", text.escape_debug(), known(.tasks))]
    None {
        /// What was given.
        text: String,
        /// The tasks there are, newest first.
        tasks: Vec<String>,
    },
    /// More than one task begins so.
    #[error("`{}` is the beginning of {} tasks: {}", text.escape_debug(), tasks.len(), few(.tasks))]
    Several {
        /// What was given.
        text: String,
        /// The tasks, sorted.
        tasks: Vec<String>,
    },
}

fn known(tasks: &[String]) -> String {
    match tasks {
        [] => ": there are none".to_string(),
        tasks => format!("; there are {}", few(tasks)),
    }
}

fn few(tasks: &[String]) -> String {
    let mut text = tasks.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    if tasks.len() > 5 {
        text.push_str(", ..");
    }
    text
}

/// Makes a task id: `<job>-<instance>-<yyyymmdd-hhmmss, UTC>-<4 hex digits>`.
///
/// # Errors
/// The kernel's source of randomness cannot be read.
pub fn new_task_id(job_name: &str, instance: u32) -> Result<String, PathError> {
    let random = aur_host::boot::random()?;
    Ok(task_id(job_name, instance, aur_host::boot::wall_ms(), random))
}

fn task_id(job_name: &str, instance: u32, wall_ms: u64, random: u64) -> String {
    let mut end = job_name.len().min(LONGEST_NAME_BYTES);
    while !job_name.is_char_boundary(end) {
        end -= 1;
    }
    let name = job_name.get(..end).unwrap_or_default();
    format!(
        "{name}-{instance}-{}-{:04x}",
        utc(wall_ms / 1000),
        random & 0xffff
    )
}

/// Writes seconds since 1970 as `yyyymmdd-hhmmss`.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years are counted from March, so that the leap day is the last one; an era has 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

/// Lists the tasks of a root, newest first; those whose journal cannot be read come last.
///
/// # Errors
/// The folder of tasks cannot be read.
pub fn list(root: &Path) -> Result<Vec<TaskFolder>, PathError> {
    let mut tasks: Vec<(u64, String)> = task_ids(root)?
        .into_iter()
        .map(|id| (created_ms(&TaskFolder::of(root, &id)).unwrap_or(0), id))
        .collect();
    tasks.sort_by(|a, b| b.cmp(a));
    Ok(tasks.iter().map(|(_, id)| TaskFolder::of(root, id)).collect())
}

fn created_ms(folder: &TaskFolder) -> Option<u64> {
    let record = journal::read_first(&folder.life(0).journal()).ok()??;
    match machine::decode(&record).ok()?.fact {
        Fact::Created(header) => Some(header.created_ms),
        Fact::Summary(summary) => Some(summary.header.created_ms),
        Fact::Runner(_)
        | Fact::Process { .. }
        | Fact::Cleaning { .. }
        | Fact::Farewell
        | Fact::Health { .. }
        | Fact::Control { .. }
        | Fact::Hurried { .. }
        | Fact::Finalizing
        | Fact::Finished { .. } => None,
    }
}

/// Finds the task that a text means: an id, the beginning of exactly one, or `@last` for the newest.
///
/// # Errors
/// None or several fit, or the folder of tasks cannot be read.
pub fn resolve(root: &Path, text: &str) -> Result<TaskFolder, NameError> {
    let newest_first = || -> Result<Vec<String>, PathError> {
        let id = |folder: &TaskFolder| folder.id().to_string_lossy().into_owned();
        Ok(list(root)?.iter().map(id).collect())
    };
    let none = || -> Result<TaskFolder, NameError> {
        Err(NameError::None {
            text: text.to_string(),
            tasks: newest_first()?,
        })
    };
    if text == "@last" {
        return list(root)?.into_iter().next().map_or_else(none, Ok);
    }
    let ids = task_ids(root)?;
    if ids.iter().any(|id| id == text) {
        return Ok(TaskFolder::of(root, text));
    }
    let mut fitting: Vec<String> = ids.into_iter().filter(|id| id.starts_with(text)).collect();
    match (fitting.pop(), fitting.is_empty()) {
        _ if text.is_empty() => none(),
        (None, _) => none(),
        (Some(id), true) => Ok(TaskFolder::of(root, &id)),
        (Some(id), false) => {
            fitting.push(id);
            Err(NameError::Several {
                text: text.to_string(),
                tasks: fitting,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_hold_job_instance_moment_and_chance() {
        assert_eq!(
            task_id("hello", 0, 1_795_168_272_999, 0x1_00ff),
            "hello-0-20261120-101112-00ff".replace("20261120-101112", &utc(1_795_168_272))
        );
        let long = task_id(&"é".repeat(150), 7, 0, 0);
        assert_eq!(long, format!("{}-7-19700101-000000-0000", "é".repeat(100)));
    }

    #[test]
    fn moments_in_utc() {
        for (seconds, text) in [
            (0, "19700101-000000"),
            (951_782_399, "20000228-235959"),
            (951_782_400, "20000229-000000"),
            (951_868_800, "20000301-000000"),
            (1_709_251_199, "20240229-235959"),
            (1_767_225_599, "20251231-235959"),
            (4_107_542_400, "21000301-000000"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn a_beginning_must_be_unique() {
        let root = tempfile::tempdir().unwrap();
        let found = |text: &str| match resolve(root.path(), text) {
            Ok(folder) => folder.id().to_string_lossy().into_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found("@last"), "no task is called `@last`: there are none");
        for id in ["a-1", "a-12", "b-1"] {
            std::fs::create_dir_all(TaskFolder::of(root.path(), id).path()).unwrap();
        }
        assert_eq!(found("b"), "b-1");
        assert_eq!(found("a-1"), "a-1");
        assert_eq!(found("a"), "`a` is the beginning of 2 tasks: a-1, a-12");
        assert_eq!(found("c"), "no task is called `c`; there are b-1, a-12, a-1");
        assert_eq!(found(""), "no task is called ``; there are b-1, a-12, a-1");
        assert_eq!(
            found("../x"),
            "no task is called `../x`; there are b-1, a-12, a-1"
        );
    }
}
