import { selfOf, type CallTree } from '../call-tree.ts';
import type { Difference } from '../difference.ts';
import { visibleName } from '../escape.ts';
import { countText, pointsText, shareText, weightText } from '../figures.ts';
import { unchanged } from '../palette.ts';
import type { PictureKind } from '../picture-frame.ts';
import type { ProfileEvent } from '../../profile/profile.ts';

/** What is said of a frame, in one place for tip, sheet, table and screen reader. */
export interface FrameWords {
  event: ProfileEvent;
  name: string;
  kind: string;
  share: string;
  self: string;
  samples: string;
  /** '' without a baseline. */
  change: string;
}

const kinds: Record<PictureKind, string> = {
  application: 'application',
  framework: 'framework',
  jdk: 'JDK',
  native: 'native',
  kernel: 'kernel',
  'gc-jit': 'GC or JIT',
  root: 'everything',
  threads: 'threads',
  folded: 'folded framework frames',
  idle: 'not in the shares, width not to scale',
};

/** `whole`: the weight that is 100 %. */
export function frameWords(
  event: ProfileEvent,
  tree: CallTree,
  node: number,
  whole: number,
  difference: Difference | null,
): FrameWords {
  const frame = tree.frames[tree.frame[node]!]!;
  const total = tree.total[node]!;
  const samples = `${countText(tree.samples[node]!)} samples`;
  const weight = weightText(event, total);
  const of = (part: number): string => (whole > 0 && frame.kind !== 'idle' ? shareText(part / whole) : '–');
  return {
    event,
    name: visibleName(frame.name),
    kind: kinds[frame.kind],
    share: of(total),
    self: of(selfOf(tree, node)),
    samples: weight === samples ? samples : `${weight}, ${samples}`,
    change: difference === null ? '' : changeWords(difference, node),
  };
}

/** For the tip and the screen reader. */
export function oneLine(words: FrameWords): string {
  const parts = [words.name, words.share, words.samples, words.change, words.kind];
  return parts.filter((part) => part !== '').join(' · ');
}

function changeWords(difference: Difference, node: number): string {
  const before = `was ${shareText(difference.baseShare(node))}`;
  return difference.verdict(node) === 'same'
    ? `${before}, ${unchanged}`
    : `${before}, ${pointsText(difference.delta(node))} points`;
}
