import type { ProfileAnswer } from './summary.ts';
import type { Comparison } from '../comparison/comparison.ts';
import { changeWords, testedWords } from '../comparison/row-change.ts';
import type { Link } from '../link.ts';
import type { ProfileEvent } from '../profile.ts';
import { percent, points, rateChange } from '../quantities.ts';

export interface MarkdownInput {
  /** `HighLatency checkout`. */
  title: string;
  /** `pod checkout-7d9f-x2x (slowest of 3)`; '' when unknown. */
  target: string;
  /** The window, ISO; null when it is not known. */
  startedAt: string | null;
  durationSeconds: number;
  answer: ProfileAnswer;
  /** Widest application frames per event; the lead event first. */
  topFrames: readonly { event: ProfileEvent; frames: readonly { name: string; share: number }[] }[];
  comparison: Pick<Comparison, 'baseLabel' | 'changed' | 'event'> | null;
  /** The alert's labels, shown at the end. */
  labels: Readonly<Record<string, string>>;
  /** Those without an absolute http or https address are left out. */
  links: readonly Link[];
}

const confidenceWords = { certain: 'certain', likely: 'likely', unknown: "can't tell" } as const;
const rowsShown = 5;

/**
 * A capture for a chat channel or an issue, as CommonMark with tables. Labels, frame and thread names are hostile
 * text: everything is escaped, and nothing can become a link or a mention except `links`.
 */
export function summaryMarkdown(input: MarkdownInput): string {
  const { answer, comparison } = input;
  const blocks = [
    `**${escapeMarkdown(answer.headline)}** (${confidenceWords[answer.confidence]})`,
    [
      escapeMarkdown(input.title),
      escapeMarkdown(input.target),
      windowWords(input),
      `${answer.samples} samples`,
    ]
      .filter((part) => part !== '')
      .join(' · '),
    answer.lines.map((line) => `- ${escapeMarkdown(line)}`).join('\n'),
    comparison === null ? '' : changedTable(comparison),
    ...input.topFrames.filter(({ frames }) => frames.length > 0).map(framesTable),
    labelLine(input.labels),
    input.links.flatMap(linkMarkdown).join(' · '),
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/**
 * Makes any text literal in CommonMark and GitHub's dialect, on one line, without mentions. Parentheses, braces and `!`
 * mean nothing once the brackets before them are escaped, and chats show the backslash.
 */
export function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]#|~$]/g, '\\$&')
    .replaceAll(/^(\s*)([-+]|\d+\.)(?=\s)/g, '$1\\$2')
    .replaceAll(/@(?=\w)/g, '@\u200b')
    .replaceAll(/:(?=\/\/)/g, ':\u200b')
    .replaceAll(/www\./gi, (www) => `${www.slice(0, 3)}\u200b.`);
}

function windowWords({ startedAt, durationSeconds }: MarkdownInput): string {
  const start = Date.parse(startedAt ?? '');
  if (Number.isNaN(start)) return `${durationSeconds} s`;
  const time = (at: number): string => new Date(at).toISOString();
  return `${time(start).slice(0, 19).replace('T', ' ')}–${time(start + durationSeconds * 1000).slice(11, 19)} UTC`;
}

function changedTable({ baseLabel, changed, event }: NonNullable<MarkdownInput['comparison']>): string {
  const shown = changed.slice(0, rowsShown);
  const rows = shown.map((row) => {
    const figures = [
      changeWords[row.change],
      percent(row.currentShare),
      percent(row.baseShare),
      points(row.deltaShare, row.deltaShareLow, row.deltaShareHigh),
      rateChange(row),
    ];
    return `| ${escapeMarkdown(row.frame)} | ${figures.join(' | ')} |`;
  });
  if (rows.length === 0) return '';
  const head = `| What changed (${event}, vs ${escapeMarkdown(baseLabel)}) | | now | before | share | rate |`;
  const table = [head, '|---|---|--:|--:|---|---|', ...rows].join('\n');
  return `${table}\n\n${testedWords(shown.map(({ change }) => change)).join(' ')}`;
}

function framesTable({ event, frames }: MarkdownInput['topFrames'][number]): string {
  const rows = frames
    .slice(0, rowsShown)
    .map(({ name, share }) => `| ${escapeMarkdown(name)} | ${percent(share)} |`);
  return [`| Widest in ${event} | share |`, '|---|--:|', ...rows].join('\n');
}

function labelLine(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries
    .map(([name, value]) => `${escapeMarkdown(name)}=${escapeMarkdown(JSON.stringify(value))}`)
    .join(' · ');
}

/** An address may not leave its parentheses. */
function linkMarkdown({ text, url }: Link): string[] {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return [];
  const address = new URL(url).href.replaceAll('(', '%28').replaceAll(')', '%29');
  return [`[${escapeMarkdown(text)}](${address})`];
}
