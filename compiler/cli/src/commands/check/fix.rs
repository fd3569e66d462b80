//! Making fixes: in memory until nothing more can be made, then each file at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aur_compiler::{Given, ReadError, Sources};
use aur_diagnostics::{Boldness, Mended, apply_fixes};
use aur_disk::Project;
use aur_terminal::{Failure, plural};

use super::pass::{OnRead, Pass, Program};
use crate::Context;
use crate::reading::difference;

/// Most times that a program is checked anew: a fix may bring a fault to light that has a fix, and of
/// fixes that overlap one is made at a time.
const MOST_ROUNDS: usize = 50;

/// The files that fixes have changed, by their resolved places. Programs that share a file share its text.
#[derive(Default)]
pub(super) struct Edited {
    files: BTreeMap<PathBuf, File>,
}

struct File {
    /// As people see it.
    name: String,
    before: String,
    after: String,
    fixes: usize,
}

/// A project with changed texts in the place of those on the disk.
pub(super) struct Overlaid<'a> {
    project: &'a Project,
    edited: &'a Edited,
    before_reading: OnRead<'a>,
}

impl Sources for Overlaid<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        (self.before_reading)(self.project, path);
        let edited = match self.edited.files.is_empty() {
            true => None,
            false => place(self.project, path).and_then(|place| self.edited.files.get(&place)),
        };
        match edited {
            Some(file) => Ok(file.after.clone().into_bytes()),
            None => self.project.read(path),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        self.project.env(name)
    }
}

/// Returns where a file of a project lies; nothing for what may not be changed: the standard library, and
/// what is outside of the project.
fn place(project: &Project, path: &str) -> Option<PathBuf> {
    let is_entry = path == project.entry();
    match project.resolve(path) {
        None if is_entry => Some(project.place(path)),
        place => place.filter(|_| is_entry || !path.starts_with('<')),
    }
}

impl Edited {
    /// Returns the project as it is with the changes.
    pub(super) fn over<'a>(&'a self, project: &'a Project, before_reading: OnRead<'a>) -> Overlaid<'a> {
        Overlaid {
            project,
            edited: self,
            before_reading,
        }
    }

    /// Makes the fixes of a program until none is left, in memory.
    pub(super) fn mend(&mut self, program: &Program, given: &Given, boldness: Boldness) {
        let project = &program.project;
        for _ in 0..MOST_ROUNDS {
            let mut answer = program.check(given, self, &|_, _| {});
            let told = answer.diagnostics.into_iter();
            answer.diagnostics = told.filter_map(|one| program.rules.told(one)).collect();
            let places: BTreeMap<_, _> = answer
                .sources
                .files()
                .filter_map(|(id, file)| Some((id, place(project, file.path())?)))
                .collect();
            let may_edit = |id| places.contains_key(&id);
            let mended = apply_fixes(&answer.sources, &answer.diagnostics, boldness, may_edit);
            if mended.is_empty() {
                return;
            }
            for (id, mended) in mended {
                if let (Some(place), Some(source)) = (places.get(&id), answer.sources.get(id)) {
                    let name = project.seen_from_here(source.path());
                    self.replace(place, &name, source.text(), mended);
                }
            }
        }
    }

    fn replace(&mut self, place: &Path, name: &str, before: &str, mended: Mended) {
        let file = self.files.entry(place.to_path_buf()).or_insert_with(|| File {
            name: aur_render::clean(name).into_owned(),
            before: before.to_string(),
            after: String::new(),
            fixes: 0,
        });
        file.after = mended.text;
        file.fixes += mended.fixes;
    }

    /// Writes every file at once or not at all, and tells how many fixes were made in it.
    pub(super) fn write(&self, context: &Context) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (place, file) in &self.files {
            match file.write(place) {
                Ok(()) if context.is_quiet => {}
                Ok(()) => {
                    let fixes = plural_fixes(file.fixes);
                    context.terminal.tell(&format!("{}: {fixes} made\n", file.name));
                }
                Err(failure) => failures.push(failure),
            }
        }
        failures
    }

    /// Prints what would change, and says whether anything would.
    ///
    /// # Errors
    /// The output cannot be written to.
    pub(super) fn print_differences(&self, pass: &Pass, context: &Context) -> Result<bool, Failure> {
        let changed: Vec<&File> = self
            .files
            .values()
            .filter(|file| file.before != file.after)
            .collect();
        for file in &changed {
            let text = difference(&file.name, &file.before, &file.after, &context.terminal);
            context.terminal.print(text)?;
        }
        if !context.is_quiet {
            let fixes = plural_fixes(changed.iter().map(|file| file.fixes).sum());
            let files = plural(changed.len() as u64, "file");
            let counts = aur_render::counts(&pass.batches());
            let left = plural(counts.errors as u64, "error");
            context.terminal.tell(&format!(
                "{fixes} would be made in {files}; {left} would remain\n"
            ));
        }
        Ok(!changed.is_empty())
    }
}

fn plural_fixes(count: usize) -> String {
    match count {
        1 => "1 fix".to_string(),
        count => format!("{count} fixes"),
    }
}

impl File {
    fn write(&self, place: &Path) -> Result<(), Failure> {
        let name = format!("`{}`", self.name);
        if aur_disk::read_file(place)? != self.before.as_bytes() {
            return Err(
                Failure::new(format!("{name} was changed while it was being fixed"))
                    .help("nothing was written to it; run the command again"),
            );
        }
        aur_disk::replace_file(place, self.after.as_bytes())
            .map_err(|error| Failure::unwritable(name, &error))
    }
}
