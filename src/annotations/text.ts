import { html } from 'ghtml';
import type { Capture } from '../captures/capture.ts';
import { describeReason, type Reason } from '../reasons/failure.ts';
import type { Link } from '../profile/link.ts';
import { captureEvents } from '../profile/sampling.ts';
import { clip, link, pageUrl } from './markup.ts';

/** What the text of a mark needs besides the capture itself. */
export interface Surroundings {
  /** Where people reach flamepin, `https://flamepin.example.com`; null when it is not configured. */
  publicUrl: string | null;
  /** A link to the picture that works without flamepin, used when there is no publicUrl. */
  signed: { url: string; expiresAt: Date } | null;
  /** Why the mark is not on the alert's own panel, a sentence; '' when it is. */
  place: string;
  /** The same time elsewhere, in a continuous profiler; even where flamepin has no profile. */
  profilerLinks: readonly Link[];
}

/** Bounds, in characters: labels may be of any length, MySQL's TEXT column ends at 64 KB. */
const most = { headline: 400, line: 300, name: 120, frame: 160, detail: 500, url: 2000 } as const;
const mostProfilerLinks = 5;

/** The mark while the capture runs, as HTML. */
export function beginText(capture: Capture, around: Surroundings): string {
  const doing = html`<b>flamepin</b> profiling !${targetName(capture)} (${captureEvents.join(', ')}) for
    ${capture.request.durationSeconds} s …`;
  return joined([
    doing,
    context(capture),
    pageLinks(capture, around, 'Follow the capture'),
    profilerLine(around),
    below(around),
  ]);
}

/**
 * The mark in its final form, as HTML: the answer and the link, or the reason why there is none. Grafana shows it
 * through its sanitiser: `a` with http(s), `b`, `br`, `code` and `i` survive; newlines and Markdown mean nothing.
 */
export function finishText(capture: Capture, around: Surroundings): string {
  const stored = capture.state === 'done';
  const lines = stored || capture.answer !== null ? answerLines(capture) : refusalLines(capture);
  const label = stored ? 'Open the flame graph' : 'Details';
  return joined([
    harmLine(capture),
    siblingLine(capture),
    ...lines,
    stored ? '' : unstoredLine(capture),
    context(capture),
    pageLinks(capture, around, label),
    profilerLine(around),
    below(around),
  ]);
}

function harmLine({ harm, harmBlocks }: Capture): string {
  if (harm === null) return '';
  return harmBlocks === false
    ? html`After the window: ${clip(harm, most.line)}`
    : html`<b>Attention: ${clip(harm, most.line)}</b> This image will not be profiled again until the block is
        released.`;
}

function siblingLine({ sibling }: Capture): string {
  if (sibling === null || sibling.harm === null) return '';
  const harm = `sibling ${sibling.name}: ${sibling.harm}`;
  return html`<b>Attention: ${clip(harm, most.line)}</b> This image will not be profiled again until the block
    is released.`;
}

const joined = (lines: readonly string[]): string =>
  lines
    .filter((line) => line !== '')
    .map((line) => line.replaceAll(/\s+/g, ' '))
    .join('<br>');

function answerLines(capture: Capture): string[] {
  const { answer, partial, request } = capture;
  const short = partial
    ? html`Partial: the recording covers less than the window of ${request.durationSeconds} s.`
    : '';
  if (answer === null) return ['<b>Profiled, but there is no answer.</b>', short];
  const certainty =
    answer.confidence === 'likely'
      ? ' <i>likely</i>'
      : answer.confidence === 'unknown'
        ? ' <i>can’t tell the cause</i>'
        : '';
  const frames = answer.topFrames
    .slice(0, 3)
    .map(({ name, share }) => html`${percent(share)} <code>${clip(name, most.frame)}</code>`);
  const choice = capture.target?.choice ?? '';
  const evidence = [
    html`!${targetName(capture)}${choice === '' ? '' : ` (${clip(choice, most.name)})`}`,
    html`${answer.samples.toLocaleString('en-US')} samples / ${request.durationSeconds} s`,
    windowOf(capture),
  ];
  return [
    html`<b>${clip(answer.headline, most.headline)}</b>!${certainty}`,
    ...answer.lines.slice(0, 4).map((line) => html`${clip(line, most.line)}`),
    ...frames,
    short,
    evidence.filter((part) => part !== '').join(' · '),
  ];
}

/** An answer whose flame graph is not stored yet, or never will be. */
function unstoredLine({ answer, state, reason }: Capture): string {
  if (answer === null) return '';
  const sentence = reason === null ? '' : describeReason(reason).sentence;
  return state === 'failed'
    ? html`<i>The flame graph was never stored. ${sentence}</i>`
    : html`<i>The flame graph is not stored yet. ${sentence} flamepin keeps trying.</i>`;
}

function refusalLines(capture: Capture): string[] {
  const reason: Reason = capture.reason ?? { code: 'internal-error', detail: 'no reason was recorded' };
  const { sentence, detail, remedy } = describeReason(reason);
  const what = capture.target === null ? '' : html`Target: !${targetName(capture)}.`;
  return [
    html`<b>No profile: !${withCode(asClause(sentence))}</b> !${withCode(remedy)}`,
    detail === '' ? '' : html`<code>${clip(detail, most.detail)}</code>`,
    what,
  ];
}

/** The list of reasons puts names of settings in backticks. */
const withCode = (text: string): string =>
  text
    .split('`')
    .map((part, i) => (i % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))
    .join('');

/** "The disk is full." → "the disk is full."; names at the beginning keep their capital. */
const asClause = (sentence: string): string =>
  sentence.replace(/^(The|A|An|No|Nothing|Too|This|It|Several|More|Another|Captures|Other)\b/, (word) =>
    word.toLowerCase(),
  );

function targetName({ target, alert }: Capture): string {
  if (target === null) return html`the JVM of ${clip(alert.labels['alertname'] ?? 'the alert', most.name)}`;
  const kind = { kubernetes: 'pod ', docker: 'container ', host: '', ssh: '' }[target.kind];
  return html`${kind}<code>${clip(target.name, most.name)}</code>`;
}

/** Marks do not follow the dashboard's variables, so each says what it is about. */
function context({ alert, target, alertResolvedAt }: Capture): string {
  const resolved = alertResolvedAt === null ? '' : `resolved ${clock(alertResolvedAt)} UTC`;
  const parts = [
    alert.labels['alertname'] ?? '',
    target?.workload ?? alert.labels['namespace'] ?? '',
    resolved,
  ];
  return html`${parts
    .filter((part) => part !== '')
    .map((part) => clip(part, most.name))
    .join(' · ')}`;
}

function baseName({ answer, sibling }: Capture): string {
  return answer?.comparedWith?.captureId === sibling?.captureId ? 'sibling' : 'baseline';
}

function windowOf({ timeline: { startedAt, windowEndedAt } }: Capture): string {
  return startedAt === null || windowEndedAt === null
    ? ''
    : `${clock(startedAt)}–${clock(windowEndedAt)} UTC`;
}

function pageLinks(capture: Capture, around: Surroundings, text: string): string {
  const { publicUrl, signed } = around;
  if (publicUrl !== null) {
    const page = pageUrl(publicUrl, capture.id);
    const parts = [link({ text, url: page })];
    const baseline = capture.answer?.comparedWith ?? null;
    if (baseline !== null)
      parts.push(link({ text: baseName(capture), url: pageUrl(publicUrl, baseline.captureId) }));
    if (capture.artifacts.some(({ name }) => name === 'flamegraph.svg'))
      parts.push(link({ text: 'SVG', url: `${page}/flamegraph.svg` }));
    return parts.join(' · ');
  }
  if (signed !== null) {
    const until = `${signed.expiresAt.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    return html`!${link({ text, url: signed.url })} (works until ${until}; set server.publicUrl for a lasting
    link)`;
  }
  return html`No link: flamepin does not know its own address (server.publicUrl). Capture
    <code>${capture.id}</code>`;
}

/** Cut to their number and length: half an address would lead nowhere. */
function profilerLine({ profilerLinks }: Surroundings): string {
  const usable = profilerLinks.filter(({ url }) => url.length <= most.url).slice(0, mostProfilerLinks);
  return usable.length === 0
    ? ''
    : html`Same time in
      !${usable.map(({ text, url }) => link({ text: clip(text, most.name), url })).join(' · ')}`;
}

const below = ({ place }: Surroundings): string => (place === '' ? '' : html`<i>${place}</i>`);

const percent = (share: number): string => `${Math.round(share * 100)}%`;

const clock = (iso: string): string => new Date(iso).toISOString().slice(11, 19);
