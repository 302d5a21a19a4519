import { renderHtml } from '../flamegraph/html.ts';
import { renderDifferenceSvg } from '../flamegraph/svg.ts';
import type { View } from '../flamegraph/view.ts';
import { changedFramesOf, compareProfiles } from '../profile/comparison/compare.ts';
import type { ChangedFrame, Comparison } from '../profile/comparison/comparison.ts';
import { unchangedWords } from '../profile/comparison/headline.ts';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { wasRecorded } from '../profile/recorded.ts';
import { profileEvents } from '../profile/sampling.ts';
import { Failure } from '../reasons/failure.ts';
import { openInput } from './input-file.ts';
import { writeOutput } from './output.ts';
import { readRecordingFile } from './recording-file.ts';
import { recordingView } from './render.ts';

export interface CompareOptions {
  event?: ProfileEvent;
  format: 'text' | 'json' | 'html' | 'svg';
  output?: string;
}

/** `flamepin compare BASE CURRENT`: what changed beyond noise, and by how much. */
export async function compare(
  basePath: string,
  currentPath: string,
  { event: wanted, format, output }: CompareOptions,
): Promise<void> {
  const baseFile = openInput(basePath);
  const currentFile = openInput(currentPath);
  const base = readRecordingFile(baseFile);
  const current = readRecordingFile(currentFile);
  const event = wanted ?? profileEvents.find((each) => isInBoth(base, current, each)) ?? 'cpu';
  if (!hasEither(base, current, event))
    throw new Failure('event-not-recorded', {
      detail: `no ${event} samples: ${baseFile.name} holds ${held(base)}, ${currentFile.name} ${held(current)}`,
    });
  const comparisonOf = (which: ProfileEvent): Comparison =>
    compareProfiles(base, current, { event: which, baseLabel: baseFile.name });
  const comparison = comparisonOf(event);
  if (comparison.otherwise !== undefined)
    throw new Failure('recorded-differently', { detail: comparison.headline });
  const title = currentFile.name;
  await writeOutput(
    format === 'html'
      ? await page(comparison, otherEvents(base, current, event).map(comparisonOf), base, current, title)
      : shown(comparison, base, current, format, title),
    output,
  );
}

/** Events of both recordings: each is a tab of the page, and has its own difference. */
function otherEvents(base: Profile, current: Profile, event: ProfileEvent): ProfileEvent[] {
  return profileEvents.filter((each) => each !== event && isInBoth(base, current, each));
}

function isInBoth(base: Profile, current: Profile, event: ProfileEvent): boolean {
  return base.events[event] !== undefined && current.events[event] !== undefined;
}

function hasEither(base: Profile, current: Profile, event: ProfileEvent): boolean {
  return [base, current].some((profile) => wasRecorded(profile, event) === true);
}

const held = ({ events }: Profile): string => Object.keys(events).join(', ');

async function page(
  comparison: Comparison,
  others: readonly Comparison[],
  base: Profile,
  current: Profile,
  title: string,
): Promise<string> {
  const { event, baseLabel, changed } = comparison;
  const changedFrames = changedFramesOf([comparison, ...others]);
  const view: View = {
    ...recordingView(current, event, title, { comparison, others }),
    comparison: { baseLabel, baseHref: null, rows: changed, changedFrames },
    opensAsDifference: true,
  };
  return renderHtml(current, view, base);
}

function shown(
  comparison: Comparison,
  base: Profile,
  current: Profile,
  format: Exclude<CompareOptions['format'], 'html'>,
  title: string,
): string {
  const { event, baseLabel, headline, changedFrames } = comparison;
  switch (format) {
    case 'text':
      return text(comparison, recordingView(current, event, title, { comparison, others: [] }).lines);
    case 'json':
      return `${JSON.stringify(comparison, null, 2)}\n`;
    case 'svg':
      return renderDifferenceSvg(base, current, {
        event,
        title: `${title}: ${headline}`,
        baseLabel,
        changed: changedFrames,
      });
  }
}

/** `lines`: what else is to be known, such as what this profile cannot show. */
function text(
  { headline, changed, baseSamples, currentSamples, baseLabel }: Comparison,
  lines: readonly string[],
): string {
  const samples = `${currentSamples} samples against ${baseSamples} of ${baseLabel}`;
  return `${[headline, ...lines, '', ...changed.map(row), '', samples].join('\n')}\n`;
}

function row(changed: ChangedFrame): string {
  const { frame, baseShare, currentShare, deltaShare, deltaShareLow, deltaShareHigh, significant } = changed;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(8);
  const interval = ((deltaShareHigh - deltaShareLow) / 2) * 100;
  const verdict = significant
    ? `${deltaShare > 0 ? '▲ +' : '▼ −'}${Math.abs(deltaShare * 100).toFixed(1)} ±${interval.toFixed(1)} points`
    : unchangedWords(changed);
  return `${percent(currentShare)} ${percent(baseShare)}  ${verdict.padEnd(24)} ${frame.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd')}`;
}
