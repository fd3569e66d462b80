"""What newer editors ask about a program: colours, hints, lenses, folds, links, renames."""

import asyncio
import json
import pathlib

from conftest import COMMON, LONGEST, MAIN, applied, edits_by_file, place, position
from lsprotocol import types


def soon(question):
    return asyncio.wait_for(question, LONGEST)


async def test_semantic_tokens_reach_into_references(project):
    project.open("main.aur", MAIN)
    legend = project.answer.capabilities.semantic_tokens_provider.legend
    params = types.SemanticTokensParams(text_document=project.document("main.aur"))
    answer = await soon(project.client.text_document_semantic_tokens_full_async(params))
    lines = MAIN.splitlines()
    row = column = 0
    tokens = []
    for at in range(0, len(answer.data), 5):
        down, right, length, kind, _ = answer.data[at : at + 5]
        row, column = row + down, right if down else column + right
        tokens.append((lines[row][column : column + length], legend.token_types[kind]))
    assert ("Job", "struct") in tokens
    assert "who" in [text for text, _ in tokens], "the name of a reference"
    assert "sh" in [text for text, _ in tokens], "the filter of a reference"


async def test_the_packs_know_every_kind_of_token(project):
    kinds = set(project.answer.capabilities.semantic_tokens_provider.legend.token_types)
    own = kinds - {kind.value for kind in types.SemanticTokenTypes}
    packs = pathlib.Path(__file__).parents[2] / "editors"
    contributes = json.loads((packs / "vscode/package.json").read_text())["contributes"]
    assert {kind["id"] for kind in contributes["semanticTokenTypes"]} == own
    assert own <= set(contributes["semanticTokenScopes"][0]["scopes"])
    syntax = (packs / "neovim/syntax/aur.vim").read_text()
    assert all(f"@lsp.type.{kind}.aur " in syntax for kind in own)


async def test_changed_tokens_alone_are_sent(project):
    project.open("main.aur", MAIN)
    document = project.document("main.aur")
    full = await soon(
        project.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(text_document=document))
    )
    changed = MAIN.replace("count: Integer = 2", "count: Integer = 3 + 4")
    project.change("main.aur", changed)
    delta = await soon(
        project.client.text_document_semantic_tokens_full_delta_async(
            types.SemanticTokensDeltaParams(text_document=document, previous_result_id=full.result_id)
        )
    )
    again = await soon(
        project.client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(text_document=document))
    )
    data = list(full.data)
    for edit in sorted(delta.edits, key=lambda edit: edit.start, reverse=True):
        data[edit.start : edit.start + edit.delete_count] = edit.data or []
    assert data == list(again.data)


async def test_hints_tell_the_size(project):
    project.open("main.aur", MAIN)
    whole = types.Range(
        start=types.Position(line=0, character=0), end=types.Position(line=MAIN.count("\n"), character=0)
    )
    params = types.InlayHintParams(text_document=project.document("main.aur"), range=whole)
    hints = await soon(project.client.text_document_inlay_hint_async(params))
    labels = [hint.label if isinstance(hint.label, str) else "".join(part.value for part in hint.label) for hint in hints]
    assert any("2 GiB" in label for label in labels), labels


async def test_lenses_run_and_inspect_each_job(project):
    project.open("main.aur", MAIN)
    params = types.CodeLensParams(text_document=project.document("main.aur"))
    lenses = await soon(project.client.text_document_code_lens_async(params))
    resolved = [
        lens if lens.command else await soon(project.client.code_lens_resolve_async(lens)) for lens in lenses
    ]
    commands = [(lens.command.command, list(lens.command.arguments)) for lens in resolved]
    job = [project.uri("main.aur"), "local/me/devel/hello"]
    assert ("aur.run", job) in commands
    assert ("aur.inspect", job) in commands


async def test_a_program_is_shown_resolved(project):
    project.open("main.aur", MAIN)
    params = types.ExecuteCommandParams(
        command="aur.resolved", arguments=[project.uri("main.aur"), "local/me/devel/hello"]
    )
    answer = await soon(project.client.workspace_execute_command_async(params))
    assert "echo hello world" in answer
    json.loads(answer)
    params.arguments[1] = None
    assert "echo hello world" in await soon(project.client.workspace_execute_command_async(params))


async def test_items_can_be_folded(project):
    project.open("main.aur", MAIN)
    params = types.FoldingRangeParams(text_document=project.document("main.aur"))
    ranges = await soon(project.client.text_document_folding_range_async(params))
    start = position(MAIN, "hello = reliable").line
    assert start in [fold.start_line for fold in ranges]


async def test_a_selection_grows_to_the_file(project):
    project.open("main.aur", MAIN)
    params = types.SelectionRangeParams(
        text_document=project.document("main.aur"), positions=[position(MAIN, "echo hello")]
    )
    (selection,) = await soon(project.client.text_document_selection_range_async(params))
    sizes = []
    while selection:
        sizes.append((selection.range.start, selection.range.end))
        selection = selection.parent
    assert len(sizes) > 3
    for (start, end), (outer_start, outer_end) in zip(sizes, sizes[1:]):
        assert outer_start <= start and end <= outer_end


async def test_includes_are_links(project):
    if project.client.capabilities.text_document.document_link is None:
        # An editor that says nothing of links never asks for them.
        return
    project.open("main.aur", MAIN)
    params = types.DocumentLinkParams(text_document=project.document("main.aur"))
    (link,) = await soon(project.client.text_document_document_link_async(params))
    if link.target is None:
        link = await soon(project.client.document_link_resolve_async(link))
    assert project.name(link.target) == "lib/common.aur"
    assert "lib/common.aur" in MAIN.splitlines()[link.range.start.line]


async def test_includes_follow_a_file_that_moves(project):
    project.open("main.aur", MAIN)
    rename = types.FileRename(old_uri=project.uri("lib/common.aur"), new_uri=project.uri("lib/shared.aur"))
    edit = await soon(project.client.workspace_will_rename_files_async(types.RenameFilesParams(files=[rename])))
    edits = {project.name(uri): edits for uri, edits in edits_by_file(edit).items()}
    assert list(edits) == ["main.aur"]
    assert applied(MAIN, edits["main.aur"]).startswith('include "lib/shared.aur"\n')


async def test_a_name_is_changed_everywhere(project):
    project.open("main.aur", MAIN)
    project.open("lib/common.aur", COMMON)
    document = project.document("main.aur")
    where = position(MAIN, "reliable", 3)
    prepared = await soon(
        project.client.text_document_prepare_rename_async(
            types.PrepareRenameParams(text_document=document, position=where)
        )
    )
    assert prepared is not None
    edit = await soon(
        project.client.text_document_rename_async(
            types.RenameParams(text_document=document, position=where, new_name="patient")
        )
    )
    texts = {"main.aur": MAIN, "lib/common.aur": COMMON}
    for uri, edits in edits_by_file(edit).items():
        texts[project.name(uri)] = applied(texts[project.name(uri)], edits)
    assert texts == {
        "main.aur": MAIN.replace("reliable", "patient"),
        "lib/common.aur": COMMON.replace("reliable", "patient"),
    }


async def test_a_binding_is_changed_in_its_references(project):
    project.open("main.aur", MAIN)
    edit = await soon(
        project.client.text_document_rename_async(
            types.RenameParams(
                text_document=project.document("main.aur"), position=position(MAIN, "who = "), new_name="whom"
            )
        )
    )
    ((_, edits),) = edits_by_file(edit).items()
    assert applied(MAIN, edits) == MAIN.replace("who |", "whom |").replace("who =", "whom =")


async def test_the_outline_names_the_jobs(project):
    project.open("main.aur", MAIN)
    params = types.DocumentSymbolParams(text_document=project.document("main.aur"))
    symbols = await soon(project.client.text_document_document_symbol_async(params))
    assert [symbol.name for symbol in symbols] == ["hello", "count", "jobs"]


async def test_the_workspace_is_searched_by_name(project):
    params = types.WorkspaceSymbolParams(query="reliab")
    symbols = await soon(project.client.workspace_symbol_async(params))
    assert [(symbol.name, project.name(symbol.location.uri)) for symbol in symbols] == [("reliable", "lib/common.aur")]


async def test_an_input_is_marked_wherever_it_stands(project):
    project.open("main.aur", MAIN)
    params = types.DocumentHighlightParams(
        text_document=project.document("main.aur"), position=position(MAIN, "count: Integer")
    )
    marks = await soon(project.client.text_document_document_highlight_async(params))
    assert [place(mark.range) for mark in marks] == ["9:7-9:12", "17:17-17:22"]
