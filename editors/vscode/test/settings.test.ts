import assert from "node:assert/strict";
import { test } from "node:test";
import { placed, server, verb, type Settings } from "../src/settings";

const nowhere = { home: undefined, workspace: undefined };

function settings(values: Record<string, unknown>): Settings {
  return { get: <T>(name: string) => values[name] as T | undefined };
}

test("without settings the server is the one in PATH", () => {
  assert.deepEqual(server(settings({}), nowhere), { program: "aurc", args: ["lsp"] });
  assert.deepEqual(server(settings({ "server.path": "  " }), nowhere), { program: "aurc", args: ["lsp"] });
});

test("settings name the server and further arguments", () => {
  const set = settings({ "server.path": "~/bin/aurc", "server.extraArgs": ["--log", "/var/log/aurc", 7] });
  const started = server(set, { home: "/home/ann", workspace: undefined });
  assert.deepEqual(started, { program: "/home/ann/bin/aurc", args: ["lsp", "--log", "/var/log/aurc"] });
});

test("what is no list is no arguments", () => {
  assert.deepEqual(server(settings({ "server.extraArgs": "--log" }), nowhere).args, ["lsp"]);
});

test("places are put into paths, and only there", () => {
  const places = { home: "/home/ann", workspace: "/home/ann/project" };
  assert.equal(placed("${workspaceFolder}/target/aurc", places), "/home/ann/project/target/aurc");
  assert.equal(placed("${workspaceFolder}/aurc", { home: undefined, workspace: "/a$&b" }), "/a$&b/aurc");
  assert.equal(placed("~", places), "/home/ann");
  assert.equal(placed("~ann/aurc", places), "~ann/aurc");
  assert.equal(placed("/opt/~/aurc", places), "/opt/~/aurc");
  assert.equal(placed("${workspaceFolder}/aurc", nowhere), "${workspaceFolder}/aurc");
});

test("a job is run by aur and inspected by aurc", () => {
  const set = settings({ "server.path": "/opt/aurc", "run.path": "/opt/aur", "run.extraArgs": ["-E", "n=1"] });
  const job = "local/me/devel/hello";
  assert.deepEqual(verb(set, nowhere, "run", "/a b.aur", job), {
    program: "/opt/aur",
    args: ["run", "/a b.aur", job, "-E", "n=1"],
  });
  assert.deepEqual(verb(set, nowhere, "inspect", "/a b.aur", job), {
    program: "/opt/aurc",
    args: ["inspect", "/a b.aur", job],
  });
});

test("without a job the program is asked which one is meant", () => {
  assert.deepEqual(verb(settings({}), nowhere, "run", "/a.aur", undefined).args, ["run", "/a.aur"]);
  assert.deepEqual(verb(settings({}), nowhere, "inspect", "-a.aur", "").args, ["inspect", "./-a.aur"]);
});
