// Loads the bundle as the editor does, with a stand-in for the editor.

import assert from "node:assert/strict";
import Module from "node:module";
import * as path from "node:path";
import { test } from "node:test";

/** What the stand-in has seen. */
interface Seen {
  commands: string[];
  errors: string[];
  tasks: { program: string; args: string[]; cwd: string }[];
}

/** Whatever is asked of it: a class, a function, and an object with whatever is asked of it. */
function anything(): unknown {
  const base = class {};
  return new Proxy(base, {
    get: (own, name) => (name in own || typeof name === "symbol" ? Reflect.get(own, name) : anything()),
    apply: () => anything(),
  });
}

function editor(settings: Record<string, unknown>, seen: Seen, handlers: Map<string, (...args: unknown[]) => unknown>): unknown {
  const nothing = { dispose: () => undefined };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined, ...nothing };
  const parse = (text: string): unknown => ({
    scheme: "file",
    path: text.replace("file://", ""),
    fsPath: text.replace("file://", ""),
    toString: () => text,
  });
  const known: Record<string, unknown> = {
    Uri: { parse, joinPath: () => ({ fsPath: "/folder" }) },
    EventEmitter: class {
      event = (): unknown => nothing;
    },
    Task: class {
      presentationOptions: unknown;
      constructor(_definition: unknown, _scope: unknown, _name: unknown, _source: unknown, readonly execution: unknown) {}
    },
    ProcessExecution: class {
      constructor(readonly program: string, readonly args: string[], readonly options: { cwd: string }) {}
    },
    TaskScope: { Workspace: 1 },
    TaskRevealKind: { Always: 1 },
    TaskPanelKind: { Dedicated: 1 },
    window: {
      activeTextEditor: undefined,
      createOutputChannel: () => log,
      showErrorMessage: (message: string) => {
        seen.errors.push(message);
        return Promise.resolve(undefined);
      },
      showInformationMessage: (message: string) => {
        seen.errors.push(message);
        return Promise.resolve(undefined);
      },
    },
    workspace: {
      textDocuments: [],
      workspaceFolders: undefined,
      getWorkspaceFolder: () => undefined,
      asRelativePath: () => "a.aur",
      getConfiguration: () => ({ get: (name: string) => settings[name] }),
      registerTextDocumentContentProvider: () => nothing,
      onDidCloseTextDocument: () => nothing,
      onDidChangeConfiguration: () => nothing,
    },
    commands: {
      registerCommand: (name: string, handler: (...args: unknown[]) => unknown) => {
        seen.commands.push(name);
        handlers.set(name, handler);
        return nothing;
      },
    },
    tasks: {
      executeTask: (task: { execution: { program: string; args: string[]; options: { cwd: string } } }) => {
        const { program, args, options } = task.execution;
        seen.tasks.push({ program, args, cwd: options.cwd });
        return Promise.resolve();
      },
    },
  };
  return new Proxy(known, { get: (own, name) => own[String(name)] ?? anything() });
}

interface Extension {
  activate(context: { subscriptions: unknown[] }): Promise<void>;
  deactivate(): Promise<void>;
}

function load(vscode: unknown): Extension {
  const internals = Module as unknown as { _load: (request: string, ...rest: unknown[]) => unknown };
  const original = internals._load;
  internals._load = (request, ...rest) => (request === "vscode" ? vscode : original(request, ...rest));
  try {
    const bundle = path.join(__dirname, "..", "extension.js");
    delete require.cache[bundle];
    return require(bundle) as Extension;
  } finally {
    internals._load = original;
  }
}

test("without a server the user is told what to do, and commands still work", async () => {
  const seen: Seen = { commands: [], errors: [], tasks: [] };
  const handlers = new Map<string, (...args: unknown[]) => unknown>();
  const settings = { "server.path": "/nowhere/aurc", "run.path": process.execPath };
  const extension = load(editor(settings, seen, handlers));
  await extension.activate({ subscriptions: [] });
  assert.deepEqual(seen.commands, ["aur.run", "aur.inspect", "aur.showResolved", "aur.restartServer"]);
  assert.equal(seen.errors.length, 1);
  assert.match(seen.errors[0] ?? "", /^There is no program \/nowhere\/aurc\. Install it .*"aur\.server\.path" where it is\.$/);

  await handlers.get("aur.run")?.("file:///folder/a b.aur", "c/r/e/n; rm x");
  assert.deepEqual(seen.tasks, [
    { program: process.execPath, args: ["run", "/folder/a b.aur", "c/r/e/n; rm x"], cwd: "/folder" },
  ]);

  await handlers.get("aur.inspect")?.("file:///folder/a.aur", "c/r/e/n");
  assert.equal(seen.errors.length, 2);
  await handlers.get("aur.run")?.();
  assert.equal(seen.errors[2], "Open a .aur program first.");
  await handlers.get("aur.showResolved")?.("file:///folder/a.aur", null);
  assert.equal(seen.errors[3], "The language server of aur does not run.");
  await extension.deactivate();
});
