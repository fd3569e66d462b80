//! The jobs of a program, and where each is written.

use super::Place;
use super::meaning::{Area, Depth, With, gather, place};
use crate::{Given, Sources};

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPlace {
    /// `cluster/role/environment/name`
    pub key: String,
    /// The record that makes it, in the entry file.
    pub at: Place,
}

/// Lists the jobs that are written in the entry file, in the order of `jobs`; those with errors are left out.
pub fn jobs(host: &dyn Sources, entry: &str, given: &Given) -> Vec<JobPlace> {
    let nowhere = Area::Within(entry, 0, 0);
    let found = gather(
        host,
        entry,
        given,
        nowhere,
        With::depth(Depth::Program),
        |compiler, facts, here| {
            let written = facts
                .jobs
                .iter()
                .filter(|(key, at)| !key.is_empty() && at.file == here.file);
            let written = written.filter_map(|(key, at)| {
                Some(JobPlace {
                    key: key.clone(),
                    at: place(compiler.program, *at)?,
                })
            });
            written.collect()
        },
    );
    found.unwrap_or_default()
}
