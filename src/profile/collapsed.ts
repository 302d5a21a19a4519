import type { Profile, ProfileEvent } from './profile.ts';
import { frameTypes } from './sampling.ts';
import { Tuples } from './tuples.ts';

/** What async-profiler's converter puts behind a frame's name, by its type. */
const suffixes: readonly string[] = ['_[0]', '_[j]', '_[i]', '', '', '_[k]', '_[1]'];

const interpreted = frameTypes.indexOf('interpreted');
const jit = frameTypes.indexOf('jit');
const inlined = frameTypes.indexOf('inlined');
const c1 = frameTypes.indexOf('c1');

/**
 * Stacks of one event in the folded format: frames joined by `;`, outermost first, a blank, samples, a newline;
 * '' without samples. As sorted lines equal to `jfrconv --EVENT -o collapsed` (async-profiler 4.5): Java frames of
 * one method under one caller are one frame whatever way they ran, and its suffix tells the way that a share of its
 * samples took: a third inlined, else half C1, else half interpreted, else JIT.
 */
export function collapsed(profile: Profile, event: ProfileEvent): string {
  const samples = profile.events[event]?.samples;
  if (samples === undefined) return '';
  const { parent, frame } = profile.stacks;
  const self = new Float64Array(parent.length);
  for (let row = 0; row < samples.stack.length; row++) self[samples.stack[row]!]! += samples.count[row]!;
  const total = self.slice();
  for (let node = total.length - 1; node > 0; node--) total[parent[node]!]! += total[node]!;

  const nameNumbers = new Map<string, number>();
  const names: string[] = [];
  const nameOf = profile.frames.name.map((name) => {
    let number = nameNumbers.get(name);
    if (number === undefined) {
      number = names.length;
      names.push(name);
      nameNumbers.set(name, number);
    }
    return number;
  });

  const merged = new Tuples();
  const mergedOf = new Int32Array(parent.length);
  merged.index(0, nameOf[0] ?? 0, -1);
  const totals: number[] = [0];
  const selves: number[] = [0];
  const ways: [inlined: number[], c1: number[], interpreted: number[]] = [[0], [0], [0]];
  for (let node = 1; node < parent.length; node++) {
    if (total[node] === 0) continue;
    const type = profile.frames.type[frame[node]!]!;
    const way = [inlined, c1, interpreted].indexOf(type);
    const number = merged.index(mergedOf[parent[node]!]!, nameOf[frame[node]!]!, way < 0 ? type : jit);
    mergedOf[node] = number;
    if (number === totals.length) {
      totals.push(0);
      selves.push(0);
      for (const column of ways) column.push(0);
    }
    totals[number]! += total[node]!;
    selves[number]! += self[node]!;
    if (way >= 0) ways[way]![number]! += total[node]!;
  }

  const lines: string[] = [];
  const paths: string[] = [''];
  const [parents, nameColumn, kinds] = merged.columns;
  for (let number = 1; number < merged.size; number++) {
    const of = totals[number]!;
    const type =
      ways[0][number]! * 3 >= of
        ? inlined
        : ways[1][number]! * 2 >= of
          ? c1
          : ways[2][number]! * 2 >= of
            ? interpreted
            : kinds[number]!;
    const own = `${names[nameColumn[number]!]!}${suffixes[type] ?? ''}`;
    const caller = parents[number]!;
    const path = caller === 0 ? own : `${paths[caller]!};${own}`;
    paths.push(path);
    if (selves[number]! > 0) lines.push(`${path} ${Number(selves[number]!.toFixed(6))}\n`);
  }
  return lines.join('');
}
