// Finds programs the way a shell does, and says what to do where there is none.

import * as path from "node:path";

/** What is asked of the system. */
export interface System {
  /** The variable `PATH`. */
  path: string | undefined;
  /** Whether programs end in `.exe`. */
  isWindows: boolean;
  /** Whether a file is there and can be run. */
  isProgram(file: string): boolean;
}

/** Returns the full path of a program; what holds a slash is taken as it is. */
export function find(program: string, system: System): string | undefined {
  const rules = system.isWindows ? path.win32 : path.posix;
  const endings = system.isWindows && rules.extname(program) === "" ? [".exe"] : [""];
  const isPath = program.includes("/") || (system.isWindows && program.includes("\\"));
  const folders = isPath ? [""] : (system.path ?? "").split(rules.delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    for (const ending of endings) {
      const file = folder === "" ? program + ending : rules.join(folder, program + ending);
      if (system.isProgram(file)) {
        return file;
      }
    }
  }
  return undefined;
}

/** Says that a program is not there, and what helps; `setting` names its place. */
export function missing(program: string, setting: string): string {
  const isPath = program.includes("/") || program.includes("\\");
  const where = isPath ? `There is no program ${program}.` : `The program ${program} is not in PATH.`;
  return (
    `${where} Install it from a checkout of aur with "cargo install --path ` +
    `${setting === "aur.run.path" ? "runtime/cli" : "compiler/cli"}", or say in the setting "${setting}" where it is.`
  );
}
