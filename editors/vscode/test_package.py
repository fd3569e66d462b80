"""Opens the packed extension and looks at what is in it: python3 test_package.py PACKAGE."""

import json
import pathlib
import re
import sys
import unittest
import zipfile

HERE = pathlib.Path(__file__).parent
PACKAGE = zipfile.ZipFile(sys.argv.pop())


def text(name):
    return PACKAGE.read("extension/" + name).decode()


class Package(unittest.TestCase):
    def test_it_holds_what_it_needs_and_nothing_else(self):
        self.assertEqual(
            sorted(PACKAGE.namelist()),
            [
                "[Content_Types].xml",
                "extension.vsixmanifest",
                "extension/LICENSE.txt",
                "extension/dist/LICENSES.txt",
                "extension/dist/extension.js",
                "extension/language-configuration.json",
                "extension/package.json",
                "extension/readme.md",
                "extension/syntaxes/aur.tmLanguage.json",
            ],
        )

    def test_every_file_that_is_named_is_there(self):
        manifest = json.loads(text("package.json"))
        contributes = manifest["contributes"]
        named = [manifest["main"]]
        named += [language["configuration"] for language in contributes["languages"]]
        named += [grammar["path"] for grammar in contributes["grammars"]]
        for name in named:
            self.assertIn("extension/" + name.removeprefix("./"), PACKAGE.namelist())

    def test_the_grammar_is_the_one_of_the_repository(self):
        grammar = (HERE / "../textmate/aur.tmLanguage.json").read_text()
        self.assertEqual(text("syntaxes/aur.tmLanguage.json"), grammar)
        contributed = json.loads(text("package.json"))["contributes"]["grammars"][0]
        self.assertEqual(json.loads(grammar)["scopeName"], contributed["scopeName"])

    def test_tokens_get_scopes_of_the_grammar(self):
        grammar = text("syntaxes/aur.tmLanguage.json")
        for scopes in json.loads(text("package.json"))["contributes"]["semanticTokenScopes"][0]["scopes"].values():
            for scope in scopes:
                self.assertIn(f'"{scope}"', grammar)

    def test_commands_are_those_of_the_program(self):
        contributes = json.loads(text("package.json"))["contributes"]
        declared = {command["command"] for command in contributes["commands"]}
        registered = set(re.findall(r'registerCommand\("(aur\.\w+)"', (HERE / "src/extension.ts").read_text()))
        self.assertEqual(declared, registered)
        for entries in contributes["menus"].values():
            self.assertLessEqual({entry["command"] for entry in entries}, declared)

    def test_settings_that_start_programs_need_trust(self):
        manifest = json.loads(text("package.json"))
        settings = set(manifest["contributes"]["configuration"]["properties"])
        starting = {name for name in settings if name.endswith((".path", ".extraArgs"))}
        restricted = manifest["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"]
        self.assertEqual(starting, set(restricted))

    def test_libraries_come_with_their_licences(self):
        licences = text("dist/LICENSES.txt")
        for library in ["vscode-languageclient", "vscode-jsonrpc", "minimatch", "semver"]:
            self.assertRegex(licences, rf"(?m)^{library} \d")

    def test_nothing_of_the_machine_is_in_it(self):
        folder = str(HERE.resolve().parents[1]).encode()
        for name in PACKAGE.namelist():
            self.assertNotIn(folder, PACKAGE.read(name), name)


if __name__ == "__main__":
    unittest.main()
