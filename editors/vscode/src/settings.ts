// Reads the settings. Knows nothing of the editor, so that tests can ask it.

/** What the user has set, under `aur.` without that beginning. */
export interface Settings {
  get<T>(name: string): T | undefined;
}

/** What stands for what in a path that the user has written. */
export interface Places {
  /** The home folder, if there is one. */
  home: string | undefined;
  /** The first folder of the workspace, if there is one. */
  workspace: string | undefined;
}

/** A program and its arguments. */
export interface Invocation {
  program: string;
  args: string[];
}

/** Reads a text that is not empty; blanks around it do not count. */
function text(settings: Settings, name: string, otherwise: string): string {
  const value = settings.get<unknown>(name);
  return typeof value === "string" && value.trim() !== "" ? value.trim() : otherwise;
}

/** Reads a list of texts; what is none is left out. */
function texts(settings: Settings, name: string): string[] {
  const value = settings.get<unknown>(name);
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

/** Puts the home folder and the folder of the workspace into a path. */
export function placed(path: string, places: Places): string {
  let full = path;
  const { workspace } = places;
  if (workspace !== undefined) {
    // A function, because a text could hold `$&`, which means something here.
    full = full.replaceAll("${workspaceFolder}", () => workspace);
  }
  if (places.home !== undefined && (full === "~" || full.startsWith("~/") || full.startsWith("~\\"))) {
    full = places.home + full.slice(1);
  }
  return full;
}

/** How the language server is started. */
export function server(settings: Settings, places: Places): Invocation {
  const program = placed(text(settings, "server.path", "aurc"), places);
  return { program, args: ["lsp", ...texts(settings, "server.extraArgs")] };
}

/** What can be done with a job in a terminal. */
export type Verb = "run" | "inspect";

/** How a job is run or inspected; `job` is not given where the program says by itself which one is meant. */
export function verb(
  settings: Settings,
  places: Places,
  verb: Verb,
  file: string,
  job: string | undefined,
): Invocation {
  // A name that begins with a dash would be taken for a flag.
  const shown = file.startsWith("-") ? `./${file}` : file;
  const named = job === undefined || job === "" ? [shown] : [shown, job];
  switch (verb) {
    case "run": {
      const program = placed(text(settings, "run.path", "aur"), places);
      return { program, args: ["run", ...named, ...texts(settings, "run.extraArgs")] };
    }
    case "inspect":
      return { program: server(settings, places).program, args: ["inspect", ...named] };
  }
}
