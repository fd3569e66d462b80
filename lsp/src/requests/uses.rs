//! Where a name is used, in every program that reads the file of its definition.

use std::collections::BTreeSet;
use std::path::PathBuf;

use aur_compiler::editor::{self, Name, NameKind, Place};
use gen_lsp_types::{Location, Uri};

use super::{Answer, Failure};
use crate::snapshot::{File, Host, Snapshot};

/// So many uses are told; more nobody reads, and an editor would hang on them.
const MOST: usize = 10_000;

/// A place that is the same for every project: file, first byte, end.
pub(super) type Spot = (PathBuf, u32, u32);

/// A use of a name.
pub(super) struct Found {
    pub(super) spot: Spot,
    pub(super) uri: Uri,
    pub(super) location: Location,
    /// The text of the name as written there.
    pub(super) written: String,
    pub(super) is_definition: bool,
}

/// All uses of what stands at a place.
pub(super) struct Uses {
    /// The name that was asked about.
    pub(super) at: Place,
    pub(super) kind: NameKind,
    /// In order of file and place.
    pub(super) found: Vec<Found>,
}

/// Finds what stands at a byte of a file, and all its uses. Where a text means one thing in one job and another
/// in the next, both are the same name: they can only be called differently together.
pub(super) fn uses(snapshot: &Snapshot, file: &File<'_>, offset: u32) -> Answer<Option<Uses>> {
    let Some((first, mut wanted)) = meant(snapshot, file, offset) else {
        return Ok(None);
    };
    let (at, kind) = (first.at, first.kind);
    let programs = programs(snapshot, file, &wanted)?;
    let mut all: Vec<(Spot, Found)> = Vec::new();
    for (file, names) in &programs {
        all.extend(
            names
                .iter()
                .filter_map(|name| Some((spot(&file.host, &name.of), found(file, name)?))),
        );
    }
    // What is written once and means two things ties them together.
    loop {
        let places: BTreeSet<Spot> = all
            .iter()
            .filter(|(of, _)| wanted.contains(of))
            .map(|(_, found)| found.spot.clone())
            .collect();
        let more = all.iter().filter(|(_, found)| places.contains(&found.spot));
        let before = wanted.len();
        wanted.extend(more.map(|(of, _)| of.clone()));
        if wanted.len() == before {
            break;
        }
    }
    let mut found: Vec<Found> = all
        .into_iter()
        .filter(|(of, _)| wanted.contains(of))
        .map(|(_, found)| found)
        .collect();
    found
        .iter_mut()
        .for_each(|found| found.is_definition = wanted.contains(&found.spot));
    found.sort_by(|a, b| a.spot.cmp(&b.spot));
    found.dedup_by(|b, a| a.spot == b.spot);
    found.truncate(MOST);
    Ok(Some(Uses { at, kind, found }))
}

/// The name at a byte of a file, and the definitions it may mean; a text of a library means something only in
/// the programs that include it.
fn meant(snapshot: &Snapshot, file: &File<'_>, offset: u32) -> Option<(Name, BTreeSet<Spot>)> {
    let own = snapshot.view(&file.open)?;
    for program in snapshot.programs_of(own) {
        let names = editor::names(&program.host, program.name(), &snapshot.given());
        let is_here =
            |name: &&Name| &*name.at.path == file.name() && name.at.start <= offset && offset <= name.at.end;
        let length = |name: &&Name| (name.at.end == offset, name.at.end - name.at.start);
        if let Some(first) = names.iter().filter(is_here).min_by_key(length) {
            let here = names.iter().filter(|name| name.at == first.at);
            let wanted = here.map(|name| spot(&program.host, &name.of)).collect();
            return Some((first.clone(), wanted));
        }
    }
    None
}

/// The programs that read one of the files, with their names; that of the question first.
fn programs<'s>(
    snapshot: &'s Snapshot,
    file: &File<'s>,
    wanted: &BTreeSet<Spot>,
) -> Answer<Vec<(File<'s>, Vec<Name>)>> {
    let gone = || Failure::refused("the text has changed");
    let mut out = Vec::new();
    let mut paths = snapshot.programs().to_vec();
    paths.retain(|path| *path != *file.open.path);
    paths.insert(0, file.open.path.to_path_buf());
    for path in paths {
        let Some(other) = snapshot.program(&path) else {
            continue;
        };
        let checked = snapshot.checked(&other).ok_or_else(gone)?;
        let reads = |spot: &Spot| checked.read.iter().any(|name| other.host.path(name) == spot.0);
        let is_own = path == *file.open.path;
        if is_own || wanted.iter().any(reads) {
            let names = editor::names(&other.host, other.name(), &snapshot.given());
            out.push((other, names));
        }
    }
    if snapshot.cancel.is_cancelled() {
        return Err(gone());
    }
    Ok(out)
}

fn spot(host: &Host<'_>, place: &Place) -> Spot {
    (host.path(&place.path), place.start, place.end)
}

fn found(file: &File<'_>, name: &Name) -> Option<Found> {
    if &*name.at.path == editor::PRELUDE_PATH {
        return None;
    }
    let lines = file.host.lines(&name.at.path)?;
    let written = lines
        .text()
        .get(name.at.start as usize..name.at.end as usize)?
        .to_string();
    let location = file.host.location(&name.at)?;
    Some(Found {
        spot: spot(&file.host, &name.at),
        uri: location.uri.clone(),
        location,
        written,
        is_definition: false,
    })
}
