//! The files of one task, and how they come to be.
//!
//! ```text
//! ROOT/tasks/TASK_ID/
//!   plan.json  options.json  lock  runner.log  requests/
//!   journal  sandbox/  logs/PROCESS/RUN/{stdout,stderr}  runs/PROCESS/RUN    first attempt
//!   console/PROCESS/RUN/{stdout,stderr}                                      output for who watches
//!   attempts/N/{attempt.json,journal,sandbox,logs,console,runs}                      attempt N, from 1
//! ```
//!
//! A task folder is filled under a hidden name and renamed into place, so nobody ever meets half of one.
//! Folders have mode 0700 and files 0600, whatever the umask allows beyond that.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::AtPath;
use crate::{PathError, boot};

/// The files of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskFolder {
    path: PathBuf,
}

/// The files of one attempt at a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifeFolder {
    path: PathBuf,
}

/// The files that one run of a process writes its output to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFiles {
    /// Standard output.
    pub stdout: PathBuf,
    /// Standard error.
    pub stderr: PathBuf,
}

/// Whether `id` can name a task: one part of a path, at most 255 bytes, without a leading dot or a
/// control character.
pub fn is_task_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 255
        && !id.starts_with('.')
        && !id.contains(|c: char| c == '/' || c.is_control())
}

impl TaskFolder {
    /// Names the folder of a task; `id` must satisfy [`is_task_id`].
    pub fn of(root: &Path, id: &str) -> Self {
        Self {
            path: tasks(root).join(id),
        }
    }

    /// Takes a path as it is.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The id of the task: the folder's name.
    pub fn id(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }

    /// The plan as it was when the task began.
    pub fn plan(&self) -> PathBuf {
        self.path.join("plan.json")
    }

    /// What was asked for besides the plan.
    pub fn options(&self) -> PathBuf {
        self.path.join("options.json")
    }

    /// Locked by the runner as long as it lives.
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// What the runner itself has to say.
    pub fn runner_log(&self) -> PathBuf {
        self.path.join("runner.log")
    }

    /// Where requests are left for the runner.
    pub fn requests(&self) -> PathBuf {
        self.path.join("requests")
    }

    /// The files of one attempt, counted from 0.
    pub fn life(&self, attempt: u32) -> LifeFolder {
        LifeFolder {
            path: match attempt {
                0 => self.path.clone(),
                n => self.attempts().join(n.to_string()),
            },
        }
    }

    /// Whether the task exists.
    ///
    /// # Errors
    /// The folder cannot be looked at.
    pub fn exists(&self) -> Result<bool, PathError> {
        let journal = self.life(0).journal();
        journal.try_exists().at("look at", &self.path)
    }

    /// Creates the task: `fill` writes the files into a hidden folder that then gets its name.
    ///
    /// Returns `false` if the task existed already; it is left as it was.
    ///
    /// # Errors
    /// A folder cannot be made or made durable, or `fill` fails; nothing is left behind.
    pub fn create<E: From<PathError>>(&self, fill: impl FnOnce(&Self) -> Result<(), E>) -> Result<bool, E> {
        create_whole(&self.path, |draft| {
            let draft = Self::at(draft);
            make_folder(&draft.requests())?;
            fill(&draft)
        })
    }

    /// The number of the last attempt that was begun.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn last_attempt(&self) -> Result<u32, PathError> {
        let folder = self.attempts();
        let entries = match std::fs::read_dir(&folder).at("list", &folder) {
            Ok(entries) => entries,
            Err(error) if error.is_missing() => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut last = 0;
        for entry in entries {
            let name = entry.at("list", &folder)?.file_name();
            let attempt = name.to_str().and_then(|name| name.parse().ok());
            last = last.max(attempt.unwrap_or(0));
        }
        Ok(last)
    }

    /// The folder of the attempts after the first.
    pub fn attempts(&self) -> PathBuf {
        self.path.join("attempts")
    }
}

impl LifeFolder {
    /// Creates the files of a later attempt, as [`TaskFolder::create`] does for the first.
    ///
    /// # Errors
    /// As there.
    pub fn create<E: From<PathError>>(&self, fill: impl FnOnce(&Self) -> Result<(), E>) -> Result<bool, E> {
        create_whole(&self.path, |path| fill(&Self { path }))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }

    /// What the attempts amounted to when this one began.
    pub fn attempt(&self) -> PathBuf {
        self.path.join("attempt.json")
    }
}

/// Makes a folder whole or not at all.
fn create_whole<E: From<PathError>>(
    path: &Path,
    fill: impl FnOnce(PathBuf) -> Result<(), E>,
) -> Result<bool, E> {
    let parent = path.parent().unwrap_or(Path::new("/"));
    make_folder(parent)?;
    let draft = parent.join(format!(".new-{:016x}", boot::random()?));
    let made = fill_and_name(path, parent, &draft, fill);
    if !matches!(made, Ok(true)) {
        // The draft is private and unfinished; what stays of it after a failure here is only litter.
        let _ = std::fs::remove_dir_all(&draft);
    }
    made
}

fn fill_and_name<E: From<PathError>>(
    path: &Path,
    parent: &Path,
    draft: &Path,
    fill: impl FnOnce(PathBuf) -> Result<(), E>,
) -> Result<bool, E> {
    make_folder(draft)?;
    fill(draft.to_path_buf())?;
    sync_folder(draft)?;
    match std::fs::rename(draft, path).at("create", path) {
        Ok(()) => {}
        Err(error) if is_taken(&error.source) => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    sync_folder(parent)?;
    Ok(true)
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory
    )
}

impl LifeFolder {
    /// Working folder and home of the processes.
    pub fn sandbox(&self) -> PathBuf {
        self.path.join("sandbox")
    }

    /// The output of one run.
    pub fn logs(&self, process: &str, run: u32) -> LogFiles {
        let folder = self.path.join("logs").join(process).join(run.to_string());
        LogFiles {
            stdout: folder.join("stdout"),
            stderr: folder.join("stderr"),
        }
    }

    /// Where the output of one run waits for whoever watches the task.
    pub fn console(&self, process: &str, run: u32) -> LogFiles {
        let folder = self.path.join("console").join(process).join(run.to_string());
        LogFiles {
            stdout: folder.join("stdout"),
            stderr: folder.join("stderr"),
        }
    }

    /// How much of the output of one run was left out; there only if something was.
    pub fn dropped(&self, process: &str, run: u32) -> PathBuf {
        let folder = self.path.join("logs").join(process).join(run.to_string());
        folder.join("dropped")
    }

    /// The output of all runs.
    pub fn all_logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// Where the control groups are.
    pub fn groups(&self) -> PathBuf {
        self.path.join("groups")
    }

    /// What was used, as far as it is not read from control groups.
    pub fn usage(&self) -> PathBuf {
        self.path.join("usage.json")
    }

    /// What is known of one run's life.
    pub fn run_file(&self, process: &str, run: u32) -> PathBuf {
        self.run_files(process).join(run.to_string())
    }

    /// Where the files of all runs of a process are.
    pub fn run_files(&self, process: &str) -> PathBuf {
        self.path.join("runs").join(process)
    }
}

/// The folder that holds all tasks of a root.
pub fn tasks(root: &Path) -> PathBuf {
    root.join("tasks")
}

/// Lists the ids of all tasks of a root, sorted; a root that does not exist has none.
///
/// # Errors
/// The folder cannot be read.
pub fn task_ids(root: &Path) -> Result<Vec<String>, PathError> {
    let folder = tasks(root);
    let entries = match std::fs::read_dir(&folder).at("list", &folder) {
        Ok(entries) => entries,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let name = entry.at("list", &folder)?.file_name();
        let id = name.to_str().filter(|id| is_task_id(id));
        ids.extend(id.map(str::to_string));
    }
    ids.sort();
    Ok(ids)
}

/// Creates a private folder and the missing ones above it.
///
/// # Errors
/// One of them cannot be made.
pub fn make_folder(path: &Path) -> Result<(), PathError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .at("create folder", path)
}

/// Lets everybody pass through a folder of ours, without letting them see what is in it.
///
/// # Errors
/// The kernel refuses.
pub fn let_pass(path: &Path) -> Result<(), PathError> {
    let mode = std::fs::metadata(path).at("look at", path)?.permissions().mode();
    let wanted = Permissions::from_mode((mode & 0o7777) | 0o011);
    std::fs::set_permissions(path, wanted).at("open", path)
}

/// Makes the entries of a folder durable.
///
/// # Errors
/// The kernel refuses.
pub fn sync_folder(path: &Path) -> Result<(), PathError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .at("make durable", path)
}

/// Opens a private file for appending and creates it where it is missing.
///
/// # Errors
/// It cannot be opened, or is a symbolic link.
pub fn append_to(path: &Path) -> Result<File, PathError> {
    private().append(true).create(true).open(path).at("open", path)
}

/// Replaces a file at once and durably: readers see the old content or the new, never a part.
///
/// # Errors
/// Writing, syncing or renaming fails; the old content stays then.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), PathError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let draft = folder.join(format!(".new-{:016x}", boot::random()?));
    let written = write_new(&draft, content)
        .and_then(|()| std::fs::rename(&draft, path).at("create", path))
        .and_then(|()| sync_folder(folder));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written
}

/// Replaces a file at once, as [`replace`] does, but a crash of the machine may lose it.
///
/// # Errors
/// Writing or renaming fails; the old content stays then.
pub fn replace_loosely(path: &Path, content: &[u8]) -> Result<(), PathError> {
    let draft = path.with_extension("new");
    let file = private().write(true).create(true).truncate(true).open(&draft);
    file.and_then(|mut file| file.write_all(content))
        .at("write", &draft)?;
    std::fs::rename(&draft, path).at("create", path)
}

/// Writes a new private file durably.
///
/// # Errors
/// It exists, or cannot be written.
pub fn write_new(path: &Path, content: &[u8]) -> Result<(), PathError> {
    let mut file = private()
        .write(true)
        .create_new(true)
        .open(path)
        .at("create", path)?;
    file.write_all(content).at("write", path)?;
    file.sync_all().at("make durable", path)
}

/// Options that create private files and refuse symbolic links.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    fn fill(folder: &TaskFolder) -> Result<(), PathError> {
        write_new(&folder.life(0).journal(), b"x")
    }

    #[test]
    fn a_task_is_created_once_and_whole() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join(OsStr::from_bytes(b"with blank \xff"));
        let folder = TaskFolder::of(&root, "t-1");
        assert!(!folder.exists().unwrap());
        assert!(folder.create(fill).unwrap());
        assert!(!folder.create(fill).unwrap());
        assert!(folder.exists().unwrap());
        assert_eq!(task_ids(&root).unwrap(), ["t-1"]);
        assert_eq!(folder.last_attempt().unwrap(), 0);
        let later = folder.life(12);
        assert!(later.create(|life| write_new(&life.journal(), b"y")).unwrap());
        assert_eq!(folder.last_attempt().unwrap(), 12);
        assert_eq!(later.sandbox(), folder.path().join("attempts/12/sandbox"));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&root), 0o700);
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.requests()), 0o700);
        assert_eq!(mode(&folder.life(0).journal()), 0o600);
        assert_eq!(std::fs::read_dir(tasks(&root)).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_creation_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let folder = TaskFolder::of(root.path(), "t");
        let failed = folder.create(|folder| {
            fill(folder)?;
            fill(folder)
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_dir(tasks(root.path())).unwrap().count(), 0);
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(append_to(&link).is_err());
        assert!(!target.exists());
    }

    #[test]
    fn ids() {
        for bad in ["", ".x", "..", "a/b", "a\nb", "a\0", &"x".repeat(256)] {
            assert!(!is_task_id(bad), "{bad:?}");
        }
        assert!(is_task_id("hello-0-20261122-101112-00ff"));
    }
}
