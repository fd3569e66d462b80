import assert from "node:assert/strict";
import { test } from "node:test";
import { find, missing, type System } from "../src/programs";

function system(path: string | undefined, programs: string[], isWindows = false): System {
  return { path, isWindows, isProgram: (file) => programs.includes(file) };
}

test("the first folder of PATH that has the program wins", () => {
  const here = system("/empty::/usr/bin:/opt/bin", ["/usr/bin/aurc", "/opt/bin/aurc"]);
  assert.equal(find("aurc", here), "/usr/bin/aurc");
  assert.equal(find("aur", here), undefined);
  assert.equal(find("aurc", system(undefined, ["aurc"])), undefined);
});

test("a path is taken as it is", () => {
  const here = system("/usr/bin", ["/opt/aurc", "/usr/bin/opt/aurc"]);
  assert.equal(find("/opt/aurc", here), "/opt/aurc");
  assert.equal(find("opt/aurc", here), undefined);
});

test("endings are tried where programs have them", () => {
  const here = system("C:\\bin;D:\\bin", ["D:\\bin\\aurc.exe", "C:\\x\\aurc.exe"], true);
  assert.equal(find("aurc", here), "D:\\bin\\aurc.exe");
  assert.equal(find("C:\\x\\aurc", here), "C:\\x\\aurc.exe");
  assert.equal(find("C:\\x\\aurc.exe", here), "C:\\x\\aurc.exe");
});

test("what is missing is said with what to do", () => {
  assert.equal(
    missing("aurc", "aur.server.path"),
    'The program aurc is not in PATH. Install it from a checkout of aur with "cargo install --path compiler/cli", ' +
      'or say in the setting "aur.server.path" where it is.',
  );
  assert.equal(
    missing("/opt/aur", "aur.run.path"),
    'There is no program /opt/aur. Install it from a checkout of aur with "cargo install --path runtime/cli", ' +
      'or say in the setting "aur.run.path" where it is.',
  );
});
