import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtPackage } from '../setup/built-package.ts';
import { demoRecording } from './demo-recording.ts';
import { largeStacks } from './large-stacks.ts';
import { askedPairs, inRounds, printTable } from './measure.ts';
import { prepareTimedCommands, timedCommand } from './timed-command.ts';

/**
 * Folded stacks → SVG, against the two programs that people use for it, on the same files: deep stacks made of a
 * real recording, sorted as the tools that fold stacks write them. From process start to the written file.
 */
const pairs = askedPairs(5);
const setup = (script: string): string =>
  execFileSync('sh', [join(import.meta.dirname, '../setup', script)], { encoding: 'utf8' }).trim();

prepareTimedCommands();
const flamepin = await builtPackage();
const inferno = setup('inferno.sh');
const perl = setup('flamegraph-pl.sh');
const recording = await demoRecording();
const scratch = await mkdtemp(join(tmpdir(), 'flamepin-bench-'));
try {
  for (const stacks of [4_000, 10_000, 100_000]) {
    const file = await largeStacks(recording, stacks);
    const output = join(scratch, 'picture.svg');
    const contenders = [
      {
        name: 'flamepin render',
        run: () => timedCommand([...flamepin, 'render', file, '--format', 'svg', '--output', output]),
      },
      { name: 'inferno-flamegraph', run: () => timedCommand([inferno, file], { output }) },
      {
        name: 'flamegraph.pl',
        run: () => timedCommand(['perl', perl, '--hash', '--colors', 'java', file], { output }),
      },
    ];
    printTable(`SVG of ${stacks.toLocaleString('en')} stacks`, contenders, await inRounds(pairs, contenders));
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
