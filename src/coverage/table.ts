import type { Judgement, Verdict } from './judgement.ts';
import { summarise, summaryLines } from './summary.ts';

const headings: Readonly<Record<Verdict, string>> = {
  captures: 'Would capture',
  'no-route': 'Name a target, but no route takes them',
  'no-target': 'Leave no label that leads to a JVM',
  elsewhere: 'Are about another place',
  unreadable: 'Cannot be read',
  'not-a-jvm': 'Are not about a JVM',
};

/** The verdicts whose rules have a line each, in this order; the rest are only listed by their reason. */
const detailed: readonly Verdict[] = ['captures', 'no-route', 'no-target', 'elsewhere', 'unreadable'];

/**
 * The judgements as text for a terminal of that many columns. Rule names, labels and files are hostile text and are made
 * printable. Pure.
 * @param notes what the reader must know of the inputs: shown under the summary
 * @param routes whether they are the reader's own; otherwise nothing is said of them
 */
export function coverageText(
  judgements: readonly Judgement[],
  { width, notes, routes }: { width: number; notes: readonly string[]; routes: 'configured' | 'assumed' },
): string {
  const blocks = [
    [
      ...summaryLines(summarise(judgements)),
      ...notes.map((note) => wrapped(printable(note), width, '')),
    ].join('\n'),
    ...detailed.map((verdict) => detailedBlock(verdict, judgements, width, routes === 'configured')),
    asideBlock(judgements, width, routes === 'configured'),
  ];
  const legend = judgements.some(
    ({ verdict, certainty }) => verdict === 'captures' && certainty === 'assumed',
  )
    ? ['? the expression does not name this label; series have it where Prometheus discovers pods']
    : [];
  return `${[...blocks.filter((block) => block !== ''), ...legend.map((line) => wrapped(line, width, ''))].join('\n\n')}\n`;
}

const of = (verdict: Verdict, judgements: readonly Judgement[]): Judgement[] =>
  judgements.filter((each) => each.verdict === verdict);

function detailedBlock(
  verdict: Verdict,
  judgements: readonly Judgement[],
  width: number,
  showRoutes: boolean,
): string {
  const own = of(verdict, judgements);
  if (own.length === 0) return '';
  const rows = own.map((judgement) => cells(judgement, showRoutes));
  const widths = columnWidths(rows, width);
  const lines = own.flatMap((judgement, at) => [
    `  ${(rows[at] ?? []).map((cell, column) => fitted(cell, widths[column] ?? 0)).join('  ')}`.trimEnd(),
    ...underneath(judgement).map((line) => wrapped(printable(line), width, '      ')),
  ]);
  return [`${headings[verdict]} (${own.length})`, ...lines].join('\n');
}

/** Alert, what it names, route and event, panel, last month. */
function cells(judgement: Judgement, showRoutes: boolean): string[] {
  const { rule, verdict, route, event, panel } = judgement;
  const month = monthWords(judgement);
  if (verdict !== 'captures')
    return [printable(rule.name), printable(rule.place), ...(month === null ? [] : [month])];
  return [
    printable(rule.name),
    targetWords(judgement),
    ...(showRoutes && route !== null ? [printable(route.name ?? `routes[${route.index}]`)] : []),
    event ?? '',
    panel === null ? 'no panel' : 'panel known',
    ...(month === null ? [] : [month]),
  ];
}

/** `12 of 40`: captures, of alerts that fired; null: Prometheus was not asked. */
function monthWords({ verdict, lastMonth }: Judgement): string | null {
  if (lastMonth === null) return null;
  const { fired, captured } = lastMonth;
  if (fired === 0) return 'never fired';
  return verdict === 'captures' ? `${captured} of ${fired} in 30 days` : `fired ${fired} times in 30 days`;
}

/** `pod`, `Deployment by label deployment?` */
function targetWords({ target, certainty }: Judgement): string {
  if (target === null) return '';
  const { what, label } = target;
  const mark = certainty === 'assumed' ? '?' : '';
  return printable(label === '' || label === what ? `${what}${mark}` : `${what} (${label}${mark})`);
}

/** What the reader has to know or do, a line each. */
function underneath({ verdict, rule, why, change, conditions, target, rows }: Judgement): string[] {
  const lines: string[] = [];
  if (verdict === 'no-route' || verdict === 'elsewhere') lines.push(why);
  if (conditions.length > 0) lines.push(`only where ${conditions.join(' and ')}`);
  if (target?.namespaceMissing === true && target.kind === 'kubernetes')
    lines.push('no namespace: ambiguous where several have one of that name');
  if (rows?.seen === 0) lines.push('no series in Prometheus now');
  else if (verdict === 'captures' && rows !== null && rows.captured < rows.seen)
    lines.push(`only ${rows.captured} of its ${rows.seen}${rows.more ? ' first' : ''} rows in Prometheus`);
  if (change !== null)
    lines.push(verdict === 'captures' ? `better: ${change.what} (${rule.place})` : `→ ${change.what}`);
  return lines;
}

/** By reason, the most frequent first: their names in running text. */
function asideBlock(judgements: readonly Judgement[], width: number, showRoutes: boolean): string {
  const own = of('not-a-jvm', judgements);
  if (own.length === 0) return '';
  const byReason = new Map<string, string[]>();
  for (const { why, rule, route } of own) {
    const names = byReason.get(why) ?? [];
    const name = printable(rule.name) + (showRoutes && route !== null ? '*' : '');
    if (!names.includes(name)) names.push(name);
    byReason.set(why, names);
  }
  const reasons = [...byReason].sort(
    ([a, some], [b, others]) => others.length - some.length || (a < b ? -1 : 1),
  );
  const lines = reasons.map(([why, names]) =>
    wrapped(`${printable(why)}: ${names.join(', ')}`, width, '  ', '    '),
  );
  const routed =
    showRoutes && own.some(({ route }) => route !== null)
      ? [wrapped('* a route takes it: flamepin would look for a JVM in vain', width, '  ')]
      : [];
  return [`${headings['not-a-jvm']} (${own.length})`, ...lines, ...routed].join('\n');
}

/** The widest of each column, cut so that the line fits. */
function columnWidths(rows: readonly (readonly string[])[], width: number): number[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widest = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  // Two before the line and between the columns.
  const room = width - 2 * columns;
  while (widest.reduce((sum, each) => sum + each, 0) > room) {
    const most = Math.max(...widest);
    if (most <= minColumn) break;
    widest[widest.indexOf(most)] = most - 1;
  }
  return widest;
}

const minColumn = 8;

function fitted(cell: string, width: number): string {
  const characters = [...cell];
  return characters.length <= width
    ? cell + ' '.repeat(width - characters.length)
    : `${characters.slice(0, width - 1).join('')}…`;
}

/** Broken between words; a longer word stays whole, so that it can be copied. */
function wrapped(text: string, width: number, first: string, next = first): string {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && [...line].length + 1 + [...word].length > width) {
      lines.push(line);
      line = next;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line].join('\n');
}

/** Control characters would drive the terminal. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
