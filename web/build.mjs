// Builds the page into ../src/distill/ui/static, the same bytes from any folder.
// `node build.mjs FOLDER` builds into another folder, with the pages of measurements in bench/.

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const other = process.argv[2];
const out = other ?? join(here, "../src/distill/ui/static");

/** Packages whose code, drawings or letters are in what is built. */
const BUNDLED = [
  "preact",
  "@preact/signals",
  "@preact/signals-core",
  "uplot",
  "@tanstack/virtual-core",
  "lucide-static",
  "@fontsource-variable/inter",
];

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const entryPoints = {
  app: "src/main.tsx",
  ring: "src/player/ring-worklet.ts",
};
if (other !== undefined) entryPoints.bench = "bench/grid.ts";

await build({
  absWorkingDir: here,
  entryPoints,
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "text" },
  external: ["*.woff2"],
});

for (const name of ["index.html", "icon.svg"])
  copyFileSync(join(here, "src", name), join(out, name));
if (other !== undefined) copyFileSync(join(here, "bench/grid.html"), join(out, "grid.html"));
copyFileSync(
  join(here, "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"),
  join(out, "inter.woff2"),
);
writeFileSync(join(out, "LICENCES.txt"), BUNDLED.map(licence).join("\n"));

/** Name, version and licence of a package. */
function licence(name) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const text = readFileSync(join(folder, "LICENSE"), "utf8").trim();
  return `${name} ${version} (${license})\n\n${text}\n\n${"-".repeat(80)}\n`;
}
