//! `textDocument/definition` and `textDocument/typeDefinition`

use aur_compiler::editor::{self, Place, Point};
use gen_lsp_types::{
    Definition, DefinitionParams, DefinitionResponse, Location, TypeDefinitionParams, TypeDefinitionResponse,
};

use super::Answer;
use crate::snapshot::{File, Snapshot};

pub(super) fn answer(snapshot: &Snapshot, params: DefinitionParams) -> Answer<Option<DefinitionResponse>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let offset = file.open.lines.offset(at.position);
    // A path leads to its file.
    let links = editor::links(&file.open.document);
    if let Some(link) = links
        .iter()
        .find(|link| (link.start..=link.end).contains(&offset))
    {
        let target = Place {
            path: link.target.as_str().into(),
            start: 0,
            end: 0,
        };
        return Ok(Some(list(&file, &[target]).into()));
    }
    let path = file.name().to_string();
    let point = Point { path: &path, offset };
    // A text of a library means something only in the programs that include it.
    for file in snapshot.programs_of(file) {
        let found = editor::definition(&file.host, file.name(), &snapshot.given(), point);
        if let Some(found) = found {
            return Ok(Some(list(&file, &best(found)).into()));
        }
    }
    Ok(None)
}

/// The places an editor should jump to.
fn best(found: editor::Definition) -> Vec<Place> {
    let mut places = found.names;
    // At its definition a name leads to itself only where nothing else is known.
    if places.len() > 1 || !found.values.is_empty() {
        places.retain(|place| *place != found.at);
    }
    // A field of the standard library says less than where its value is written.
    if !found.values.is_empty() && places.iter().all(|place| &*place.path == editor::PRELUDE_PATH) {
        places.clone_from(&found.values);
    }
    places
}

pub(super) fn of_type(
    snapshot: &Snapshot,
    params: TypeDefinitionParams,
) -> Answer<Option<TypeDefinitionResponse>> {
    let at = params.text_document_position_params;
    let Some(file) = snapshot.file(&at.text_document.uri) else {
        return Ok(None);
    };
    let offset = file.open.lines.offset(at.position);
    let point = Point {
        path: file.name(),
        offset,
    };
    let found = editor::type_definition(&file.host, file.name(), &snapshot.given(), point);
    Ok(Some(list(&file, &found).into()))
}

fn list(file: &File<'_>, places: &[Place]) -> Definition {
    let locations = places.iter().filter_map(|place| file.host.location(place));
    Definition::LocationList(locations.collect::<Vec<Location>>())
}
