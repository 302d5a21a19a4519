import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { buildPage } from './src/flamegraph/build-page.ts';

/**
 * `npm run build`: the JavaScript that a published package and the image run. A clone runs the TypeScript as it is,
 * so this is no part of development.
 */
process.chdir(import.meta.dirname);
rmSync('dist', { recursive: true, force: true });
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
// What is read at run time and is no TypeScript: shell and browser scripts, hashes, styles.
cpSync('src', 'dist', {
  recursive: true,
  filter: (source) =>
    !/(\.ts|tsconfig\.json)$/.test(source) && !source.startsWith(join('src', 'flamegraph', 'page')),
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

/** An import of node:fs asks it for all it has, streams and promises as well, which takes 4 ms; so it is no import. */
const builtinsAsTheyAre: Plugin = {
  name: 'builtins as they are',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'builtin' } : null,
    );
    bundler.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
    }));
  },
};

/** Compares profiles, which most renderings need not; loading it takes 6 ms. So it stays outside until it is used. */
const statisticsWhenUsed: Plugin = {
  name: 'statistics when used',
  setup(bundler) {
    bundler.onResolve({ filter: /^jstat$/ }, ({ path }) => ({ path, namespace: 'statistics' }));
    bundler.onLoad({ filter: /.*/, namespace: 'statistics' }, () => ({
      contents: `import { createRequire } from 'node:module';
        const load = createRequire(import.meta.url);
        export default { get jStat() { return load('jstat').jStat; } };`,
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

const licences = new Set<string>();

/** Makes one file of it and of all that it imports, packages as well, in place. */
async function joinImports(file: string, options: Pick<BuildOptions, 'banner' | 'plugins'>): Promise<void> {
  const { metafile } = await build({
    entryPoints: [join('dist', file)],
    outfile: join('dist', file),
    allowOverwrite: true,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: apart.map((path) => `./${join('dist', path)}`),
    ...options,
    metafile: true,
    logLevel: 'warning',
  });
  for (const input of Object.keys(metafile.inputs)) {
    const [home, name] = /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input) ?? [];
    if (home !== undefined && name !== undefined) keepLicence(home, name);
  }
}

/** What is joined carries its licence along. */
function keepLicence(home: string, name: string): void {
  if (licences.has(name)) return;
  licences.add(name);
  // A package in the public domain has none to carry, but its declaration.
  const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry)) ?? 'package.json';
  cpSync(join(home, file), join('dist', 'licenses', `${name.replace('/', '-')}.txt`));
}

// Inside another package's file, and inside the page's script.
for (const name of ['jsep', '@jsep-plugin/assignment', '@jsep-plugin/regex', 're2js'])
  keepLicence(join('node_modules', name), name);

// The files that `flamepin render` loads, as two: finding and loading eighty takes 40 ms, a fifth of all it takes.
for (const file of ['cli.js', 'commands/render.js'])
  await joinImports(file, {
    // For commander, which is CommonJS and requires nothing but Node's own modules.
    banner: { js: 'const require = process.getBuiltinModule;' },
    plugins: [commandsApart, whenUsed, builtinsAsTheyAre, statisticsWhenUsed],
  });

// With the tenth of @kubernetes/client-node that is used: 40 MB of memory, and not 90, with every API of Kubernetes.
await joinImports('targets/kubernetes/connection/access.js', {
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
});
