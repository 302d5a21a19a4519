import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';

const source = join(import.meta.dirname, '../../../src');

/**
 * Which rooms a room may import from. What is not listed is refused. Files directly in src (cli, serve) are the
 * composition root and may import everything, as may the commands: each composes what it runs. Ports live with who needs them, so an adapter's room names the
 * port's room.
 */
const mayImport: Record<string, readonly string[]> = {
  reasons: [],
  profile: ['jfr', 'reasons', 'captures'],
  jfr: ['reasons'],
  targets: ['reasons', 'captures', 'profiler', 'routing', 'telemetry'],
  captures: ['reasons', 'jfr', 'profile', 'targets', 'artifacts', 'annotations', 'flamegraph', 'telemetry'],
  ledgers: ['reasons', 'captures', 'targets', 'profile'],
  alerts: ['captures', 'reasons'],
  routing: ['captures', 'reasons', 'config', 'alerts'],
  config: ['captures', 'reasons', 'routing', 'alerts'],
  profiler: ['reasons', 'captures', 'targets'],
  artifacts: ['reasons', 'captures'],
  annotations: ['reasons', 'captures'],
  flamegraph: ['profile', 'captures', 'reasons'],
  http: [
    'alerts',
    'routing',
    'captures',
    'reasons',
    'artifacts',
    'flamegraph',
    'profile',
    'targets',
    'telemetry',
    'config',
  ],
  schedule: ['captures', 'artifacts', 'reasons', 'config', 'targets', 'telemetry'],
  telemetry: ['captures', 'reasons'],
};

/** Each SDK is known in one place only. */
const sdkHomes: Record<string, string> = {
  '@kubernetes/client-node': 'targets/kubernetes',
  '@aws-sdk/client-s3': 'artifacts/s3',
  '@aws-sdk/s3-request-presigner': 'artifacts/s3',
  'node:sqlite': 'ledgers/',
  'node-cron': 'schedule/',
  'prom-client': 'telemetry/',
  express: 'http/',
  'zod-openapi': 'http/openapi/',
  pino: 'telemetry/',
  re2js: '',
};

/** Pure rooms: bytes and data in, data out. */
const pure = ['jfr/', 'alerts/', 'routing/', 'flamegraph/layout', 'flamegraph/svg', 'profile/'];
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

const composes = (path: string): boolean => ['', 'commands'].includes(room(path));
const room = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '');

describe('the rooms', () => {
  it('know only those rooms that they may', () => {
    const strays = imports
      .filter(({ to }) => files.includes(to))
      .filter(({ from, to }) => !composes(from) && room(from) !== room(to))
      .filter(({ from, to }) => !(mayImport[room(from)] ?? []).includes(room(to)))
      .map(({ from, to }) => `${from} → ${to}`);
    assert.deepEqual(strays, []);
  });

  it('import files that exist, by their own ending', () => {
    const missing = imports
      .filter(
        ({ to }) => /^[a-z-]+\//.test(to) && mayImport[room(to)] !== undefined && !to.startsWith('node:'),
      )
      .filter(({ to }) => !files.includes(to) && !to.endsWith('.json'))
      .map(({ from, to }) => `${from} → ${to}`);
    assert.deepEqual(missing, []);
  });

  it('keep every SDK in its one home', () => {
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
    assert.ok(loaded.has('profile/read-profile.ts') && loaded.has('flamegraph/page/capture-page.ts'));
    const strays = [...loaded].filter((file) => loadedBy(file).includes('zod'));
    assert.deepEqual(strays, []);
  });

  it('start the server without the OpenAPI document, which few ask for', () => {
    const loaded = new Set(['serve.ts']);
    for (const file of loaded)
      for (const to of loadedBy(file)) if (files.includes(to) && !loaded.has(to)) loaded.add(to);
    assert.ok(loaded.has('http/openapi/route.ts'));
    assert.ok(!loaded.has('http/openapi/document.ts'));
    assert.deepEqual(
      [...loaded].filter((file) => loadedBy(file).includes('zod-openapi')),
      [],
    );
  });

  it('leave the environment to the configuration alone', () => {
    const strays = files.filter(
      (file) =>
        !file.startsWith('config/') &&
        !file.startsWith('flamegraph/page/') &&
        /\bprocess\.env\b/.test(readFileSync(join(source, file), 'utf8')),
    );
    assert.deepEqual(
      strays.filter((file) => room(file) !== ''),
      [],
    );
  });
});
