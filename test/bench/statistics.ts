import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { compileDemoService } from '../../demo/service.ts';
import { compareProfiles } from '../../src/profile/comparison/compare.ts';
import type { Comparison } from '../../src/profile/comparison/comparison.ts';
import { leadingChange } from '../../src/profile/comparison/headline.ts';
import {
  profileEventSchema,
  profileSchema,
  type Profile,
  type ProfileEvent,
} from '../../src/profile/profile.ts';
import { onlyEvent } from './one-event.ts';
import { asprofDirectory, startRecorder, type Treatment } from './windows.ts';

/**
 * How often a comparison claims a change where there is none, and how often it names one that was made.
 *
 * Every pair is a window of the same load and one after it, on the demo service; no window is in two pairs of one
 * row of the table. Shares are of the service's cpu: 25 % means that a quarter of its samples are the regression.
 * `npm run bench:statistics -- --pairs 4` is quick; `--keep DIR` stores the windows (`--only cpu`: that
 * event of them), `--from DIR` judges stored ones.
 */
const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '15' },
    services: { type: 'string', default: '3' },
    keep: { type: 'string' },
    only: { type: 'string' },
    from: { type: 'string' },
  },
});
const seconds = Number(options.seconds);

interface Row extends Treatment {
  event: ProfileEvent;
  /** Frames that are right to name; null when nothing changed. */
  culprit: RegExp | null;
}

const ofCpu =
  (share: number) =>
  (baseCores: number): number =>
    (share / (1 - share)) * baseCores;
const culprit = /RuleSet\.|CheckoutService\.price/;
const nothing = { fault: null, strength: () => 0, culprit: null } as const;
const rows: readonly Row[] = [
  { name: 'same load, cpu', event: 'cpu', ...nothing },
  { name: 'same load, wall', event: 'wall', ...nothing },
  { name: 'same load, alloc', event: 'alloc', ...nothing },
  { name: 'cpu 10 %', event: 'cpu', fault: 'burn', strength: ofCpu(0.1), culprit },
  { name: 'cpu 25 %', event: 'cpu', fault: 'burn', strength: ofCpu(0.25), culprit },
  { name: 'cpu 50 %', event: 'cpu', fault: 'burn', strength: ofCpu(0.5), culprit },
  { name: 'sleep 10 ms', event: 'wall', fault: 'slow', strength: () => 10, culprit: /LoyaltyService|Pause/ },
  { name: 'lock 5 ms', event: 'wall', fault: 'lock', strength: () => 5, culprit: /PriceCache|Pause/ },
  { name: 'alloc 0.25 MB', event: 'alloc', fault: 'alloc', strength: () => 0.25, culprit: /ReceiptRenderer/ },
];
/** One recording holds all events, so the three rows of the same load share it. */
const windowOf = (row: Row): string => (row.fault === null ? 'same' : row.name);

interface Verdict {
  row: Row;
  comparison: Comparison;
  claimed: boolean;
  right: boolean;
}

function judge(row: Row, base: Profile, current: Profile): Verdict {
  const comparison = compareProfiles(base, current, { event: row.event, baseLabel: 'the window before' });
  const leading = leadingChange(comparison.changed);
  const named = `${leading?.frame} ${leading?.mostly} ${leading?.calledBy}`;
  const right = row.culprit === null ? leading === null : leading !== null && row.culprit.test(named);
  return { row, comparison, claimed: leading !== null, right };
}

function print(verdicts: readonly Verdict[]): void {
  const table = rows.map((row) => {
    const own = verdicts.filter((verdict) => verdict.row === row);
    const right = own.filter((verdict) => verdict.right).length;
    const percent = own.length === 0 ? 0 : (100 * right) / own.length;
    const mean = (of: (comparison: Comparison) => number): number =>
      own.reduce((sum, { comparison }) => sum + of(comparison), 0) / Math.max(1, own.length);
    return {
      window: row.name,
      pairs: own.length,
      ...(row.culprit === null
        ? { 'false headlines': `${own.length - right} (${(100 - percent).toFixed(0)} %)`, found: '' }
        : {
            'false headlines': own.filter((v) => v.claimed && !v.right).length,
            found: `${right} (${percent.toFixed(0)} %)`,
          }),
      samples: Math.round(mean((comparison) => comparison.currentSamples)),
      'would see': `${(100 * mean((comparison) => comparison.detectableShare)).toFixed(1)} pp`,
      total: `${mean((c) => c.baseTotal).toPrecision(3)} → ${mean((c) => c.currentTotal).toPrecision(3)}`,
    };
  });
  console.table(table);
  for (const { row, comparison, right } of verdicts)
    if (!right) console.log(`${row.name}: ${comparison.headline}`);
}

async function measure(pairs: number): Promise<Verdict[]> {
  const classes = await mkdtemp(join(tmpdir(), 'flamepin-demo-'));
  const verdicts: Verdict[] = [];
  let next = 0;
  try {
    await compileDemoService(classes);
    const profiler = await asprofDirectory();
    const oneService = async (): Promise<void> => {
      const recorder = await startRecorder(classes, profiler, seconds);
      try {
        for (let pair = next++; pair < pairs; pair = next++) {
          const base = await recorder.record({ name: 'base', ...nothing }, 0);
          const cpu = compareProfiles(base, base, { event: 'cpu', baseLabel: 'itself' }).baseTotal;
          await keep(pair, 'base', base);
          const windows = new Map<string, Profile>();
          for (const row of rows) {
            const window = windowOf(row);
            const known = windows.get(window);
            const current = known ?? (await recorder.record(row, cpu));
            if (known === undefined) await keep(pair, window, current);
            windows.set(window, current);
            verdicts.push(judge(row, base, current));
          }
          console.log(`pair ${pair + 1} of ${pairs}`);
        }
      } finally {
        await recorder.stop();
      }
    };
    await Promise.all(Array.from({ length: Math.min(pairs, Number(options.services)) }, oneService));
  } finally {
    await rm(classes, { recursive: true, force: true });
  }
  return verdicts;
}

async function keep(pair: number, window: string, profile: Profile): Promise<void> {
  if (options.keep === undefined) return;
  await mkdir(options.keep, { recursive: true });
  const kept =
    options.only === undefined ? profile : onlyEvent(profile, profileEventSchema.parse(options.only));
  const file = join(options.keep, `${String(pair).padStart(3, '0')}-${fileWords(window)}.json.gz`);
  await writeFile(file, gzipSync(JSON.stringify(kept), { level: 9 }));
}

/** `cpu 25 %` → `cpu-25`. */
function fileWords(window: string): string {
  return window.replaceAll(/\W+/g, '-').replace(/-$/, '');
}

async function judgeStored(directory: string): Promise<Verdict[]> {
  const read = async (name: string): Promise<Profile> =>
    profileSchema.parse(JSON.parse(gunzipSync(await readFile(join(directory, name))).toString('utf8')));
  const names = (await readdir(directory)).sort();
  const verdicts: Verdict[] = [];
  for (const name of names.filter((one) => one.endsWith('-base.json.gz'))) {
    const base = await read(name);
    for (const row of rows) {
      const other = name.replace('base', fileWords(windowOf(row)));
      if (!names.includes(other) || base.events[row.event] === undefined) continue;
      verdicts.push(judge(row, base, await read(other)));
    }
  }
  return verdicts;
}

print(options.from === undefined ? await measure(Number(options.pairs)) : await judgeStored(options.from));
