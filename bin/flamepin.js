#!/usr/bin/env node
// Plain JavaScript, so that an old Node can say what it lacks instead of failing on syntax.

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `flamepin needs Node 24 or later; this is ${process.version}. In a clone, "npm ci" brings the right one: use "npx flamepin".\n`,
  );
  process.exit(2);
}
// A clone runs the TypeScript as it is; a published package holds only what `npm run build` made of it.
const built = new URL('../dist/cli.js', import.meta.url);
const source = new URL('../src/cli.ts', import.meta.url);
// Not imported: for an import, node:fs is asked for all it has, which takes 4 ms.
const { existsSync } = process.getBuiltinModule('node:fs');
const { main } = await import(existsSync(source) ? source.href : built.href);
process.exitCode = await main(process.argv.slice(2));
