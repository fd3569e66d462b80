//! A program as it was read: its files, and what each name of a file stands for.
//!
//! A flat include puts the names of a file at its place, transitively; of several definitions of one
//! name the last in that order wins. A file sees itself, its includes and the prelude, never its
//! includer, and is read once however often it is included.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aur_diagnostics::{Diagnostic, FileId, SourceFile, SourceMap, Span, codes, nearest};
use aur_grammar::tree::{self, Item, ItemKind, TextPart, Tree};
use aur_grammar::{PRELUDE, parse};
use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::limits::{Limit, Limits};
use crate::value::Base;
use crate::{Kept, ReadError, Sources};

/// Where the prelude stands among the modules.
pub(crate) const PRELUDE_MODULE: u32 = 0;

pub(crate) struct Program {
    pub(crate) sources: SourceMap,
    /// The prelude, then files in the order of reading; the entry file is the second.
    pub(crate) modules: Vec<Module>,
    /// Path and text of each file read, in order of reading.
    pub(crate) read: Vec<(String, FileId)>,
}

pub(crate) struct Module {
    pub(crate) file: FileId,
    pub(crate) path: String,
    pub(crate) tree: Tree,
    /// What each name stands for in this file.
    pub(crate) names: IndexMap<SmolStr, Def>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Def {
    Item { module: u32, item: u32 },
    Module(u32),
}

impl Program {
    pub(crate) fn item(&self, module: u32, item: u32) -> Option<(&Item, Base)> {
        let module = self.modules.get(module as usize)?;
        let item = module.tree.items.get(item as usize)?;
        Some((
            item,
            Base {
                file: module.file,
                offset: item.offset,
            },
        ))
    }

    /// Finds a name as `module` sees it.
    pub(crate) fn lookup(&self, module: u32, name: &str) -> Option<Def> {
        let find = |module: u32| self.modules.get(module as usize)?.names.get(name).copied();
        find(module).or_else(|| find(PRELUDE_MODULE))
    }

    /// Whether a name is a struct as `module` sees it.
    pub(crate) fn is_struct(&self, module: u32, name: &str) -> bool {
        let Some(Def::Item { module, item }) = self.lookup(module, name) else {
            return false;
        };
        self.item(module, item)
            .is_some_and(|(item, _)| matches!(item.node.kind, ItemKind::Struct(_)))
    }

    /// All names that `module` sees.
    pub(crate) fn visible(&self, module: u32) -> impl Iterator<Item = &str> {
        [module, PRELUDE_MODULE]
            .into_iter()
            .filter_map(|module| self.modules.get(module as usize))
            .flat_map(|module| module.names.keys().map(SmolStr::as_str))
    }

    /// Where the name of a definition is written.
    pub(crate) fn name_span(&self, def: Def) -> Option<Span> {
        match def {
            Def::Item { module, item } => {
                let (item, base) = self.item(module, item)?;
                item_name(&item.node.kind).map(|ident| base.span(ident.range))
            }
            Def::Module(module) => {
                let file = self.modules.get(module as usize)?.file;
                Some(Span::new(file, 0, 0))
            }
        }
    }
}

/// The name an item defines.
pub(crate) fn item_name(kind: &ItemKind) -> Option<&tree::Ident> {
    match kind {
        ItemKind::Struct(item) => Some(&item.name),
        ItemKind::Enum { name, .. }
        | ItemKind::Alias { name, .. }
        | ItemKind::Input { name, .. }
        | ItemKind::Assign { name, .. } => Some(name),
        ItemKind::Include { .. } | ItemKind::Check(_) | ItemKind::Test(_) | ItemKind::Broken => None,
    }
}

/// Reads the entry file and everything it includes. Without an entry file there are diagnostics only
/// and the program holds the prelude.
pub(crate) fn load(
    host: &dyn Sources,
    entry: &str,
    limits: &Limits,
) -> (Program, Vec<Diagnostic>, Result<(), ReadError>) {
    let program = Program {
        sources: SourceMap::default(),
        modules: Vec::new(),
        read: Vec::new(),
    };
    let mut loader = Loader {
        host,
        limits,
        program,
        by_path: HashMap::new(),
        open: Vec::new(),
        bytes: 0,
        spliced: 0,
        is_full: false,
        diagnostics: Vec::new(),
    };
    // The entry file is the first of the source map, so that its diagnostics come first.
    let read = Read::new(host, entry);
    let text = read.as_ref().map_or_else(|_| "".into(), |read| read.text.clone());
    let entry_file = loader.program.sources.add(SourceFile::new(entry, text));
    loader.prelude();
    let result = read.map(|read| {
        loader.bytes += read.text.len();
        loader.module(entry, entry_file, read);
    });
    (loader.program, loader.diagnostics, result)
}

struct Loader<'h> {
    host: &'h dyn Sources,
    limits: &'h Limits,
    program: Program,
    /// Paths of modules that are read or being read.
    by_path: HashMap<String, u32>,
    /// Modules being read, outermost first, with the place of the include that led on.
    open: Vec<(u32, Option<Span>)>,
    bytes: usize,
    /// Names that plain includes gave, each as often as it was given.
    spliced: usize,
    /// Whether a limit was reached: nothing more is read then, and that is said once.
    is_full: bool,
    diagnostics: Vec<Diagnostic>,
}

impl Loader<'_> {
    fn prelude(&mut self) {
        let file = self.program.sources.add(SourceFile::new("<prelude>", PRELUDE));
        self.program.modules.push(Module {
            file,
            path: String::new(),
            tree: prelude_tree(),
            names: IndexMap::new(),
        });
        let names = self.names(PRELUDE_MODULE);
        if let Some(module) = self.program.modules.first_mut() {
            module.names = names;
        }
    }

    /// Reads one file and, through it, its includes.
    fn module(&mut self, path: &str, file: FileId, read: Read) -> u32 {
        if let Some(at) = read.broken_at {
            let span = Span::new(file, at, at);
            self.diagnostics.push(
                Diagnostic::new(&codes::not_text, span, format!("`{path}` is not UTF-8 text"))
                    .label(format!("byte {at} starts no character"))
                    .help("save the file as UTF-8; a compiled program or archive cannot be an `.aur` file"),
            );
        }
        let tree = match (read.tree, read.broken_at) {
            (Some(tree), _) => tree,
            (None, None) => parse(&read.text),
            (None, Some(_)) => Tree { items: Vec::new() },
        };
        self.diagnostics.extend(tree.diagnostics(file));
        let id = self.program.modules.len() as u32;
        self.program.modules.push(Module {
            file,
            path: path.to_string(),
            tree,
            names: IndexMap::new(),
        });
        self.by_path.insert(path.to_string(), id);
        self.program.read.push((path.to_string(), file));
        self.open.push((id, None));
        let names = self.names(id);
        self.open.pop();
        if let Some(module) = self.program.modules.get_mut(id as usize) {
            module.names = names;
        }
        id
    }

    /// Makes the table of names of a module, in splice order.
    fn names(&mut self, id: u32) -> IndexMap<SmolStr, Def> {
        let mut names: IndexMap<SmolStr, Def> = IndexMap::new();
        let items: Vec<(u32, Item)> = self
            .program
            .modules
            .get(id as usize)
            .map(|module| (0..).zip(module.tree.items.iter().cloned()).collect())
            .unwrap_or_default();
        let Some(file) = self.program.modules.get(id as usize).map(|module| module.file) else {
            return names;
        };
        for (index, item) in items {
            let base = Base {
                file,
                offset: item.offset,
            };
            match &item.node.kind {
                ItemKind::Include { path, alias } => {
                    if self.is_full {
                        continue;
                    }
                    let Some(included) = self.include(id, path, base) else {
                        continue;
                    };
                    match alias {
                        Some(alias) => {
                            self.define(
                                &mut names,
                                id,
                                alias.name.clone(),
                                Def::Module(included),
                                base.span(alias.range),
                            );
                        }
                        None => self.splice(&mut names, id, included, base.span(path.range)),
                    }
                }
                kind => {
                    if let Some(name) = item_name(kind).filter(|name| !name.name.is_empty()) {
                        let def = Def::Item {
                            module: id,
                            item: index,
                        };
                        self.define(&mut names, id, name.name.clone(), def, base.span(name.range));
                    }
                }
            }
        }
        names
    }

    fn define(
        &mut self,
        names: &mut IndexMap<SmolStr, Def>,
        module: u32,
        name: SmolStr,
        def: Def,
        span: Span,
    ) {
        if module != PRELUDE_MODULE
            && let Some(taken) = self.program.lookup(PRELUDE_MODULE, &name)
        {
            let mut error = Diagnostic::new(
                &codes::reserved_name,
                span,
                format!("`{name}` belongs to the standard library"),
            )
            .label("cannot be defined again")
            .help(format!(
                "choose another name, such as `my_{}`",
                name.to_lowercase()
            ));
            if let Some(place) = self.program.name_span(taken) {
                error = error.also(place, "defined here");
            }
            self.diagnostics.push(error);
            return;
        }
        if let Some(earlier) = names.get(&name).copied() {
            let place = self.program.name_span(earlier);
            let is_own = matches!(earlier, Def::Item { module: owner, .. } if owner == module);
            let (code, message) = if is_own {
                (
                    &codes::duplicate_name,
                    format!("`{name}` is defined twice in this file"),
                )
            } else {
                (
                    &codes::shadowed,
                    format!("`{name}` replaces a definition that was included"),
                )
            };
            let mut error = Diagnostic::new(code, span, message).label("defined again here");
            if let Some(place) = place {
                error = error.also(place, "first defined here");
            }
            self.diagnostics.push(error.help(if is_own {
                "a name has one value; rename one of them, or copy with changes: `name { field = .. }`"
            } else {
                "the last definition counts; rename one of them, or include the file `as` a name"
            }));
            if is_own {
                return;
            }
        }
        names.insert(name, def);
    }

    /// Puts the names of an included file into the table of the includer.
    fn splice(&mut self, names: &mut IndexMap<SmolStr, Def>, module: u32, included: u32, span: Span) {
        let Some(theirs) = self
            .program
            .modules
            .get(included as usize)
            .map(|module| module.names.clone())
        else {
            return;
        };
        self.spliced = self.spliced.saturating_add(theirs.len());
        let most = self.limits.of(Limit::Steps);
        if self.spliced > most {
            let message = format!("the includes of a program give at most {most} names");
            let reached = self.limits.reached(Limit::Steps, span, message);
            self.diagnostics
                .push(reached.help("files that include each other's includes give names again and again"));
            self.is_full = true;
            return;
        }
        for (name, def) in theirs {
            let earlier = names.get(&name).copied();
            if let Some(earlier) = earlier.filter(|earlier| *earlier != def && module != PRELUDE_MODULE) {
                let mut warning = Diagnostic::new(
                    &codes::shadowed,
                    span,
                    format!("this include gives `{name}` again, and its value counts"),
                )
                .label("the later definition comes from here");
                for (place, text) in [(earlier, "earlier definition"), (def, "later definition")] {
                    if let Some(place) = self.program.name_span(place) {
                        warning = warning.also(place, text);
                    }
                }
                self.diagnostics
                    .push(warning.help("rename one of them, or include the file `as` a name"));
            }
            names.insert(name, def);
        }
    }

    /// Finds or reads an included file.
    fn include(&mut self, from: u32, path: &tree::Text, base: Base) -> Option<u32> {
        let span = base.span(path.range);
        let written = match path.parts.as_slice() {
            [TextPart::Literal { text, .. }] => text.to_string(),
            _ => {
                self.diagnostics.push(
                    Diagnostic::new(
                        &codes::include_not_found,
                        span,
                        "the path of an include is a plain text",
                    )
                    .help("write the path without mustaches: `include \"lib/common.aur\"`"),
                );
                return None;
            }
        };
        let importer = self
            .program
            .modules
            .get(from as usize)
            .map(|module| module.path.clone())?;
        let full = match join(&importer, &written) {
            Some(full) => full,
            None => {
                self.diagnostics.push(outside(span, &written));
                return None;
            }
        };
        if let Some(id) = self.by_path.get(&full).copied() {
            return if self.is_open(id) {
                self.report_cycle(id, span);
                None
            } else {
                Some(id)
            };
        }
        self.read(&full, span)
    }

    fn is_open(&self, id: u32) -> bool {
        self.open.iter().any(|(open, _)| *open == id)
    }

    fn read(&mut self, full: &str, span: Span) -> Option<u32> {
        if self.is_full {
            return None;
        }
        let (deepest, files) = (self.limits.of(Limit::IncludeDepth), self.limits.of(Limit::Files));
        let reached = if self.open.len() > deepest {
            let message = format!("includes are nested more than {deepest} deep");
            Some(self.limits.reached(Limit::IncludeDepth, span, message))
        } else if self.program.modules.len() > files {
            let message = format!("a program has at most {files} files");
            Some(self.limits.reached(Limit::Files, span, message))
        } else {
            None
        };
        if let Some(reached) = reached {
            self.is_full = true;
            self.diagnostics.push(reached.help("join some of the files"));
            return None;
        }
        let read = match Read::new(self.host, full) {
            Ok(read) => read,
            Err(error) => {
                self.diagnostics.push(read_fault(full, span, &error));
                return None;
            }
        };
        self.bytes += read.text.len();
        let most = self.limits.of(Limit::SourceBytes);
        if self.bytes > most {
            let message = format!("the files of a program have at most {most} bytes together");
            let reached = self.limits.reached(Limit::SourceBytes, span, message);
            self.is_full = true;
            self.diagnostics.push(reached);
            return None;
        }
        let file = self.program.sources.add(SourceFile::new(full, read.text.clone()));
        if let Some(last) = self.open.last_mut() {
            last.1 = Some(span);
        }
        Some(self.module(full, file, read))
    }

    fn report_cycle(&mut self, target: u32, span: Span) {
        let start = self.open.iter().position(|(id, _)| *id == target).unwrap_or(0);
        let path_of = |id: u32| {
            self.program
                .modules
                .get(id as usize)
                .map_or("", |module| module.path.as_str())
        };
        // Each hop with its line: a snippet of each file would make the message long.
        let hop =
            |id: u32, place: Option<Span>| match place.and_then(|place| self.program.sources.locate(place)) {
                Some((_, at, _)) => format!("{}:{}", path_of(id), at.line),
                None => path_of(id).to_string(),
            };
        let open = self.open.iter().skip(start);
        let last = self.open.len().saturating_sub(start + 1);
        let mut hops: Vec<String> = open
            .enumerate()
            .map(|(index, (id, place))| hop(*id, if index == last { Some(span) } else { *place }))
            .collect();
        hops.push(path_of(target).to_string());
        let error = Diagnostic::new(
            &codes::include_cycle,
            span,
            format!("files include each other: {}", hops.join(" -> ")),
        )
        .label("this include closes the circle")
        .help("move what both need into a third file");
        self.diagnostics.push(error);
    }
}

/// Says why an included or read file has no content.
pub(crate) fn read_fault(path: &str, span: Span, error: &ReadError) -> Diagnostic {
    match error {
        ReadError::NotFound { nearest } => Diagnostic::new(
            &codes::include_not_found,
            span,
            format!("there is no file `{path}`"),
        )
        .label("not found")
        .help_if(nearest.as_ref().map(|near| format!("did you mean `{near}`?")))
        .note("paths count from the folder of the file they stand in"),
        ReadError::OutsideRoot => outside(span, path),
        ReadError::NotAFile | ReadError::TooLarge { .. } | ReadError::System(_) => Diagnostic::new(
            &codes::unreadable,
            span,
            format!("`{path}` cannot be read: {error}"),
        ),
    }
}

fn outside(span: Span, path: &str) -> Diagnostic {
    Diagnostic::new(&codes::outside_root, span, format!("`{path}` leaves the project"))
        .label("outside of the project root")
        .note("a program reads only files of its own project, so that it means the same on every machine")
        .help("move the file into the project, or put an `aur.toml` into the folder that both share")
}

/// Joins a written path to the folder of the file it stands in; `None` leaves the root.
pub(crate) fn join(importer: &str, written: &str) -> Option<String> {
    if written.starts_with('/') || written.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The tree of the prelude, made at the first question.
pub(crate) fn prelude_tree() -> Tree {
    static TREE: OnceLock<Tree> = OnceLock::new();
    TREE.get_or_init(|| parse(PRELUDE)).clone()
}

/// The content of a file: the longest prefix that is text, and where it breaks off.
struct Read {
    text: Arc<str>,
    tree: Option<Tree>,
    broken_at: Option<u32>,
}

impl Read {
    fn new(host: &dyn Sources, path: &str) -> Result<Self, ReadError> {
        if let Some(Kept { text, tree }) = host.kept(path) {
            return Ok(Self {
                text,
                tree: Some(tree),
                broken_at: None,
            });
        }
        let mut bytes = host.read(path)?;
        let valid = match std::str::from_utf8(&bytes) {
            Ok(_) => None,
            Err(error) => Some(error.valid_up_to()),
        };
        bytes.truncate(valid.unwrap_or(bytes.len()));
        Ok(Self {
            text: String::from_utf8(bytes).unwrap_or_default().into(),
            tree: None,
            broken_at: valid.map(|at| at as u32),
        })
    }
}

/// Suggests a visible name near to an unknown one.
pub(crate) fn near_name<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}
