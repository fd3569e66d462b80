//! `textDocument/documentSymbol` and `workspace/symbol`

use aur_compiler::editor::{self, Symbol, SymbolKind as Kind};
use gen_lsp_types::{
    BaseSymbolInformation, DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Location,
    SymbolInformation, SymbolKind, SymbolTag, WorkspaceSymbol, WorkspaceSymbolParams,
    WorkspaceSymbolResponse,
};

use super::Answer;
use crate::position::Lines;
use crate::snapshot::{File, Snapshot};

/// So many symbols answer one question.
const MOST: usize = 1_000;

pub(super) fn of_document(
    snapshot: &Snapshot,
    params: DocumentSymbolParams,
) -> Answer<Option<DocumentSymbolResponse>> {
    let Some(file) = snapshot.file(&params.text_document.uri) else {
        return Ok(None);
    };
    let symbols = editor::symbols(&file.open.document);
    if snapshot.client.nested_symbols {
        let nested = symbols.iter().map(|symbol| nested(&file.open.lines, symbol));
        return Ok(Some(DocumentSymbolResponse::DocumentSymbolList(nested.collect())));
    }
    let mut flat = Vec::new();
    each(&symbols, None, &mut |symbol, container| {
        flat.push(SymbolInformation::new(
            None,
            location(&file, symbol),
            base(symbol, container),
        ));
    });
    Ok(Some(DocumentSymbolResponse::SymbolInformationList(flat)))
}

pub(super) fn of_workspace(
    snapshot: &Snapshot,
    params: WorkspaceSymbolParams,
) -> Answer<Option<WorkspaceSymbolResponse>> {
    let mut out = Vec::new();
    for path in snapshot.programs().iter() {
        let Some(file) = snapshot.program(path) else {
            continue;
        };
        each(
            &editor::symbols(&file.open.document),
            None,
            &mut |symbol, container| {
                if out.len() < MOST && matches(&symbol.name, &params.query) {
                    out.push(WorkspaceSymbol {
                        location: location(&file, symbol).into(),
                        data: None,
                        base_symbol_information: base(symbol, container),
                    });
                }
            },
        );
    }
    Ok(Some(WorkspaceSymbolResponse::WorkspaceSymbolList(out)))
}

/// Whether the letters of a query stand in a name in this order, as editors match.
fn matches(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query
        .chars()
        .flat_map(char::to_lowercase)
        .all(|wanted| letters.any(|letter| letter == wanted))
}

fn each(symbols: &[Symbol], container: Option<&str>, visit: &mut dyn FnMut(&Symbol, Option<&str>)) {
    for symbol in symbols {
        visit(symbol, container);
        each(&symbol.children, Some(&symbol.name), visit);
    }
}

fn location(file: &File<'_>, symbol: &Symbol) -> Location {
    Location {
        uri: file.open.uri.clone(),
        range: file.open.lines.range(symbol.name_range.0, symbol.name_range.1),
    }
}

fn base(symbol: &Symbol, container: Option<&str>) -> BaseSymbolInformation {
    BaseSymbolInformation {
        name: symbol.name.clone(),
        kind: kind(symbol.kind),
        tags: tags(symbol),
        container_name: container.map(str::to_string),
    }
}

fn tags(symbol: &Symbol) -> Option<Vec<SymbolTag>> {
    symbol.is_deprecated.then(|| vec![SymbolTag::Deprecated])
}

fn nested(lines: &Lines, symbol: &Symbol) -> DocumentSymbol {
    let children: Vec<DocumentSymbol> = symbol.children.iter().map(|child| nested(lines, child)).collect();
    DocumentSymbol::new(
        symbol.name.clone(),
        symbol.detail.clone(),
        kind(symbol.kind),
        tags(symbol),
        None,
        lines.range(symbol.range.0, symbol.range.1),
        lines.range(symbol.name_range.0, symbol.name_range.1),
        (!children.is_empty()).then_some(children),
    )
}

/// The protocol knows no jobs: the nearest of its kinds, so that icons tell them apart.
fn kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Struct => SymbolKind::Struct,
        Kind::Field => SymbolKind::Field,
        Kind::Enum => SymbolKind::Enum,
        Kind::EnumMember => SymbolKind::EnumMember,
        Kind::Alias => SymbolKind::TypeParameter,
        Kind::Input => SymbolKind::Property,
        Kind::Value => SymbolKind::Constant,
        Kind::Job => SymbolKind::Class,
        Kind::Task => SymbolKind::Object,
        Kind::Process => SymbolKind::Function,
        Kind::Namespace => SymbolKind::Namespace,
        Kind::Test => SymbolKind::Event,
    }
}
