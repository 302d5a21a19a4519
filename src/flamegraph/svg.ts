import type { ChangedNames } from '../profile/comparison/comparison.ts';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
import type { CallTree } from './call-tree.ts';
import { differenceOf, type Difference } from './difference.ts';
import { escapedName, visibleName } from './escape.ts';
import { countText, pointsText, shareText, weightText, windowText } from './figures.ts';
import { layOut } from './layout.ts';
import { changePaint, kindPaint, legend, unchanged, type Paint } from './palette.ts';
import { idleName, readingOf } from './reading.ts';
import { profileTree } from './profile-tree.ts';

export interface SvgOptions {
  event: ProfileEvent;
  /** One line above the picture. Hostile text. */
  title: string;
  /** Fold runs of framework frames; default false: a file that cannot be clicked shows everything. */
  foldFramework?: boolean;
  applicationPackages?: readonly string[];
}

export interface DifferenceSvgOptions extends SvgOptions {
  /** How the baseline is called: `Tue 14:00, same image`. */
  baseLabel: string;
  /** What the comparison of the two calls changed. */
  changed: ChangedNames;
}

const width = 1200;
const margin = 10;
const rowHeight = 17;
/** Boxes below a tenth of a pixel cannot be seen, but would be most of the file. */
const minimumWidth = 0.1;
/** Stacks that differ in lines alone share a box, so a box may be made of stacks below its width: half of it. */
const mergedStacks = 2;
/** Stacks below this share of the whole are not told apart in a static picture: no box shows them. */
export const svgLeastShare = minimumWidth / (width - 2 * margin) / mergedStacks;
/** Below the title's first line: the line of facts and colours, and air. */
const headHeight = 66;
/** Advance of a monospace font is 0.6 em; with 11 px text that is 6.6 px. */
const characterWidth = 6.6;
const columns = Math.floor((width - 2 * margin) / characterWidth);
/** The title's font is the reader's: wide ones take 0.6 em on average, 10.2 px of 17. */
const titleColumns = Math.floor((width - 2 * margin) / 10.2);
const titleLineHeight = 21;
/** Of a colour in the legend: its swatch, and air around it. */
const swatchWidth = 24;
const vanishedShown = 5;

/**
 * One event as a static icicle, root on top: the same bytes for the same profile and options. No script, no
 * style element, no reference to anything outside.
 */
export function renderSvg(profile: Profile, options: SvgOptions): string {
  const tree = treeOf(profile, options);
  return svgFile(profile, options, tree, drawBoxes(tree, options.event, null), kindLegend(), []);
}

/**
 * One event against a baseline: widths are today's shares, colour and sign the change of the share of the total
 * (orange ▲ grew, blue ▼ shrank, grey within noise). What only the baseline had is listed below.
 */
export function renderDifferenceSvg(base: Profile, profile: Profile, options: DifferenceSvgOptions): string {
  const tree = treeOf(profile, options);
  const difference = differenceOf(tree, treeOf(base, options), options.event, options.changed);
  const boxes = drawBoxes(tree, options.event, difference);
  const against = {
    words: `against ${visibleName(options.baseLabel)}`,
    figures: `: ${windowText(base)}, ${countText(difference.baseSamples)} samples`,
  };
  const gone = difference.vanished.slice(0, vanishedShown);
  const notes = gone.map(({ name, share }) => ({
    words: `▼ gone: ${visibleName(name)}`,
    figures: ` (was ${shareText(share)})`,
  }));
  return svgFile(profile, options, tree, boxes, changeLegend(), [against, ...notes]);
}

function treeOf(profile: Profile, options: SvgOptions): CallTree {
  return profileTree(readingOf(profile, options.applicationPackages ?? []), options.event, {
    foldFramework: options.foldFramework ?? false,
    threads: true,
    leastShare: svgLeastShare,
  });
}

/** A line below the picture: words, which are cut where they are too long, and figures. */
interface Note {
  words: string;
  figures: string;
}

interface Drawn {
  rows: number;
  /** Pieces of SVG, in their order; joined once, with everything else. */
  boxes: string[];
}

function drawBoxes(tree: CallTree, event: ProfileEvent, difference: Difference | null): Drawn {
  const out: string[] = [];
  const layout = layOut(tree, { width: width - 2 * margin, minimumWidth, zoom: 0 });
  const whole = tree.total[0]!;
  const escaped: (string | undefined)[] = [];
  for (let box = 0; box < layout.count; box += 1) {
    const node = layout.node[box]!;
    const frameNumber = tree.frame[node]!;
    const frame = tree.frames[frameNumber]!;
    const name = (escaped[frameNumber] ??= escapedName(frame.name));
    const x = margin + layout.x[box]!;
    const y = layout.row[box]! * rowHeight;
    const wide = layout.width[box]!;
    let paint: Paint;
    let change = '';
    if (difference === null || frame.kind === 'idle') {
      paint = kindPaint(frame.kind, 'light');
    } else {
      const delta = difference.delta(node);
      const verdict = difference.verdict(node);
      paint = changePaint(verdict, delta, 'light');
      change = verdict === 'same' ? '' : `${pointsText(delta)} `;
    }
    const weight = weightText(event, tree.total[node]!);
    const share = whole > 0 ? tree.total[node]! / whole : 0;
    const figures =
      frame.kind === 'idle'
        ? `${weight}, not in the shares, width not to scale`
        : `${weight}, ${shareText(share)}${differenceWords(difference, node)}`;
    // A gap of half a pixel on each side keeps neighbours of the same kind apart without a stroke.
    const drawn = wide > 3 ? wide - 0.6 : wide;
    out.push(
      `<rect x="${x.toFixed(1)}" y="${y}" width="${drawn.toFixed(1)}" height="16" fill="${paint.fill}"><title>${name} (${figures})</title></rect>`,
    );
    const room = Math.floor((wide - 6) / characterWidth);
    if (room < 3) continue;
    const label = fitted(`${change}${frame.label}`, room);
    out.push(
      `<text x="${(x + 3).toFixed(1)}" y="${y + 12}" fill="${paint.text}">${escapedName(label)}</text>\n`,
    );
  }
  return { rows: layout.rows, boxes: out };
}

function differenceWords(difference: Difference | null, node: number): string {
  if (difference === null) return '';
  const words = `; was ${shareText(difference.baseShare(node))}, ${pointsText(difference.delta(node))} points`;
  return difference.verdict(node) === 'same' ? `${words}, ${unchanged}` : words;
}

/** Cuts a label to a number of columns; characters from U+1100 on may take two. */
function fitted(label: string, columns: number): string {
  let used = 0;
  let text = '';
  for (const character of label) {
    used += character > '\u10ff' && character !== '…' && !'▲▼−⋯'.includes(character) ? 2 : 1;
    if (used > columns) return `${[...text].slice(0, -1).join('')}…`;
    text += character;
  }
  return text;
}

/** A title on one line, or broken at a blank into two; what is left then is cut. */
function titleLines(title: string): string[] {
  const whole = visibleName(title);
  const first = fitted(whole, titleColumns);
  if (first === whole) return [whole];
  const room = first.length - 1;
  const blank = whole.lastIndexOf(' ', room);
  const end = blank > room / 2 ? blank : room;
  return [whole.slice(0, end), fitted(whole.slice(end).trimStart(), titleColumns)];
}

function svgFile(
  profile: Profile,
  { event, title }: SvgOptions,
  tree: CallTree,
  { rows, boxes }: Drawn,
  keys: readonly { paint: Paint; words: string }[],
  notes: readonly Note[],
): string {
  const shown = escapedName(title);
  const partial = profile.partial ? ', partial recording' : '';
  const idle =
    tree.idle < 0 ? '' : `; ${idleName(event)} left out (${countText(tree.samples[tree.idle]!)} samples)`;
  const facts = `${event}: ${countText(tree.samples[0]!)} samples, ${windowText(profile)}${partial}${idle}`;
  const heading = titleLines(title);
  const down = (heading.length - 1) * titleLineHeight;
  const top = headHeight + down;
  const bottom = top + rows * rowHeight + 8;
  const height = bottom + notes.length * 16 + 8;
  let x = width - margin;
  const swatches = keys.toReversed().map(({ paint, words }) => {
    x -= words.length * characterWidth + swatchWidth;
    return `<rect x="${x.toFixed(1)}" y="${48 + down}" width="10" height="10" fill="${paint.fill}"/><text x="${(x + 14).toFixed(1)}" y="${57 + down}" fill="#1d2226">${words}</text>`;
  });
  const factsShown = fitted(facts, Math.floor((x - 2 * margin) / characterWidth));
  const below = notes.map(({ words, figures }, line) => {
    const cut = fitted(words, columns - figures.length);
    const whole = cut === words ? '' : `<title>${escapedName(words + figures)}</title>`;
    return `<text x="${margin}" y="${bottom + 12 + line * 16}" fill="#1d2226">${whole}${escapedName(cut + figures)}</text>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">\n`,
    `<title id="t">${shown}</title>\n<desc id="d">${escapedName(facts)}</desc>\n`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="11">\n`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>\n`,
    ...heading.map(
      (line, at) =>
        `<text x="${margin}" y="${26 + at * titleLineHeight}" font-size="17" font-family="system-ui, sans-serif" font-weight="600" fill="#14181c">${escapedName(line)}</text>\n`,
    ),
    `<text x="${margin}" y="${57 + down}" fill="#3c454d">${escapedName(factsShown)}</text>\n`,
    ...swatches,
    `\n<g transform="translate(0 ${top})">\n`,
    ...boxes,
    '</g>\n',
    ...below,
    '</g>\n</svg>\n',
  ].join('');
}

function kindLegend(): { paint: Paint; words: string }[] {
  return legend.map(({ kind, words }) => ({ paint: kindPaint(kind, 'light'), words }));
}

function changeLegend(): { paint: Paint; words: string }[] {
  return [
    { paint: changePaint('grew', 1, 'light'), words: '▲ grew' },
    { paint: changePaint('shrank', -1, 'light'), words: '▼ shrank' },
    { paint: changePaint('same', 0, 'light'), words: unchanged },
  ];
}
