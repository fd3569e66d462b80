"""Diagnostics: pulled where the editor can, pushed where it cannot, and their fixes."""

import asyncio

from conftest import BROKEN, LONGEST, MAIN, applied, edits_by_file, place
from lsprotocol import types


async def pull(project, name, previous=None):
    params = types.DocumentDiagnosticParams(text_document=project.document(name), previous_result_id=previous)
    return await asyncio.wait_for(project.client.text_document_diagnostic_async(params), LONGEST)


async def found(project, name, holds):
    """What an editor shows for a file, by the way that it takes."""
    if not project.pulls:
        return await project.pushed(name, holds)
    report = await pull(project, name)
    assert holds(report.items)
    return report.items


async def test_the_encoding_is_one_that_the_editor_offers(project):
    offered = (project.client.capabilities.general.position_encodings or []) or ["utf-16"]
    assert project.answer.capabilities.position_encoding in offered


async def test_a_fault_is_shown_and_goes_away(project):
    project.open("broken.aur", BROKEN)
    (fault,) = await found(project, "broken.aur", len)
    assert fault.code == "E0203"
    assert place(fault.range) == "4:3-4:14"
    assert fault.message.startswith("`Process` has no field `max_failure`")
    project.change("broken.aur", BROKEN.replace("max_failure ", "max_failures "))
    assert not await found(project, "broken.aur", lambda items: not items)


async def test_who_pulls_is_not_pushed_to(project):
    project.open("broken.aur", BROKEN)
    if project.pulls:
        await pull(project, "broken.aur")
        # A second question, so that a push would have come before its answer.
        await pull(project, "broken.aur")
        assert not any(project.client.diagnostics.values())
    else:
        assert await project.pushed("broken.aur", len)


async def test_what_did_not_change_is_not_sent_again(project):
    project.open("broken.aur", BROKEN)
    first = await pull(project, "broken.aur")
    again = await pull(project, "broken.aur", first.result_id)
    assert again.kind == "unchanged"


async def test_the_whole_workspace_is_judged(project):
    project.write("lib/broken.aur", BROKEN)
    params = types.WorkspaceDiagnosticParams(previous_result_ids=[], identifier="aur")
    report = await asyncio.wait_for(project.client.workspace_diagnostic_async(params), LONGEST)
    faults = {project.name(one.uri): [item.code for item in one.items] for one in report.items if one.items}
    assert faults == {"lib/broken.aur": ["E0203"]}


async def test_a_fix_takes_the_fault_away(project):
    project.open("broken.aur", BROKEN)
    (fault,) = await found(project, "broken.aur", len)
    params = types.CodeActionParams(
        text_document=project.document("broken.aur"),
        range=fault.range,
        context=types.CodeActionContext(diagnostics=[fault], only=["quickfix"]),
    )
    actions = await asyncio.wait_for(project.client.text_document_code_action_async(params), LONGEST)
    assert [action.title for action in actions] == ["write `max_failures`"]
    action = actions[0]
    if action.edit is None:
        action = await asyncio.wait_for(project.client.code_action_resolve_async(action), LONGEST)
    ((uri, edits),) = edits_by_file(action.edit).items()
    assert project.name(uri) == "broken.aur"
    project.change("broken.aur", applied(BROKEN, edits))
    assert not await found(project, "broken.aur", lambda items: not items)


async def test_formatting_is_that_of_the_command(project):
    messy = MAIN.replace('  name = "hello"', 'name="hello"', 1)
    project.open("main.aur", messy)
    params = types.DocumentFormattingParams(
        text_document=project.document("main.aur"),
        options=types.FormattingOptions(tab_size=2, insert_spaces=True),
    )
    edits = await asyncio.wait_for(project.client.text_document_formatting_async(params), LONGEST)
    assert applied(messy, edits) == MAIN
