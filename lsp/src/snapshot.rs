//! What a worker sees: the state of one moment, which never changes.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aur_compiler::editor::{self, Checked, Place};
use aur_compiler::{Cancel, Given, Kept, Listed, ReadError, Sources};
use aur_disk::Project;
use gen_lsp_types::{Location, SemanticToken, Uri};
use ignore::{DirEntry, WalkBuilder};

use crate::client::Client;
use crate::disk::Disk;
use crate::documents::Open;
use crate::position::Lines;
use crate::prelude::{is_prelude, prelude_path};
use crate::uri::{path_of, uri_of};

/// The state of one moment. Clones share everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) client: Arc<Client>,
    pub(crate) folders: Arc<Vec<PathBuf>>,
    /// By resolved path.
    pub(crate) open: Arc<BTreeMap<PathBuf, Open>>,
    pub(crate) disk: Arc<Disk>,
    /// Counts the changes of the open documents.
    pub(crate) revision: u64,
    pub(crate) cancel: Cancel,
    known: Arc<Known>,
}

/// A large program is checked twice: at once as well as that is quick, and whole after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Estimated,
    /// Whole without an estimate.
    Whole,
    /// Whole after an estimate.
    Confirmed,
}

/// What was found, and in which revision.
type Found = (u64, Arc<Checked>);

/// What was found before, kept as long as it holds.
#[derive(Debug, Default)]
struct Known {
    /// By resolved path of the entry file.
    checked: Mutex<HashMap<PathBuf, Found>>,
    /// What was estimated of the same, later.
    estimated: Mutex<HashMap<PathBuf, Found>>,
    /// What the client was answered last, where it asks.
    told: Mutex<HashMap<PathBuf, Arc<Checked>>>,
    /// The programs of the open folders, and the revision they were listed in.
    listed: Mutex<Option<(u64, Arc<Vec<PathBuf>>)>>,
    /// The tokens that the client was told last, by path, with the name of the answer.
    tokens: Mutex<HashMap<PathBuf, (String, Vec<SemanticToken>)>>,
}

/// A fault of another thread leaves each table whole: entries are written at once.
fn table<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A document and the files its program may read.
pub(crate) struct File<'s> {
    pub(crate) open: Open,
    pub(crate) host: Host<'s>,
}

/// The files of a project: those that are open, else those of the disk.
pub(crate) struct Host<'s> {
    snapshot: &'s Snapshot,
    project: Project,
    root: Arc<Path>,
}

/// Of a text of more bytes only the syntax is checked: evaluating it at each keystroke would take too long.
pub(crate) const LARGE: usize = 5 << 20;

/// A text of fewer bytes is checked so quickly that nobody gains by an estimate.
const SMALL: usize = 32 << 10;

/// So many programs that include a file are looked at, to tell what its texts become there.
const MOST_INCLUDERS: usize = 20;

/// So many programs of the open folders are looked at; a folder with more is hardly one of programs.
const MOST_PROGRAMS: usize = 10_000;

impl Snapshot {
    pub(crate) fn new(client: Client, folders: Vec<PathBuf>) -> Self {
        Self {
            client: Arc::new(client),
            folders: Arc::new(folders),
            ..Self::default()
        }
    }

    /// The same state for a worker that can be stopped.
    pub(crate) fn with_cancel(&self, cancel: Cancel) -> Self {
        Self {
            cancel,
            ..self.clone()
        }
    }

    /// What is wrong with the program of a document; found once in each state. Nothing where it was given up.
    pub(crate) fn checked(&self, file: &File<'_>) -> Option<Arc<Checked>> {
        if let Some((revision, checked)) = table(&self.known.checked).get(&*file.open.path)
            && *revision == self.revision
        {
            return Some(checked.clone());
        }
        let document = &file.open.document;
        let checked = match is_prelude(&file.open.path) {
            true => Checked::default(),
            false if document.text().len() > LARGE => editor::syntax(document),
            false => editor::diagnostics(&file.host, file.name(), &self.given()),
        };
        if self.cancel.is_cancelled() {
            return None;
        }
        let checked = Arc::new(checked);
        table(&self.known.checked).insert(file.open.path.to_path_buf(), (self.revision, checked.clone()));
        Some(checked)
    }

    /// The same as soon as possible: estimated where that takes less. Nothing where it was given up.
    pub(crate) fn soon(&self, file: &File<'_>) -> Option<(Arc<Checked>, Stage)> {
        match self.estimated(file) {
            Some(estimated) => Some((estimated, Stage::Estimated)),
            None if self.cancel.is_cancelled() => None,
            None => Some((self.checked(file)?, Stage::Whole)),
        }
    }

    /// Estimates what is wrong with the program of a large document from what was found of an earlier text.
    /// Nothing where that would not come sooner than to check it.
    fn estimated(&self, file: &File<'_>) -> Option<Arc<Checked>> {
        let path = &*file.open.path;
        if !(SMALL..=LARGE).contains(&file.open.document.text().len()) || is_prelude(path) {
            return None;
        }
        let checked = table(&self.known.checked).get(path).cloned();
        let estimated = table(&self.known.estimated).get(path).cloned();
        let is_checked = checked.as_ref().is_some_and(|(own, _)| *own == self.revision);
        if is_checked {
            return None;
        }
        let last = checked.into_iter().chain(estimated);
        let (_, earlier) = last.max_by_key(|(revision, _)| *revision)?;
        let found = Arc::new(editor::soon(&file.host, file.name(), &self.given(), &earlier)?);
        table(&self.known.estimated).insert(path.to_path_buf(), (self.revision, found.clone()));
        Some(found)
    }

    /// Remembers what a client that asks for diagnostics was answered last.
    pub(crate) fn tell(&self, path: &Path, checked: &Arc<Checked>) {
        table(&self.known.told).insert(path.to_path_buf(), checked.clone());
    }

    /// What a client was answered last, and what the last whole check has found; both where there are both.
    fn told_and_checked(&self, path: &Path) -> Option<(Arc<Checked>, Arc<Checked>)> {
        let told = table(&self.known.told).get(path).cloned()?;
        let (_, checked) = table(&self.known.checked).get(path).cloned()?;
        Some((told, checked))
    }

    /// Whether a client that asks was answered with something else than the last whole check.
    pub(crate) fn was_told_estimate(&self, path: &Path) -> bool {
        let both = self.told_and_checked(path);
        both.is_some_and(|(told, checked)| !Arc::ptr_eq(&told, &checked))
    }

    /// The same, where what the client was answered does not hold.
    pub(crate) fn was_told_otherwise(&self, path: &Path) -> bool {
        let both = self.told_and_checked(path);
        both.is_some_and(|(told, checked)| told.diagnostics != checked.diagnostics)
    }

    /// Drops what was found about a document that is closed.
    pub(crate) fn forget(&self, path: &Path) {
        table(&self.known.checked).remove(path);
        table(&self.known.estimated).remove(path);
        table(&self.known.told).remove(path);
        table(&self.known.tokens).remove(path);
    }

    /// Begins a state that shares nothing that was found in this one.
    pub(crate) fn forget_checks(&mut self) {
        self.known = Arc::default();
    }

    /// Remembers the tokens that a client was told, to tell only the change next time.
    pub(crate) fn tell_tokens(&self, path: &Path, name: &str, tokens: &[SemanticToken]) {
        table(&self.known.tokens).insert(path.to_path_buf(), (name.to_string(), tokens.to_vec()));
    }

    /// The tokens that a client was told under a name, if they are the last ones.
    pub(crate) fn told_tokens(&self, path: &Path, name: &str) -> Option<Vec<SemanticToken>> {
        let told = table(&self.known.tokens);
        told.get(path)
            .filter(|(own, _)| own == name)
            .map(|(_, tokens)| tokens.clone())
    }

    /// Returns an open document; nothing for any other, and for what is not a file.
    pub(crate) fn file(&self, uri: &Uri) -> Option<File<'_>> {
        let given = path_of(uri)?;
        self.view(self.open.get(&resolved(&given))?)
    }

    /// Returns an open document with its project.
    pub(crate) fn view(&self, open: &Open) -> Option<File<'_>> {
        // The text comes from the document, so none is given.
        let project = Project::with_text(Vec::new(), Some(&open.path), Some(&open.root)).ok()?;
        let host = Host {
            snapshot: self,
            project,
            root: open.root.clone(),
        };
        Some(File {
            open: open.clone(),
            host,
        })
    }

    /// Returns a program with its project, open or not.
    pub(crate) fn program(&self, path: &Path) -> Option<File<'_>> {
        if let Some(open) = self.open.get(path) {
            return self.view(open);
        }
        let project = Project::find(path, None).ok()?;
        let name = project.entry().to_string();
        let document = self.disk.document(&project, &name)?;
        let host = Host {
            snapshot: self,
            root: project.root().into(),
            project,
        };
        let open = Open {
            uri: uri_of(path),
            path: path.into(),
            version: 0,
            lines: Arc::new(Lines::new(document.text().clone(), self.client.encoding)),
            document,
            root: host.root.clone(),
        };
        Some(File { open, host })
    }

    /// The programs that an open file is part of: itself, then those that include it, open ones first.
    pub(crate) fn programs_of<'s>(&'s self, file: File<'s>) -> Vec<File<'s>> {
        let mut parts: Vec<PathBuf> = vec![file.open.path.to_path_buf()];
        let mut out = vec![file];
        let mut others: Vec<PathBuf> = self.open.keys().cloned().collect();
        others.extend(
            self.programs()
                .iter()
                .filter(|path| !self.open.contains_key(*path))
                .cloned(),
        );
        loop {
            let before = parts.len();
            for path in &others {
                if out.len() >= MOST_INCLUDERS || parts.contains(path) {
                    continue;
                }
                let Some(other) = self.program(path) else {
                    continue;
                };
                let includes = editor::includes(&other.open.document);
                let is_one = |name: &String| parts.contains(&resolved(&other.host.path(name)));
                if includes.iter().any(is_one) {
                    parts.push(path.clone());
                    out.push(other);
                }
            }
            if parts.len() == before {
                return out;
            }
        }
    }

    /// The resolved paths of all programs in the open folders, in order; and of those open outside of them.
    pub(crate) fn programs(&self) -> Arc<Vec<PathBuf>> {
        let mut known = table(&self.known.listed);
        if let Some((revision, paths)) = &*known
            && *revision == self.revision
        {
            return paths.clone();
        }
        let paths = Arc::new(self.list_programs());
        *known = Some((self.revision, paths.clone()));
        paths
    }

    fn list_programs(&self) -> Vec<PathBuf> {
        let mut paths: Vec<PathBuf> = self.open.keys().cloned().collect();
        for folder in self.folders.iter() {
            let files = WalkBuilder::new(folder).build().filter_map(Result::ok);
            let programs = files.filter(|file| file.path().extension() == Some(OsStr::new("aur")));
            let room = MOST_PROGRAMS.saturating_sub(paths.len());
            paths.extend(programs.map(DirEntry::into_path).take(room));
        }
        paths.sort();
        paths.dedup();
        paths
    }

    /// What the compiler is given beside the files.
    pub(crate) fn given(&self) -> Given {
        Given {
            cancel: self.cancel.clone(),
            ..Given::default()
        }
    }
}

impl File<'_> {
    /// The document's path below its root.
    pub(crate) fn name(&self) -> &str {
        self.open.document.path()
    }
}

impl Host<'_> {
    /// The absolute path of a file of the project; the standard library has one too.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        match name {
            editor::PRELUDE_PATH => prelude_path().map_or_else(|| name.into(), Path::to_path_buf),
            name => self.root.join(name),
        }
    }

    /// The document a file is open as.
    pub(crate) fn open(&self, name: &str) -> Option<&Open> {
        let path = self.path(name);
        let open = &self.snapshot.open;
        open.get(&path).or_else(|| open.get(&resolved(&path)))
    }

    /// The URI of a file of the project, as the client wrote it where it is open.
    pub(crate) fn uri(&self, name: &str) -> Uri {
        match self.open(name) {
            Some(open) => open.uri.clone(),
            None => uri_of(&self.path(name)),
        }
    }

    /// The version of an open file.
    pub(crate) fn version(&self, uri: &Uri) -> Option<i32> {
        let open = self.snapshot.open.values();
        open.into_iter()
            .find(|open| open.uri == *uri)
            .map(|open| open.version)
    }

    /// The lines of a file of the project.
    pub(crate) fn lines(&self, name: &str) -> Option<Arc<Lines>> {
        match self.open(name) {
            Some(open) => Some(open.lines.clone()),
            None => {
                let text = match name {
                    editor::PRELUDE_PATH => editor::PRELUDE.into(),
                    name => self.kept(name)?.text,
                };
                Some(Arc::new(Lines::new(text, self.snapshot.client.encoding)))
            }
        }
    }

    /// Where a place is for the client; nothing for places in no file.
    pub(crate) fn location(&self, place: &Place) -> Option<Location> {
        Some(Location {
            uri: self.uri(&place.path),
            range: self.lines(&place.path)?.range(place.start, place.end),
        })
    }
}

impl Sources for Host<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match self.open(path) {
            Some(open) => Ok(open.document.text().as_bytes().to_vec()),
            None => self.project.read(path),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        self.project.env(name)
    }

    fn kept(&self, path: &str) -> Option<Kept> {
        let document = match self.open(path) {
            Some(open) if *open.root == *self.root => return Some(open.document.kept().clone()),
            // Open as part of another project: its tree is the same.
            Some(open) => open.document.clone(),
            None => self.snapshot.disk.document(&self.project, path)?,
        };
        Some(document.kept().clone())
    }

    fn list(&self, folder: &str) -> Vec<Listed> {
        self.project.list(folder)
    }
}

/// Resolves symlinks of the folder; the file itself need not exist.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let found = path.canonicalize().ok();
    let beside = || {
        let folder = path.parent()?.canonicalize().ok()?;
        Some(folder.join(path.file_name()?))
    };
    found.or_else(beside).unwrap_or_else(|| path.to_path_buf())
}
