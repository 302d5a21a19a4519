import type { CallTree } from './call-tree.ts';
import type { Verdict } from './palette.ts';

/** A tree compared with a baseline's tree, path by path. Shares are of each tree's whole, idle threads left out. */
export interface Difference {
  baseSamples: number;
  baseShare(node: number): number;
  /** Share now minus share then. */
  delta(node: number): number;
  verdict(node: number): Verdict;
  /** What only the baseline has, at least 1 % of it, largest first, each once where its path left the picture. */
  vanished: { name: string; share: number }[];
}

/** Smaller changes are never coloured: 2 percentage points, the project's least effect. */
const leastEffect = 0.02;
/**
 * Standard errors, by the binomial formula, that a change must exceed. Samples come in bursts (requests), so that
 * formula is too sure of itself: at two, same-load pairs show about 6 false frames each. The picture needs a rule
 * that is cheap for every path; the comparison's own verdict per frame, where there is one, wins over it.
 */
const leastErrors = 4;
const leastVanished = 0.01;

/** `judged`: the comparison's verdict whether a frame, by its full name, changed; undefined where it has none. */
export function differenceOf(
  current: CallTree,
  base: CallTree,
  judged: (name: string) => boolean | undefined = () => undefined,
): Difference {
  const baseOf = new Int32Array(current.size).fill(-1);
  const met = new Uint8Array(base.size);
  baseOf[0] = 0;
  met[0] = 1;
  for (let node = 0; node < current.size; node += 1) {
    const counterpart = baseOf[node]!;
    if (counterpart < 0) continue;
    const there = new Map<string, number>();
    for (let at = base.childStart[counterpart]!; at < base.childStart[counterpart + 1]!; at += 1) {
      const child = base.children[at]!;
      there.set(keyOf(base, child), child);
    }
    for (let at = current.childStart[node]!; at < current.childStart[node + 1]!; at += 1) {
      const child = current.children[at]!;
      const match = there.get(keyOf(current, child));
      if (match === undefined) continue;
      baseOf[child] = match;
      met[match] = 1;
    }
  }

  const whole = current.total[0]!;
  const baseWhole = base.total[0]!;
  const share = (node: number): number => (whole > 0 ? current.total[node]! / whole : 0);
  const baseShare = (node: number): number => {
    const match = baseOf[node]!;
    return match < 0 || baseWhole === 0 ? 0 : base.total[match]! / baseWhole;
  };
  const delta = (node: number): number => share(node) - baseShare(node);
  const verdict = (node: number): Verdict => {
    const change = delta(node);
    if (Math.abs(change) < leastEffect) return 'same';
    const decided = judged(current.frames[current.frame[node]!]!.name);
    const error = standardError(share(node), current.samples[0]!, baseShare(node), base.samples[0]!);
    const real = decided ?? Math.abs(change) > leastErrors * error;
    return real ? (change > 0 ? 'grew' : 'shrank') : 'same';
  };
  return {
    baseSamples: base.samples[0]!,
    baseShare,
    delta,
    verdict,
    vanished: vanishedFrom(base, met, baseWhole),
  };
}

/** Folded runs match whatever they hold: their place says what they are. */
function keyOf(tree: CallTree, node: number): string {
  const frame = tree.frames[tree.frame[node]!]!;
  return frame.kind === 'folded' ? 'folded' : `${frame.kind} ${frame.name}`;
}

function standardError(share: number, samples: number, baseShare: number, baseSamples: number): number {
  if (samples === 0 || baseSamples === 0) return Number.POSITIVE_INFINITY;
  const pooled = (share * samples + baseShare * baseSamples) / (samples + baseSamples);
  return Math.sqrt(pooled * (1 - pooled) * (1 / samples + 1 / baseSamples));
}

function vanishedFrom(base: CallTree, met: Uint8Array, whole: number): { name: string; share: number }[] {
  const gone: { name: string; share: number }[] = [];
  for (let node = 1; node < base.size; node += 1) {
    if (met[node] === 1 || met[base.parent[node]!] === 0 || node === base.idle || whole === 0) continue;
    const share = base.total[node]! / whole;
    if (share >= leastVanished) gone.push({ name: base.frames[base.frame[node]!]!.name, share });
  }
  return gone.sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
}
