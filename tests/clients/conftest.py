"""A client with the profile of an editor, connected to the built `aurc lsp` (variable AURC), and a project."""

import asyncio
import os

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

LONGEST = 60

MAIN = """\
include "lib/common.aur"

/// Says hello to somebody.
hello = reliable {
  name = "hello"
  cmdline = "echo hello {{who | sh}}"
}

input count: Integer = 2

jobs = [
  Job {
    cluster = "local"
    role = "me"
    environment = "devel"
    name = "hello"
    instances = count
    task = Task {
      processes = [hello]
      resources = Resources { cpu = 1, ram = 2048MB, disk = 64MB }
    }
  }.bind(who = "world"),
]
"""

COMMON = """\
/// A process that is tried again.
reliable = Process {
  max_failures = 5
  min_duration = 1s
}
"""

BROKEN = """\
hello = Process {
  name = "hello"
  cmdline = "true"
  max_failure = 2
}
"""


class Project:
    """Files on disk and what the client has open of them."""

    def __init__(self, folder, client):
        self.folder = folder
        self.client = client
        self.versions = {}
        self.registered = []
        self.answer = None

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def uri(self, name):
        return (self.folder / name).as_uri()

    def name(self, uri):
        return uri.removeprefix(self.folder.as_uri() + "/")

    def document(self, name):
        return types.TextDocumentIdentifier(uri=self.uri(name))

    def open(self, name, text=None):
        if text is None:
            text = (self.folder / name).read_text()
        self.versions[name] = 1
        item = types.TextDocumentItem(uri=self.uri(name), language_id="aur", version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def change(self, name, text):
        self.versions[name] += 1
        document = types.VersionedTextDocumentIdentifier(uri=self.uri(name), version=self.versions[name])
        whole = types.TextDocumentContentChangeWholeDocument(text=text)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=document, content_changes=[whole])
        )

    async def pushed(self, name, holds):
        """Waits until the diagnostics that were pushed for a file are as they should be."""

        def found():
            return self.client.diagnostics.get(self.uri(name))

        async def wait():
            while found() is None or not holds(found()):
                await self.client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)

        await asyncio.wait_for(wait(), LONGEST)
        return found()


def position(text, what, offset=0):
    """Where a text stands, all of the texts being ASCII."""
    before = text[: text.index(what) + offset]
    return types.Position(line=before.count("\n"), character=len(before) - (before.rfind("\n") + 1))


def place(where):
    return f"{where.start.line + 1}:{where.start.character + 1}-{where.end.line + 1}:{where.end.character + 1}"


def applied(text, edits):
    """The text behind edits, which may not overlap."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(where):
        return min(starts[min(where.line, len(lines))] + where.character, len(text))

    for edit in sorted(edits, key=lambda edit: offset(edit.range.start), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
    return text


def edits_by_file(edit):
    """The text edits of a workspace edit, in either form, by address."""
    if edit.document_changes:
        return {change.text_document.uri: change.edits for change in edit.document_changes}
    return edit.changes or {}


def profile(name):
    """The capabilities of an editor. The profile of VS Code is old; what it has learned since is added."""
    if name != "vscode":
        return client_capabilities(name)
    capabilities = client_capabilities("visual_studio_code")
    document, workspace = capabilities.text_document, capabilities.workspace
    document.diagnostic = types.DiagnosticClientCapabilities(
        dynamic_registration=True, related_document_support=True
    )
    document.inlay_hint = types.InlayHintClientCapabilities(dynamic_registration=True)
    workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    workspace.inlay_hint = types.InlayHintWorkspaceClientCapabilities(refresh_support=True)
    return capabilities


@pytest_lsp.fixture(
    params=["neovim", "vscode", "emacs"],
    config=ClientServerConfig(server_command=[os.environ["AURC"], "lsp"]),
)
async def client(own: LanguageClient, request, tmp_path):
    folder = tmp_path.resolve()
    project = Project(folder, own)
    own.project = project
    project.write("aur.toml", "")
    project.write("lib/common.aur", COMMON)
    project.write("main.aur", MAIN)

    # The client has no answer of its own to these.
    @own.feature(types.CLIENT_REGISTER_CAPABILITY)
    def registered(params):
        project.registered += [one.method for one in params.registrations]

    for method in [
        types.WORKSPACE_CODE_LENS_REFRESH,
        types.WORKSPACE_INLAY_HINT_REFRESH,
        types.WORKSPACE_SEMANTIC_TOKENS_REFRESH,
    ]:
        own.feature(method)(lambda *_: None)

    root = types.WorkspaceFolder(uri=folder.as_uri(), name="project")
    capabilities = profile(request.param)
    project.pulls = capabilities.text_document.diagnostic is not None
    project.answer = await own.initialize_session(
        types.InitializeParams(capabilities=capabilities, root_uri=folder.as_uri(), workspace_folders=[root])
    )
    yield
    await own.shutdown_session()
    assert own._server.returncode == 0


@pytest.fixture
def project(client):
    return client.project
