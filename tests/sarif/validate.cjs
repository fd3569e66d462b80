// Validates the SARIF of each failing program of the pages: validate.cjs AURC PAGES

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const Ajv = require("ajv");
const schema = require("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");

const ajv = new Ajv({ schemaId: "auto", meta: false, unknownFormats: "ignore", allErrors: true });
ajv.addMetaSchema(require("ajv/lib/refs/json-schema-draft-04.json"));
const isValid = ajv.compile(schema);

const [aurc, pages] = process.argv.slice(2).map((name) => path.resolve(name));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "aur-sarif-"));
fs.writeFileSync(path.join(folder, "aur.toml"), "");
let failed = 0;
let results = 0;
const names = fs.readdirSync(pages).sort();
for (const name of names) {
  const program = /```aur fails[^\n]*\n([^]*?)```/.exec(fs.readFileSync(path.join(pages, name), "utf8"));
  fs.writeFileSync(path.join(folder, "main.aur"), program ? program[1] : "");
  const run = spawnSync(aurc, ["check", "--format", "sarif", "main.aur"], { cwd: folder, encoding: "utf8" });
  const log = JSON.parse(run.stdout);
  results += log.runs[0].results.length;
  if (!isValid(log)) {
    failed += 1;
    console.log(`${name}: ${ajv.errorsText(isValid.errors, { separator: "\n  " })}`);
  }
}
fs.rmSync(folder, { recursive: true });
console.log(`${names.length} programs, ${results} results, ${failed} not as the schema has it`);
// A program that finds nothing would prove nothing.
process.exit(failed > 0 || results < names.length / 2 ? 1 : 0);
