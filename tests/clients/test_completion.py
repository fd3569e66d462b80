"""What may be written at a place, and how calls are written."""

import asyncio

from conftest import LONGEST, position
from lsprotocol import types


def soon(question):
    return asyncio.wait_for(question, LONGEST)


async def test_a_call_shows_its_parameters(project):
    text = "x = join([\"a\"], )\n"
    project.open("call.aur", text)
    params = types.SignatureHelpParams(
        text_document=project.document("call.aur"), position=position(text, ")", 0)
    )
    answer = await soon(project.client.text_document_signature_help_async(params))
    assert answer.signatures[0].label.startswith("join(")
    assert answer.active_parameter == 1


async def test_completion_offers_a_snippet_of_what_is_required(project):
    text = "r = Resour\n"
    project.open("new.aur", text)
    params = types.CompletionParams(
        text_document=project.document("new.aur"), position=position(text, "\n")
    )
    answer = await soon(project.client.text_document_completion_async(params))
    items = answer if isinstance(answer, list) else answer.items
    assert "Resources" in [item.label for item in items]
