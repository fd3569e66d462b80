// Shows a program with everything filled in, as a document that cannot be changed.

import * as vscode from "vscode";
import { resolvedName, resolvedText, type Target } from "./arguments";

const SCHEME = "aur-resolved";

/** Asks the language server to execute a command. */
export type Ask = (command: string, args: unknown[]) => Promise<unknown>;

/** Answers the documents of programs that were resolved. */
export class Resolved implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly texts = new Map<string, string>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? "";
  }

  /** Asks for the text of a program and shows it beside the editor. */
  async show(target: Target, ask: Ask): Promise<void> {
    const text = resolvedText(await ask("aur.resolved", [target.uri, target.job ?? null]));
    if (text === undefined) {
      void vscode.window.showInformationMessage("The program has errors, or no such job: there is nothing to show.");
      return;
    }
    const path = resolvedName(vscode.Uri.parse(target.uri).path, target.job);
    const uri = vscode.Uri.from({ scheme: SCHEME, path, query: target.uri });
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  }

  /** Forgets the text of a document that was closed. */
  forget(document: vscode.TextDocument): void {
    if (document.uri.scheme === SCHEME) {
      this.texts.delete(document.uri.toString());
    }
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
