import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** One figure of one run: milliseconds, megabytes or what the table's head says. */
export type Measured = Record<string, number>;

/** Someone who is measured. */
export interface Contender {
  name: string;
  run: () => Promise<Measured>;
}

export interface Figures {
  n: number;
  minimum: number;
  median: number;
  p95: number;
}

/**
 * Runs all contenders once a round, side by side: what disturbs the machine disturbs them alike. Every other round
 * goes the other way round, so that nobody always comes second.
 */
export async function inRounds(rounds: number, contenders: readonly Contender[]): Promise<Measured[][]> {
  const results: Measured[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    const order = contenders.map((_, index) => index);
    for (const index of round % 2 === 0 ? order : order.reverse())
      results[index]!.push(await contenders[index]!.run());
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  return results;
}

/** p95 is the value that 95 % do not exceed: with fewer than twenty values, the largest. */
export function figuresOf(values: readonly number[]): Figures {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
  return { n: sorted.length, minimum: at(0), median: median(sorted), p95: at(0.95) };
}

/** Median over the rounds of the first's figure divided by the second's in the same round. */
export function pairedRatio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((one, round) => one / (theirs[round] ?? NaN)).sort((a, b) => a - b));
}

function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/**
 * Prints one Markdown table: a row per contender and figure, with the first contender's ratio to it. Contenders that
 * lack a figure have no row for it.
 */
export function printTable(
  title: string,
  contenders: readonly Pick<Contender, 'name'>[],
  results: readonly (readonly Measured[])[],
): void {
  const [ours = []] = results;
  const kinds = [...new Set(results.flat().flatMap((one) => Object.keys(one)))];
  const rows = [['', 'figure', 'n', 'minimum', 'median', 'p95', `${contenders[0]?.name ?? ''} ÷ this`]];
  for (const kind of kinds)
    for (const [index, { name }] of contenders.entries()) {
      const values = valuesOf(results[index] ?? [], kind);
      if (values.length === 0) continue;
      const { n, minimum, median: middle, p95 } = figuresOf(values);
      const ratio = pairedRatio(valuesOf(ours, kind), values);
      const compared = index === 0 || Number.isNaN(ratio) ? '' : `${ratio.toFixed(2)}×`;
      rows.push([name, kind, String(n), shown(minimum), shown(middle), shown(p95), compared]);
    }
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  console.log([`### ${title}`, '', line(rows[0]!), line(rule), ...rows.slice(1).map(line), ''].join('\n'));
}

const valuesOf = (results: readonly Measured[], kind: string): number[] =>
  results.map((one) => one[kind]).filter((value) => value !== undefined);

function shown(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `--pairs N` of the command line. */
export function askedPairs(byDefault: number): number {
  const { values } = parseArgs({
    options: { pairs: { type: 'string', default: String(byDefault) } },
    strict: false,
  });
  const pairs = Number(values.pairs);
  if (!Number.isInteger(pairs) || pairs < 1) throw new Error('--pairs takes a whole number from 1 on');
  return pairs;
}

/** Megabytes (of 2^20 bytes) of a line of /proc/PID/status: VmRSS now, VmHWM at most so far. */
export function residentMegabytes(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  const kilobytes = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
  );
  return Number(kilobytes?.[1]) / 1024;
}
