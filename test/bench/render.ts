import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtPackage } from '../setup/built-package.ts';
import { demoRecording } from './demo-recording.ts';
import { askedPairs, inRounds, printTable } from './measure.ts';
import { prepareTimedCommands, timedCommand } from './timed-command.ts';

/**
 * Recording → HTML, against async-profiler's own converter. flamepin's page holds all events with their times and
 * threads, the converter's a single event; so its four pages, one after the other, are measured as well.
 */
const pairs = askedPairs(10);
prepareTimedCommands();
const flamepin = await builtPackage();
const converter = execFileSync('sh', [join(import.meta.dirname, '../setup/jfrconv.sh')], {
  encoding: 'utf8',
}).trim();
const recording = await demoRecording();
const megabytes = ((await stat(recording)).size / 1e6).toFixed(1);
const scratch = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
const page = join(scratch, 'page.html');
const convert = ['java', '-jar', converter];

async function convertAll(): Promise<Awaited<ReturnType<typeof timedCommand>>> {
  const each = [];
  for (const event of ['cpu', 'wall', 'alloc', 'lock'])
    each.push(await timedCommand([...convert, `--${event}`, '-o', 'html', recording, page]));
  return {
    'time, ms': each.reduce((sum, one) => sum + one['time, ms'], 0),
    'peak memory, MB': Math.max(...each.map((one) => one['peak memory, MB'])),
  };
}

try {
  const contenders = [
    {
      name: 'flamepin render, all events',
      run: () => timedCommand([...flamepin, 'render', recording, '--format', 'html', '--output', page]),
    },
    {
      name: 'jfrconv, cpu alone',
      run: () => timedCommand([...convert, '--cpu', '-o', 'html', recording, page]),
    },
    { name: 'jfrconv, all events', run: convertAll },
  ];
  printTable(`Recording of ${megabytes} MB → HTML`, contenders, await inRounds(pairs, contenders));
} finally {
  await rm(scratch, { recursive: true, force: true });
}
