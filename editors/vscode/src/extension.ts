// Starts the language server and offers the commands.

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { ExecuteCommandRequest, LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";
import { target } from "./arguments";
import { find, missing, type System } from "./programs";
import { Resolved } from "./resolved";
import { server, verb, type Invocation, type Places, type Verb } from "./settings";

let client: LanguageClient | undefined;
let output: vscode.LogOutputChannel;
/** Starts and stops one after the other, however fast they are asked for. */
let turn: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  output = vscode.window.createOutputChannel("aur", { log: true });
  const resolved = new Resolved();
  context.subscriptions.push(
    output,
    resolved,
    vscode.workspace.onDidCloseTextDocument((document) => resolved.forget(document)),
    vscode.commands.registerCommand("aur.run", (...args: unknown[]) => inTerminal("run", args)),
    vscode.commands.registerCommand("aur.inspect", (...args: unknown[]) => inTerminal("inspect", args)),
    vscode.commands.registerCommand("aur.showResolved", (...args: unknown[]) => showResolved(resolved, args)),
    vscode.commands.registerCommand("aur.restartServer", () => inTurn(restart)),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("aur.server")) {
        void inTurn(restart);
      }
    }),
  );
  await inTurn(start);
}

export async function deactivate(): Promise<void> {
  await inTurn(stop);
}

function inTurn(action: () => Promise<void>): Promise<void> {
  turn = turn.then(action, action);
  return turn;
}

async function restart(): Promise<void> {
  await stop();
  await start();
}

async function stop(): Promise<void> {
  const old = client;
  client = undefined;
  // A server that has died already cannot say goodbye.
  await old?.dispose().catch((error: unknown) => output.warn(String(error)));
}

async function start(): Promise<void> {
  const wanted = server(settings(), places());
  const program = find(wanted.program, system());
  if (program === undefined) {
    await offerSettings(missing(wanted.program, "aur.server.path"), "aur.server.path");
    return;
  }
  output.info(`starting ${[program, ...wanted.args].join(" ")}`);
  const options: ServerOptions = { command: program, args: wanted.args };
  const of: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "aur" },
      { scheme: "untitled", language: "aur" },
    ],
    outputChannel: output,
    traceOutputChannel: output,
    diagnosticCollectionName: "aur",
  };
  const next = new LanguageClient("aur", "aur", options, of);
  try {
    await next.start();
    client = next;
  } catch (error) {
    output.error(String(error));
    await next.dispose().catch(() => undefined);
    const message = `The language server ${program} could not be started. What it said is in the output "aur".`;
    await offerSettings(message, "aur.server.path");
  }
}

async function inTerminal(what: Verb, args: unknown[]): Promise<void> {
  const meant = target(args, openProgram());
  if (meant === undefined) {
    void vscode.window.showInformationMessage("Open a .aur program first.");
    return;
  }
  const uri = vscode.Uri.parse(meant.uri);
  // The program reads the file, not the editor.
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
  if (document?.isUntitled === true || (document?.isDirty === true && !(await document.save()))) {
    void vscode.window.showInformationMessage("Save the program first.");
    return;
  }
  const { program, args: words } = verb(settings(uri), places(uri), what, uri.fsPath, meant.job);
  const found = find(program, system());
  if (found === undefined) {
    const setting = what === "run" ? "aur.run.path" : "aur.server.path";
    await offerSettings(missing(program, setting), setting);
    return;
  }
  await vscode.tasks.executeTask(task(what, uri, meant.job, { program: found, args: words }));
}

/** A task starts a program without a shell, so that no name of a file or job can be read as a command. */
function task(what: Verb, uri: vscode.Uri, job: string | undefined, invocation: Invocation): vscode.Task {
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const definition = { type: "aur", command: what, file: uri.fsPath, ...(job === undefined ? {} : { job }) };
  const cwd = folder?.uri.fsPath ?? vscode.Uri.joinPath(uri, "..").fsPath;
  const made = new vscode.Task(
    definition,
    folder ?? vscode.TaskScope.Workspace,
    `${what} ${job ?? vscode.workspace.asRelativePath(uri)}`,
    "aur",
    new vscode.ProcessExecution(invocation.program, invocation.args, { cwd }),
    [],
  );
  made.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, panel: vscode.TaskPanelKind.Dedicated };
  return made;
}

async function showResolved(resolved: Resolved, args: unknown[]): Promise<void> {
  const meant = target(args, openProgram());
  const asked = client;
  if (meant === undefined || asked === undefined) {
    const message = meant === undefined ? "Open a .aur program first." : "The language server of aur does not run.";
    void vscode.window.showInformationMessage(message);
    return;
  }
  const ask = (command: string, words: unknown[]): Promise<unknown> =>
    asked.sendRequest(ExecuteCommandRequest.type, { command, arguments: words });
  try {
    await resolved.show(meant, ask);
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}

async function offerSettings(message: string, setting: string): Promise<void> {
  output.error(message);
  // The answer may never come; nothing waits for it.
  void vscode.window.showErrorMessage(message, "Open Settings").then((chosen) => {
    if (chosen !== undefined) {
      void vscode.commands.executeCommand("workbench.action.openSettings", setting);
    }
  });
}

function openProgram(): string | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document?.languageId === "aur" ? document.uri.toString() : undefined;
}

function settings(uri?: vscode.Uri): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("aur", uri);
}

function places(uri?: vscode.Uri): Places {
  const folder = uri === undefined ? undefined : vscode.workspace.getWorkspaceFolder(uri);
  const workspace = folder ?? vscode.workspace.workspaceFolders?.[0];
  return { home: homedir(), workspace: workspace?.uri.fsPath };
}

function system(): System {
  return { path: process.env["PATH"], isWindows: process.platform === "win32", isProgram };
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
