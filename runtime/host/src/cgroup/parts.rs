//! The groups of a task, one in each tree: made, limited, written down and found again.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::layout::{Layout, Tree, Version};
use super::{Controller, Limits, MOST_TRIES, Mode, REMOVE_AGAIN, TOP, files, make, read, write};
use crate::PathError;
use crate::error::AtPath;
use crate::process;

/// The group of a task in one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) version: Version,
    pub(super) controllers: Vec<Controller>,
    pub(super) folder: PathBuf,
    /// Whether each run has a group of its own below.
    pub(super) has_runs: bool,
}

/// The groups of a task in all trees; the first is the one by which runs are followed and ended.
pub(super) struct Parts(pub(super) Vec<Part>);

/// Makes the groups of a task in every tree where that is possible. The error number is that of the first
/// tree where it is not.
pub(super) fn make_parts(layout: &Layout, name: &str) -> (Parts, Option<i32>) {
    let has_two = layout.trees.iter().any(|tree| tree.version == Version::Two);
    let is_of_use = |tree: &&Tree| {
        let limits = tree.controllers.iter().any(|controller| controller.is_limit());
        tree.version == Version::Two || limits || !has_two
    };
    let (mut parts, mut obstacle) = (Vec::new(), None);
    for tree in layout.trees.iter().filter(is_of_use) {
        match make_part(tree, name) {
            Ok((part, refused)) => {
                parts.push(part);
                obstacle = obstacle.or(refused);
            }
            Err(error) => obstacle = obstacle.or(error.raw_os_error()),
        }
    }
    // Without a tree of version 2 the one that can stop its processes is the best to follow runs by.
    parts.sort_by_key(|part| match part.version {
        Version::Two => 0,
        Version::One if part.controllers.contains(&Controller::Freezer) => 1,
        Version::One => 2,
    });
    (Parts(parts), obstacle)
}

fn make_part(tree: &Tree, name: &str) -> io::Result<(Part, Option<i32>)> {
    if tree.is_read_only {
        return Err(io::Error::from_raw_os_error(libc::EROFS));
    }
    let mut last = io::Error::from_raw_os_error(libc::EACCES);
    for base in tree.bases() {
        match make_below(tree, &base, name) {
            Ok((folder, obstacle)) => {
                let controllers = match tree.version {
                    Version::One => tree.controllers.clone(),
                    Version::Two => available(&folder),
                };
                let part = Part {
                    version: tree.version,
                    controllers,
                    folder,
                    has_runs: false,
                };
                return Ok((part, obstacle));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Makes our folder in a group, and the task's in that.
fn make_below(tree: &Tree, base: &Path, name: &str) -> io::Result<(PathBuf, Option<i32>)> {
    if tree.version == Version::Two && !process::may_write(&base.join("cgroup.procs")) {
        // The kernel moves a process only if we may move it within what both groups have in common.
        return Err(io::Error::from_raw_os_error(libc::EACCES));
    }
    let top = base.join(TOP);
    let folder = top.join(name);
    for _ in 0..MOST_TRIES {
        make(&top)?;
        match make(&folder) {
            // Another runner has just removed the folder of all tasks, as it was empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(()) => {
                let mut obstacle = None;
                if tree.version == Version::Two {
                    let wanted: Vec<Controller> = tree
                        .controllers
                        .iter()
                        .copied()
                        .filter(|one| one.is_limit())
                        .collect();
                    for group in [base, &top, &folder] {
                        obstacle = obstacle.or(enable(group, &wanted));
                    }
                }
                return Ok((folder, obstacle));
            }
        }
    }
    Err(io::Error::from_raw_os_error(libc::EBUSY))
}

/// Has the groups below one get controllers. A group with processes of its own refuses that; then the
/// controller is missing below, and is not relied on.
fn enable(group: &Path, controllers: &[Controller]) -> Option<i32> {
    let enabled = read(group, "cgroup.subtree_control");
    let is_enabled = |one: &Controller| enabled.split_ascii_whitespace().any(|word| word == one.word());
    let mut obstacle = None;
    for controller in controllers.iter().filter(|one| !is_enabled(one)) {
        let word = format!("+{}", controller.word());
        let refused = write(group, "cgroup.subtree_control", &word).err();
        // What is not offered above cannot be passed on, which is no obstacle of its own.
        let refused = refused.filter(|error| error.kind() != io::ErrorKind::NotFound);
        obstacle = obstacle.or(refused.and_then(|error| error.raw_os_error()));
    }
    obstacle
}

fn available(group: &Path) -> Vec<Controller> {
    let text = read(group, "cgroup.controllers");
    text.split_ascii_whitespace().filter_map(Controller::of).collect()
}

impl Parts {
    /// Reads the record of an earlier runner; `None` without one, or if a group is gone.
    pub(super) fn read(record: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(record).ok()?;
        let parts: Option<Vec<Part>> = text.lines().map(Part::parse).collect();
        let parts =
            parts.filter(|parts| !parts.is_empty() && parts.iter().all(|part| part.folder.is_dir()))?;
        let mut parts = Self(parts);
        parts.follow_runs();
        Some(parts)
    }

    pub(super) fn write(&self, record: &Path) -> Result<(), PathError> {
        let lines: String = self.0.iter().map(Part::line).collect();
        crate::folder::replace_loosely(record, lines.as_bytes())
    }

    /// Locks the first group; `None` if there is none any more.
    pub(super) fn lock(&mut self) -> Option<File> {
        for _ in 0..MOST_TRIES {
            let folder = &self.0.first()?.folder;
            let locked = File::open(folder)
                .ok()
                .filter(|file| file.try_lock_shared().is_ok());
            let is_there = |file: &File| {
                let (own, found) = (file.metadata().ok()?, std::fs::metadata(folder).ok()?);
                Some(own.ino() == found.ino())
            };
            match locked.filter(|file| is_there(file) == Some(true)) {
                Some(file) => return Some(file),
                // Whoever removes old groups has it, or has removed it.
                None if !folder.is_dir() => make_again(folder)?,
                None => std::thread::sleep(REMOVE_AGAIN),
            }
        }
        None
    }

    /// Decides where runs get groups of their own: where they are followed, and where memory is counted.
    pub(super) fn follow_runs(&mut self) {
        for (place, part) in self.0.iter_mut().enumerate() {
            part.has_runs = place == 0 || part.controllers.contains(&Controller::Memory);
        }
    }

    pub(super) fn mode(&self, layout: &Layout) -> Mode {
        let has = |version| self.0.iter().any(|part| part.version == version);
        match (has(Version::Two), has(Version::One)) {
            (true, true) => Mode::Hybrid,
            (true, false) if layout.mode() == Mode::Hybrid => Mode::Hybrid,
            (true, false) => Mode::V2,
            (false, true) => Mode::V1,
            (false, false) => Mode::None,
        }
    }

    /// Sets the limits; returns those that hold and the first error number of those that do not.
    pub(super) fn limit(&self, limits: &Limits) -> (Vec<Controller>, Option<i32>) {
        let (mut held, mut obstacle) = (Vec::new(), None);
        for controller in Controller::ALL.into_iter().filter(|one| one.is_limit()) {
            let part = self.0.iter().find(|part| part.controllers.contains(&controller));
            match part.map(|part| part.limit(controller, limits)) {
                Some(Ok(())) => held.push(controller),
                Some(Err(error)) => obstacle = obstacle.or(error.raw_os_error()),
                None => {}
            }
        }
        (held, obstacle)
    }
}

/// Makes a group again that was removed under us.
fn make_again(folder: &Path) -> Option<()> {
    make(folder.parent()?).ok()?;
    make(folder).ok()
}

impl Part {
    pub(super) fn open_door(&self) -> Result<Rc<File>, PathError> {
        // In version 1 a thread that enters alone has nobody wait.
        let path = self.folder.join(match self.version {
            Version::One => "tasks",
            Version::Two => "cgroup.procs",
        });
        let file = OpenOptions::new().write(true).open(&path).at("open", &path);
        file.map(Rc::new)
    }

    pub(super) fn has_memory(&self) -> bool {
        self.controllers.contains(&Controller::Memory)
    }

    pub(super) fn limit(&self, controller: Controller, limits: &Limits) -> io::Result<()> {
        for setting in files::settings(self.version, controller, limits) {
            let written = write(&self.folder, setting.file, &setting.content);
            if !setting.is_extra {
                written?;
            }
        }
        Ok(())
    }

    fn line(&self) -> String {
        let version = match self.version {
            Version::One => 1,
            Version::Two => 2,
        };
        let words: Vec<&str> = self.controllers.iter().map(|one| one.word()).collect();
        format!("{version} {} {}\n", words.join(","), self.folder.display())
    }

    fn parse(line: &str) -> Option<Self> {
        let (version, rest) = line.split_once(' ')?;
        let (words, folder) = rest.split_once(' ')?;
        Some(Self {
            version: match version {
                "1" => Version::One,
                "2" => Version::Two,
                _ => return None,
            },
            controllers: words.split(',').filter_map(Controller::of).collect(),
            folder: PathBuf::from(folder),
            has_runs: false,
        })
        .filter(|part| part.folder.parent().and_then(Path::file_name) == Some(TOP.as_ref()))
    }
}
