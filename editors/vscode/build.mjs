// Bundles the extension into one file, so that the package needs no folder of libraries, and its tests into others.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";

mkdirSync("syntaxes", { recursive: true });
copyFileSync("../textmate/aur.tmLanguage.json", "syntaxes/aur.tmLanguage.json");
copyFileSync("../../LICENSE", "LICENSE");

const common = {
  bundle: true,
  platform: "node",
  target: "node18",
  format: "cjs",
  external: ["vscode"],
  // Two libraries ship a browser twin of each file; the ones for node are meant.
  mainFields: ["main", "module"],
  logLevel: "warning",
};

await build({ ...common, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js", minify: true });
await build({
  ...common,
  entryPoints: readdirSync("test").map((name) => `test/${name}`),
  outdir: "dist/test",
});
