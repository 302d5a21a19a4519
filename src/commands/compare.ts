import { basename } from 'node:path';
import { renderHtml } from '../flamegraph/html.ts';
import { renderDifferenceSvg } from '../flamegraph/svg.ts';
import { compareProfiles } from '../profile/compare.ts';
import type { ChangedFrame, Comparison } from '../profile/comparison.ts';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
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
  const base = await readRecordingFile(basePath);
  const current = await readRecordingFile(currentPath);
  const comparison = compareProfiles(base, current, { event, baseLabel: basename(basePath) });
  await writeOutput(await shown(comparison, base, current, format, basename(currentPath)), output);
}

async function shown(
  comparison: Comparison,
  base: Profile,
  current: Profile,
  format: CompareOptions['format'],
  title: string,
): Promise<string> {
  const { event, baseLabel, headline, changed } = comparison;
  switch (format) {
    case 'text':
      return text(comparison);
    case 'json':
      return `${JSON.stringify(comparison, null, 2)}\n`;
    case 'svg':
      return renderDifferenceSvg(base, current, { event, title: `${title}: ${headline}`, baseLabel });
    case 'html': {
      const view = recordingView(current, event, title);
      return renderHtml(
        current,
        {
          ...view,
          headline,
          comparison: { baseLabel, baseHref: null, rows: changed },
          opensAsDifference: true,
        },
        base,
      );
    }
  }
}

function text({ headline, changed, baseSamples, currentSamples, baseLabel }: Comparison): string {
  const rows = changed.map(row);
  return `${[headline, '', ...rows, '', `${currentSamples} samples against ${baseSamples} of ${baseLabel}`].join('\n')}\n`;
}

function row({
  frame,
  baseShare,
  currentShare,
  deltaShare,
  deltaShareLow,
  deltaShareHigh,
  significant,
}: ChangedFrame): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(8);
  const interval = ((deltaShareHigh - deltaShareLow) / 2) * 100;
  const verdict = significant
    ? `${deltaShare > 0 ? '▲ +' : '▼ −'}${Math.abs(deltaShare * 100).toFixed(1)} ±${interval.toFixed(1)} points`
    : 'within noise';
  return `${percent(currentShare)} ${percent(baseShare)}  ${verdict.padEnd(24)} ${frame.replaceAll(/[\p{Cc}\p{Cf}]/gu, '\ufffd')}`;
}
