import { basename } from 'node:path';
import { renderHtml } from '../flamegraph/html.ts';
import { renderDifferenceSvg } from '../flamegraph/svg.ts';
import type { View } from '../flamegraph/view.ts';
import { changedFramesOf, compareProfiles } from '../profile/compare.ts';
import type { ChangedFrame, Comparison } from '../profile/comparison.ts';
import { unchangedWords } from '../profile/comparison-headline.ts';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { profileEvents } from '../profile/sampling.ts';
import { writeOutput } from './output.ts';
import { readRecordingFile } from './recording-file.ts';
import { recordingView } from './render.ts';

export interface CompareOptions {
  event: ProfileEvent;
  format: 'text' | 'json' | 'html' | 'svg';
  output?: string;
}

/** `flamepin compare BASE CURRENT`: what changed beyond noise, and by how much. */
export async function compare(
  basePath: string,
  currentPath: string,
  { event, format, output }: CompareOptions,
): Promise<void> {
  const base = readRecordingFile(basePath);
  const current = readRecordingFile(currentPath);
  const comparisonOf = (which: ProfileEvent): Comparison =>
    compareProfiles(base, current, { event: which, baseLabel: basename(basePath) });
  const comparison = comparisonOf(event);
  const title = basename(currentPath);
  await writeOutput(
    format === 'html'
      ? await page(comparison, otherEvents(base, current, event).map(comparisonOf), base, current, title)
      : shown(comparison, base, current, format, title),
    output,
  );
}

/** Events of both recordings: each is a tab of the page, and has its own difference. */
function otherEvents(base: Profile, current: Profile, event: ProfileEvent): ProfileEvent[] {
  const isInBoth = (each: ProfileEvent): boolean =>
    base.events[each] !== undefined && current.events[each] !== undefined;
  return profileEvents.filter((each) => each !== event && isInBoth(each));
}

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
