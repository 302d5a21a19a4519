import { spawnSync } from 'node:child_process';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * `npm run bench`: what flamepin costs against what a user would pick instead, side by side in one run, a Markdown
 * table each. `npm run bench -- NAME…` runs the ones named; `--pairs N` sets the rounds of each.
 */
const benchmarks = [
  'first-sample',
  'render',
  'notifications',
  'svg',
  'page-open',
  'memory',
  'docker-first-sample',
  'ssh-first-sample',
  'pod-first-sample',
  'pods-at-once',
  'many-pods',
];

const { values, positionals } = parseArgs({
  options: { pairs: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !benchmarks.includes(name));
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}. There are: ${benchmarks.join(', ')}.`);
  process.exit(2);
}
const asked = positionals.length > 0 ? positionals : benchmarks;
const options = values.pairs === undefined ? [] : ['--pairs', values.pairs];

const [processor] = cpus();
console.log(
  `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${platform()} ${release()} ${arch()}, ${cpus().length} × ${processor?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 1024 ** 3)} GB, Node ${process.version}\n`,
);
const failed: string[] = [];
for (const name of asked) {
  console.log(`load before ${name}: ${load()}\n`);
  const file = join(import.meta.dirname, `${name}.ts`);
  const { status } = spawnSync(process.execPath, [file, ...options], { stdio: 'inherit' });
  if (status !== 0) failed.push(name);
  console.log(`load after ${name}: ${load()}\n`);
}
if (failed.length > 0) console.error(`failed: ${failed.join(', ')}`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Of the last 1, 5 and 15 minutes: beyond the number of processors, times say little and only ratios count. */
function load(): string {
  return loadavg()
    .map((average) => average.toFixed(1))
    .join(' ');
}
