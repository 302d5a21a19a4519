import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';

const source = join(import.meta.dirname, '../../../src');

/**
 * Which rooms a room imports from, exactly: an import that is not listed fails, and so does a permission that nobody
 * uses. A room is a folder, and a folder inside it is a room of its own. A port lives with who needs it, so an adapter
 * names the room of its port. `serve` and `commands` compose, and name whatever they compose.
 */
const mayImport: Record<string, readonly string[]> = {
  alerts: ['reasons'],
  annotations: ['alerts', 'captures', 'profile', 'reasons'],
  artifacts: ['profile'],
  captures: ['alerts', 'artifacts', 'profile', 'profile/answer', 'profiler', 'reasons'],
  'captures/analysis': [
    'alerts',
    'artifacts',
    'captures',
    'captures/baselines',
    'flamegraph',
    'jfr',
    'profile',
    'profile/answer',
    'profile/comparison',
    'profile/export',
    'profile/reading',
    'reasons',
  ],
  'captures/baselines': ['captures', 'profile', 'reasons'],
  'captures/stages': [
    'artifacts',
    'captures',
    'captures/analysis',
    'captures/baselines',
    'profiler',
    'reasons',
  ],
  'captures/worker': ['captures', 'captures/analysis', 'captures/stages', 'reasons'],
  config: ['alerts', 'captures', 'profile', 'routing'],
  coverage: ['alerts', 'captures', 'profile', 'reasons', 'routing'],
  flamegraph: ['profile', 'profile/comparison'],
  'flamegraph/page': ['flamegraph', 'profile', 'profile/comparison'],
  http: [
    'alerts',
    'artifacts',
    'captures',
    'captures/analysis',
    'captures/baselines',
    'config',
    'flamegraph',
    'profile',
    'profile/export',
    'reasons',
    'telemetry',
  ],
  'http/openapi': ['alerts', 'http', 'profile', 'profile/export'],
  jfr: ['reasons'],
  ledgers: ['alerts', 'captures', 'reasons'],
  'ledgers/sqlite': ['alerts', 'artifacts', 'captures', 'ledgers', 'reasons'],
  profile: [],
  'profile/answer': ['profile', 'profile/comparison'],
  'profile/comparison': ['profile'],
  'profile/export': ['profile'],
  'profile/reading': ['jfr', 'profile', 'reasons'],
  profiler: ['reasons'],
  reasons: [],
  routing: ['alerts', 'captures', 'profile', 'reasons'],
  schedule: ['captures'],
  stores: ['artifacts', 'captures', 'reasons'],
  'stores/s3': ['artifacts', 'captures', 'reasons'],
  targets: ['profiler', 'reasons'],
  'targets/docker': ['alerts', 'captures', 'profiler', 'reasons', 'targets'],
  'targets/host': ['alerts', 'captures', 'profiler', 'reasons', 'targets'],
  'targets/ssh': ['alerts', 'captures', 'profiler', 'reasons', 'targets'],
  'targets/ssh/inventory': ['alerts', 'captures', 'targets/ssh'],
  'targets/kubernetes': [
    'alerts',
    'captures',
    'profiler',
    'reasons',
    'targets',
    'targets/kubernetes/agent',
    'targets/kubernetes/choice',
    'targets/kubernetes/connection',
  ],
  'targets/kubernetes/agent': ['profiler', 'reasons', 'targets', 'targets/kubernetes/connection'],
  'targets/kubernetes/choice': ['alerts', 'profiler', 'reasons', 'targets', 'targets/kubernetes/connection'],
  'targets/kubernetes/connection': ['captures', 'profiler', 'reasons', 'targets'],
  telemetry: ['alerts', 'captures'],
};

/** Each SDK is known in one place only. */
const sdkHomes: Record<string, string> = {
  '@kubernetes/client-node': 'targets/kubernetes',
  '@aws-sdk/client-s3': 'stores/s3',
  '@aws-sdk/s3-request-presigner': 'stores/s3',
  'node:sqlite': 'ledgers/',
  'node-cron': 'schedule/',
  'prom-client': 'telemetry/',
  express: 'http/',
  'pprof-format': 'profile/export/',
  'zod-openapi': 'http/openapi/',
  pino: 'telemetry/',
  re2js: '',
};

/** Pure rooms: bytes and data in, data out. */
const pure = ['jfr/', 'alerts/', 'routing/', 'coverage/', 'flamegraph/layout', 'flamegraph/svg', 'profile/'];
const effects = /^node:(fs|net|http|https|child_process|os|dns|worker_threads)/;

interface Import {
  from: string;
  to: string;
}

function importsOf(file: string): string[] {
  return ts
    .preProcessFile(readFileSync(join(source, file), 'utf8'), true, true)
    .importedFiles.map((i) => i.fileName);
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.split(sep).join('/'));

const imports: Import[] = files.flatMap((from) =>
  importsOf(from).map((to) => ({
    from,
    to: to.startsWith('.')
      ? relative(source, normalize(join(source, dirname(from), to)))
          .split(sep)
          .join('/')
      : to,
  })),
);

/** What a file imports when it is loaded: neither types alone nor what it asks for later. */
function loadedBy(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const statements = text.matchAll(/^(?:import|export)(?! type\b)\s[^;'"]*?(?:from )?'([^']+)'/gm);
  return [...statements].map(([, to = '']) =>
    to.startsWith('.')
      ? normalize(join(dirname(file), to))
          .split(sep)
          .join('/')
      : to,
  );
}

/** The folder of a file: `captures/stages/ending.ts` → `captures/stages`; '' for what lies in src itself. */
const room = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
const composes = (path: string): boolean => ['', 'serve', 'commands'].includes(room(path));

/** The circles of a graph: each group of places that can reach one another. */
function circles(arrows: readonly Import[]): string[][] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of arrows) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reach = (start: string): Set<string> => {
    const seen = new Set(next.get(start));
    for (const place of seen) for (const to of next.get(place) ?? []) seen.add(to);
    return seen;
  };
  const reached = new Map([...next.keys()].map((place) => [place, reach(place)]));
  const inCircle = [...reached].filter(([place, places]) => places.has(place)).map(([place]) => place);
  const groups = inCircle.map((place) =>
    inCircle.filter((other) => reached.get(place)?.has(other) && reached.get(other)?.has(place)).sort(),
  );
  return [...new Map(groups.map((group) => [group.join(), group])).values()];
}

describe('the rooms', () => {
  const inside = imports.filter(({ to }) => files.includes(to));

  it('import exactly what is listed', () => {
    const used: Record<string, string[]> = {};
    for (const { from, to } of inside) {
      if (composes(from)) continue;
      const known = (used[room(from)] ??= []);
      if (room(from) !== room(to) && !known.includes(room(to))) known.push(room(to));
    }
    for (const known of Object.values(used)) known.sort();
    assert.deepEqual(used, mayImport);
  });

  it('import in one direction: no circle among files, and none among rooms', () => {
    assert.deepEqual(circles(inside), []);
    const between = inside
      .filter(({ from, to }) => !composes(from) && !composes(to))
      .map(({ from, to }) => ({ from: room(from), to: room(to) }))
      .filter(({ from, to }) => from !== to);
    assert.deepEqual(circles(between), []);
  });

  it('hold every file except the command line and the version', () => {
    assert.deepEqual(files.filter((file) => room(file) === '').sort(), ['cli.ts', 'version.ts']);
  });

  it('import files that exist, by their own ending', () => {
    const missing = imports
      .filter(({ to }) => mayImport[room(to)] !== undefined && !to.startsWith('node:'))
      .filter(({ to }) => !files.includes(to) && !to.endsWith('.json'))
      .map(({ from, to }) => `${from} → ${to}`);
    assert.deepEqual(missing, []);
  });

  it('import each SDK in one room only', () => {
    const strays = imports
      .filter(({ from, to }) => to in sdkHomes && !from.startsWith(sdkHomes[to] ?? ''))
      .map(({ from, to }) => `${from} → ${to}`);
    assert.deepEqual(strays, []);
  });

  it('stay pure where they promise to: no files, no network, no clock, no environment', () => {
    const strays = files
      .filter((file) => pure.some((prefix) => file.startsWith(prefix)))
      .flatMap((file) => {
        const text = readFileSync(join(source, file), 'utf8');
        // Whether a text is an address is no effect.
        const found = importsOf(file).filter(
          (to) =>
            effects.test(to) && !(to === 'node:net' && text.includes("import { isIP } from 'node:net'")),
        );
        if (/\bprocess\.env\b/.test(text)) found.push('process.env');
        if (/\bDate\.now\(\)|\bnew Date\(\)|\bperformance\.now\(\)/.test(text)) found.push('the clock');
        if (/\bMath\.random\(\)/.test(text)) found.push('chance');
        return found.map((what) => `${file} → ${what}`);
      });
    assert.deepEqual(strays, []);
  });

  it('leave the schema library out of what the page carries and what `flamepin render` loads', () => {
    const entries = ['flamegraph/page/main.ts', 'cli.ts', 'commands/render.ts'];
    const loaded = new Set(entries);
    for (const file of loaded)
      for (const to of loadedBy(file)) if (files.includes(to) && !loaded.has(to)) loaded.add(to);
    assert.ok(loaded.has('profile/reading/read-profile.ts') && loaded.has('flamegraph/page/capture-page.ts'));
    const strays = [...loaded].filter((file) => loadedBy(file).includes('zod'));
    assert.deepEqual(strays, []);
  });

  it('start the server without the OpenAPI document, which few ask for', () => {
    const loaded = new Set(['serve/serve.ts']);
    for (const file of loaded)
      for (const to of loadedBy(file)) if (files.includes(to) && !loaded.has(to)) loaded.add(to);
    assert.ok(loaded.has('http/openapi/route.ts'));
    assert.ok(!loaded.has('http/openapi/document.ts'));
    assert.deepEqual(
      [...loaded].filter((file) => loadedBy(file).includes('zod-openapi')),
      [],
    );
  });

  it('leave the environment to the configuration', () => {
    const strays = files.filter(
      (file) =>
        !file.startsWith('config/') &&
        !file.startsWith('flamegraph/page/') &&
        /\bprocess\.env\b/.test(readFileSync(join(source, file), 'utf8')),
    );
    assert.deepEqual(strays, []);
  });
});
