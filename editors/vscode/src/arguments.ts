// The arguments of commands, which come from code lenses, menus, key bindings and other extensions.

/** The job that a command is about. */
export interface Target {
  /** Address of the program. */
  uri: string;
  /** Key of the job, if one was named. */
  job: string | undefined;
}

/** Something with an address, as menus give it. */
interface Address {
  scheme: string;
  toString(): string;
}

function isAddress(value: unknown): value is Address {
  return typeof value === "object" && value !== null && typeof (value as Address).scheme === "string";
}

/** Reads `[uri, job]`; without an address the open program is meant. */
export function target(args: readonly unknown[], open: string | undefined): Target | undefined {
  const [first, second] = args;
  const uri = typeof first === "string" && first !== "" ? first : isAddress(first) ? first.toString() : open;
  if (uri === undefined) {
    return undefined;
  }
  const job = typeof second === "string" && second !== "" ? second : undefined;
  return { uri, job };
}

/** The name of the document that shows a program resolved: it ends in `.json`, so that it is shown as JSON. */
export function resolvedName(path: string, job: string | undefined): string {
  const file = path.split("/").pop() ?? path;
  const shown = job === undefined ? file : `${file} ${job.replaceAll("/", ".")}`;
  return `/${shown} (resolved).json`;
}

/** What is shown for an answer of the server to `aur.resolved`. */
export function resolvedText(answer: unknown): string | undefined {
  if (typeof answer === "string") {
    return answer;
  }
  return answer === null || answer === undefined ? undefined : `${JSON.stringify(answer, null, 2)}\n`;
}
