// Bundles the extension into one file, so that the package needs no folder of libraries, and its tests into others.
import { build } from "esbuild";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

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

const { metafile } = await build({
  ...common,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  minify: true,
  metafile: true,
});
writeFileSync("dist/LICENSES.txt", licences(Object.keys(metafile.inputs)));
await build({
  ...common,
  entryPoints: readdirSync("test").map((name) => `test/${name}`),
  outdir: "dist/test",
});

/** The licences of the libraries that went into the bundle. */
function licences(files) {
  const folders = new Map();
  for (const file of files.filter((name) => name.includes("node_modules"))) {
    let folder = dirname(realpathSync(file));
    while (!existsSync(join(folder, "package.json")) || !description(folder).version) {
      folder = dirname(folder);
    }
    folders.set(description(folder).name, folder);
  }
  const names = [...folders.keys()].sort();
  return names.map((name) => licence(folders.get(name))).join(`${"-".repeat(72)}\n`);
}

function description(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function licence(folder) {
  const { name, version, license } = description(folder);
  const file = readdirSync(folder).find((own) => /^licen[cs]e/i.test(own));
  if (file === undefined) {
    throw new Error(`${name} has no text of its licence`);
  }
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}
