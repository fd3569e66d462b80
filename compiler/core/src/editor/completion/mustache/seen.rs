//! What evaluating says about a mustache that is not whole yet: it is finished in a copy of its file.

use std::sync::Arc;

use aur_diagnostics::{FileId, Span};

use super::{Asked, SHOWN_JOBS};
use crate::ENTRY_MODULE;
use crate::editor::frames::Bytes;
use crate::editor::meaning::here;
use crate::editor::needs::dependents_at;
use crate::eval::Compiler;
use crate::facts::{Asking, Facts, Wanted};
use crate::lower::{Lowering, Spans};
use crate::program::{self, Program};
use crate::resolve::{Inside, Visible};
use crate::{Kept, Listed, ReadError, Sources};

/// What stands in a mustache that names nothing yet: a name that is always there.
const NAME: &str = "aur.user";

/// Of a program that includes the file, more jobs are looked at: not all that seem to need the text do.
const JOBS_OF_INCLUDER: usize = 20;

/// What a mustache can ask for.
pub(super) struct Seen {
    /// Nearest first, job by job.
    pub(super) visible: Vec<Visible>,
    /// Job by job.
    pub(super) inside: Vec<Inside>,
    /// Keys of the jobs.
    pub(super) jobs: Vec<String>,
    /// The program with the mustache finished.
    pub(super) program: Program,
    /// The file of the mustache.
    pub(super) file: FileId,
    /// The file of the standard library.
    pub(super) library: FileId,
    /// Whether no job of the program holds the text.
    pub(super) misses_jobs: bool,
}

/// Finds out what a mustache can ask for.
pub(super) fn look(asked: Asked<'_>, asking: Asking) -> Seen {
    let (kept, mustache) = finished(asked);
    let host = Finished {
        host: asked.host,
        path: asked.path,
        kept,
    };
    let (program, _, _) = program::load(&host, asked.entry, &asked.given.limits);
    let library = program.modules.first().map_or(FileId(0), |module| module.file);
    let Some(here) = here(&program, asked.path) else {
        return Seen {
            visible: Vec::new(),
            inside: Vec::new(),
            jobs: Vec::new(),
            program,
            file: library,
            library,
            misses_jobs: true,
        };
    };
    let span = Span::new(here.file, mustache.start, mustache.end);
    let mut facts = Facts::new(Wanted::Within(span.file, span.start + 1, span.end - 1));
    facts.asking = Some(asking);
    let mut compiler = Compiler::new(&program, &host, asked.given, false);
    compiler.facts = Some(Box::new(facts));
    compiler.gather_inputs();
    let users = dependents_at(&program, here, span.start);
    let most = match here.module {
        ENTRY_MODULE => SHOWN_JOBS,
        _ => JOBS_OF_INCLUDER,
    };
    Lowering::new(&mut compiler, Spans::Unwanted).jobs_around(here, span.start, most, &users);
    let facts = compiler.facts.take();
    drop(compiler);
    let facts = facts.unwrap_or_else(|| Box::new(Facts::new(Wanted::Everywhere)));
    let in_jobs =
        facts.visible.iter().any(|own| own.job.is_some()) || facts.inside.iter().any(|own| own.job.is_some());
    // What is seen outside of jobs tells nothing where there are jobs.
    let is_told = |job: Option<usize>| job.is_some() || !in_jobs;
    let visible = facts.visible.iter().filter(|own| is_told(own.job));
    let inside = facts.inside.iter().filter(|own| is_told(own.job));
    Seen {
        visible: visible.cloned().collect(),
        inside: inside.cloned().collect(),
        jobs: facts.jobs.iter().map(|(key, _)| key.clone()).collect(),
        program,
        file: here.file,
        library,
        misses_jobs: !in_jobs,
    }
}

/// The files of a host, one of them with a finished mustache.
struct Finished<'h> {
    host: &'h dyn Sources,
    path: &'h str,
    kept: Kept,
}

impl Sources for Finished<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, ReadError> {
        match path == self.path {
            true => Ok(self.kept.text.as_bytes().to_vec()),
            false => self.host.read(path),
        }
    }

    fn env(&self, name: &str) -> Option<String> {
        self.host.env(name)
    }

    fn kept(&self, path: &str) -> Option<Kept> {
        match path == self.path {
            true => Some(self.kept.clone()),
            false => self.host.kept(path),
        }
    }

    fn list(&self, folder: &str) -> Vec<Listed> {
        self.host.list(folder)
    }
}

/// The file with a mustache that can be read, and where that stands.
fn finished(asked: Asked<'_>) -> (Kept, Bytes) {
    let Asked {
        cursor, tree, place, ..
    } = asked;
    let (before, behind) = (
        Bytes::new(0, place.mustache.start).of(cursor.text),
        Bytes::new(place.mustache.end, cursor.text.len() as u32).of(cursor.text),
    );
    let name = match place.path.trim_end_matches(['.', '[']) {
        "" => NAME,
        path => path,
    };
    let whole = format!("{{{{{name}}}}}");
    let token = place.token.of(cursor.text);
    let quote = ["\"\"\"", "\"", "'"]
        .into_iter()
        .find(|quote| token.starts_with(quote));
    let rest = Bytes::new(place.mustache.end, place.token.end).of(cursor.text);
    let closing = match quote {
        Some(quote) if rest.ends_with(quote) => "",
        Some(quote) => quote,
        None => "",
    };
    let text: Arc<str> = match closing {
        "" => format!("{before}{whole}{behind}").into(),
        closing => {
            // The rest of the line was part of the text that nothing closes.
            let line = behind.find('\n').unwrap_or(behind.len());
            let behind = behind.get(line..).unwrap_or("");
            format!("{before}{whole}{closing}{behind}").into()
        }
    };
    let tree = aur_grammar::reparse(cursor.text, tree, &text);
    let start = place.mustache.start;
    (Kept { text, tree }, Bytes::new(start, start + whole.len() as u32))
}
