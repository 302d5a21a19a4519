import { setFlagsFromString } from 'node:v8';
import { renderHtml } from '../flamegraph/html.ts';
import { renderSvg, svgLeastShare } from '../flamegraph/svg.ts';
import type { View } from '../flamegraph/view.ts';
import { collapsed } from '../profile/collapsed.ts';
import type { Comparison } from '../profile/comparison/comparison.ts';
import type { ExportFormat } from '../profile/export/export-format.ts';
import { exported } from '../profile/export/exported.ts';
import type { Profile, ProfileEvent } from '../profile/profile.ts';
import { profileEvents } from '../profile/sampling.ts';
import { answer } from '../profile/answer/summary.ts';
import { Failure } from '../reasons/failure.ts';
import { openInput } from './input-file.ts';
import { writeOutput } from './output.ts';
import { readRecordingFile } from './recording-file.ts';
import { readStacksFile } from './stacks-file.ts';

/**
 * Up to this size, unpacked bytes, V8's last compiler takes more time than it saves: rendering takes a sixth less
 * without it at 1 MB, the same at 9 MB, and a quarter more at 18 MB (docs/benchmarks.md).
 */
const soonRendered = 6 * 1024 * 1024;

export interface RenderOptions {
  event?: ProfileEvent;
  format: 'html' | 'svg' | 'json' | 'collapsed' | ExportFormat;
  output?: string;
}

/** `flamepin render RECORDING`: a recording of async-profiler or the JDK, or folded stacks, as picture or data. */
export async function render(path: string, { event: wanted, format, output }: RenderOptions): Promise<void> {
  const input = openInput(path);
  const stacks = readStacksFile(input, wanted ?? 'cpu', format === 'svg' ? svgLeastShare : 0);
  if (stacks !== null && (format === 'html' || format === 'json')) throw new Failure('stacks-without-times');
  for (const warning of stacks?.warnings ?? []) process.stderr.write(`${warning}\n`);
  const profile = stacks ?? readRecordingFile(input, spareCompiler);
  const event = wanted ?? profileEvents.find((each) => profile.events[each] !== undefined) ?? 'cpu';
  if (profile.events[event] === undefined && format !== 'collapsed')
    throw new Failure('event-not-recorded', {
      detail: `no ${event} samples; it holds ${Object.keys(profile.events).join(', ')}`,
    });
  await writeOutput(await rendered(profile, event, format, input.name), output);
}

function spareCompiler(bytes: number): void {
  if (bytes <= soonRendered) setFlagsFromString('--no-opt');
}

async function rendered(
  profile: Profile,
  event: ProfileEvent,
  format: RenderOptions['format'],
  name: string,
): Promise<string | Uint8Array> {
  switch (format) {
    case 'html':
      return renderHtml(profile, recordingView(profile, event, name));
    case 'svg':
      return renderSvg(profile, { event, title: name });
    case 'json':
      return JSON.stringify(profile);
    case 'collapsed':
      return collapsed(profile, event);
    case 'pprof':
    case 'speedscope':
    case 'grafana':
      return exported(profile, event, format, name);
  }
}

/** A recording that nobody's alert asked for, as the page shows it; `against`: comparisons of its events, if any. */
export function recordingView(
  profile: Profile,
  event: ProfileEvent,
  title: string,
  against: { comparison: Comparison | null; others: readonly Comparison[] } = {
    comparison: null,
    others: [],
  },
): View {
  const { headline, confidence, lines, topFrames } = answer({
    profile,
    event,
    labels: {},
    startsAt: null,
    durationSeconds: profile.durationSeconds,
    comparison: against.comparison,
    otherComparisons: against.others,
    cpuThrottling: null,
    targetStartedAt: null,
  });
  return {
    title,
    badges: profile.partial ? [{ text: 'partial', tone: 'warning' }] : [],
    headline,
    confidence,
    lines,
    window: { startedAt: profile.startedAt, durationSeconds: profile.durationSeconds },
    event,
    comparison: null,
    topFrames,
    facts: [profile.jvm, profile.engine === null ? null : `engine ${profile.engine}`].filter(
      (fact) => fact !== null,
    ),
    links: [],
    details: [],
    applicationPackages: [],
  };
}
