import { renderHtml } from '../flamegraph/html.ts';
import { renderDifferenceSvg } from '../flamegraph/svg.ts';
import type { View } from '../flamegraph/view.ts';
import { changedFramesOf, compareProfiles } from '../profile/comparison/compare.ts';
import type { ChangedFrame, Comparison } from '../profile/comparison/comparison.ts';
import { changeWords, testedWords } from '../profile/comparison/row-change.ts';
import { rateChange } from '../profile/quantities.ts';
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
  const others = otherEvents(base, current, event).map(comparisonOf);
  const view = recordingView(current, event, currentFile.name, { comparison, others });
  await writeOutput(
    format === 'html'
      ? await page(view, comparison, others, base, current)
      : shown(view, comparison, base, current, format),
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
  view: View,
  comparison: Comparison,
  others: readonly Comparison[],
  base: Profile,
  current: Profile,
): Promise<string> {
  const { baseLabel, changed } = comparison;
  const changedFrames = changedFramesOf([comparison, ...others]);
  const compared: View = {
    ...view,
    comparison: { baseLabel, baseHref: null, rows: changed, changedFrames },
    opensAsDifference: true,
  };
  return renderHtml(current, compared, base);
}

/** The sentence is the answer's, as on the page: it may say what other events show. */
function shown(
  { title, headline, lines }: View,
  comparison: Comparison,
  base: Profile,
  current: Profile,
  format: Exclude<CompareOptions['format'], 'html'>,
): string {
  const { event, baseLabel, changedFrames } = comparison;
  switch (format) {
    case 'text':
      return text({ ...comparison, headline }, lines);
    case 'json':
      return `${JSON.stringify({ ...comparison, headline }, null, 2)}\n`;
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
  const tested = testedWords(changed.map(({ change }) => change));
  return `${[headline, ...lines, '', ...changed.map(row), '', ...tested, samples].join('\n')}\n`;
}

function row(changed: ChangedFrame): string {
  const { frame, baseShare, currentShare, deltaShare, deltaShareLow, deltaShareHigh, change } = changed;
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(8);
  const interval = ((deltaShareHigh - deltaShareLow) / 2) * 100;
  const points = `${deltaShare < 0 ? '−' : '+'}${Math.abs(deltaShare * 100).toFixed(1)} ±${interval.toFixed(1)} points`;
  const figures = [changeWords[change].padEnd(18), points.padEnd(19), rateChange(changed).padEnd(46)];
  return `${percent(currentShare)} ${percent(baseShare)}  ${figures.join(' ')} ${frame.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd')}`;
}
