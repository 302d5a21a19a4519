import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { buildPage } from './src/flamegraph/build-page.ts';

/**
 * `npm run build`: the JavaScript that a published package and the image run. A clone runs the TypeScript as it is,
 * so this is no part of development.
 */
process.chdir(import.meta.dirname);
rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
// What is read at run time and is no TypeScript: scripts, hashes, styles.
cpSync('src', 'dist', {
  recursive: true,
  filter: (source) => !source.endsWith('.ts') && !source.startsWith(join('src', 'flamegraph', 'page')),
});
await buildPage(join('dist', 'flamegraph'));

/**
 * commander requires these for commands that are programs of their own, which flamepin has none of; loading them takes
 * 10 ms. So they are asked for when they are used.
 */
const whenUsed: Plugin = {
  name: 'when used',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:(fs|child_process)$/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, namespace: 'when-used' } : null,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'when-used' }, ({ path }) => ({
      contents: `module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule('${path}')[name] })`,
    }));
  },
};

/** Each command is loaded when it is called. */
const commandsApart: Plugin = {
  name: 'commands apart',
  setup(bundler) {
    bundler.onResolve({ filter: /^\./ }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : null,
    );
  },
};

/** Stay files of their own: errors, which are told apart by their class, and what finds other files beside itself. */
const apart = ['config/problems.js', 'reasons/failure.js', 'flamegraph/page-bundle.js'];

// The files that `flamepin render` loads, as two: finding and loading eighty takes 40 ms, a fifth of all it takes.
for (const file of ['cli.js', 'commands/render.js'])
  await build({
    entryPoints: [join('dist', file)],
    outfile: join('dist', file),
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: apart.map((path) => `./${join('dist', path)}`),
    // For commander, which is CommonJS and requires nothing but Node's own modules.
    banner: { js: 'const require = process.getBuiltinModule;' },
    plugins: [commandsApart, whenUsed],
    logLevel: 'warning',
  });
for (const joined of ['commander', 'ghtml'])
  cpSync(join('node_modules', joined, 'LICENSE'), join('dist', 'licenses', `${joined}.txt`));
