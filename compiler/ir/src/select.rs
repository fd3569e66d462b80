//! Choosing the job of a plan that a person means.

use std::fmt;

use crate::Plan;

/// Why no job was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectError {
    /// The plan has several jobs and none was named, or several fit the name.
    Ambiguous {
        /// The name, if one was given.
        wanted: Option<String>,
        /// Keys of the jobs that fit.
        keys: Vec<String>,
    },
    /// No job fits the name.
    Unknown {
        /// The name.
        wanted: String,
        /// Keys of all jobs.
        keys: Vec<String>,
    },
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous { wanted: None, keys } => {
                write!(f, "the program has {} jobs; name one of them", keys.len())
            }
            Self::Ambiguous {
                wanted: Some(wanted),
                keys,
            } => {
                write!(f, "{} jobs are called `{}`", keys.len(), wanted.escape_debug())
            }
            Self::Unknown { wanted, .. } => write!(f, "the program has no job `{}`", wanted.escape_debug()),
        }
    }
}

impl std::error::Error for SelectError {}

impl SelectError {
    /// The keys a person can choose from.
    pub fn keys(&self) -> &[String] {
        match self {
            Self::Ambiguous { keys, .. } | Self::Unknown { keys, .. } => keys,
        }
    }
}

impl Plan {
    /// Finds a job by its full key or its last whole components (`name`, `environment/name`, ..);
    /// without one, the only job. Returns its place in `jobs`.
    ///
    /// # Errors
    /// None or several jobs fit.
    pub fn select(&self, wanted: Option<&str>) -> Result<usize, SelectError> {
        let fits = |key: &str| match wanted {
            None => true,
            Some(wanted) => {
                key == wanted
                    || key
                        .strip_suffix(wanted)
                        .is_some_and(|before| before.ends_with('/'))
            }
        };
        let found: Vec<usize> = self
            .jobs
            .iter()
            .enumerate()
            .filter(|(_, job)| fits(&job.key))
            .map(|(index, _)| index)
            .collect();
        let keys = |indices: &[usize]| -> Vec<String> {
            indices
                .iter()
                .filter_map(|index| self.jobs.get(*index))
                .map(|job| job.key.clone())
                .collect()
        };
        match (found.as_slice(), wanted) {
            ([only], _) => Ok(*only),
            ([], Some(wanted)) => Err(SelectError::Unknown {
                wanted: wanted.to_string(),
                keys: self.jobs.iter().map(|job| job.key.clone()).collect(),
            }),
            (several, wanted) => Err(SelectError::Ambiguous {
                wanted: wanted.map(ToString::to_string),
                keys: keys(several),
            }),
        }
    }
}
