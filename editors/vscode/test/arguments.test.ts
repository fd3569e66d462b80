import assert from "node:assert/strict";
import { test } from "node:test";
import { resolvedName, resolvedText, target } from "../src/arguments";

const open = "file:///open.aur";

test("a code lens names program and job", () => {
  assert.deepEqual(target(["file:///a.aur", "c/r/e/n"], open), { uri: "file:///a.aur", job: "c/r/e/n" });
});

test("a menu names the program by its address", () => {
  const address = { scheme: "file", toString: () => "file:///menu.aur" };
  assert.deepEqual(target([address, { groupId: 0 }], open), { uri: "file:///menu.aur", job: undefined });
});

test("without arguments the open program is meant", () => {
  assert.deepEqual(target([], open), { uri: open, job: undefined });
  assert.deepEqual(target([null, null], open), { uri: open, job: undefined });
  assert.equal(target([7], undefined), undefined);
});

test("what is resolved has a name of its own", () => {
  assert.equal(resolvedName("/home/ann/project/a b.aur", undefined), "/a b.aur (resolved).json");
  assert.equal(resolvedName("/home/ann/project/a.aur", "c/r/e/n"), "/a.aur c.r.e.n (resolved).json");
});

test("an answer is shown as it is, or as JSON", () => {
  assert.equal(resolvedText('{"a": 1}\n'), '{"a": 1}\n');
  assert.equal(resolvedText({ a: 1 }), '{\n  "a": 1\n}\n');
  assert.equal(resolvedText(null), undefined);
  assert.equal(resolvedText(undefined), undefined);
});
