import { collectorPauses } from './collector-pauses.ts';
import type { CauseKind } from '../comparison/cause-kind.ts';
import { feltCompilation } from '../comparison/hot-spots.ts';
import { compilerFrame, type EventSamples, type FrameNames } from '../event-samples.ts';
import { percent } from '../quantities.ts';
import type { Profile } from '../profile.ts';

/** A cause that is not a method: said first when it is `strong`, else as a further line. */
export interface Verdict {
  kind: CauseKind;
  sentence: string;
  strong: boolean;
}

/** Difference of the cgroup's cpu.stat over the window. */
export interface CpuThrottling {
  periods: number;
  throttledPeriods: number;
  throttledMicros: number;
}

/** Of all scheduling periods (100 ms each by default); from here a limit explains a slow service by itself. */
const strongThrottling = 0.5;
const notableThrottling = 0.05;
/** Of the window; a JVM in good health pauses for less than one percent. */
const strongPauses = 0.2;
const notablePauses = 0.02;
/** Where they are estimated from samples they must be most of what a request can lose before they are the sentence. */
const strongSampledPauses = 0.4;
/** A JVM compiles most of what it needs in its first minutes. */
const freshMinutes = 15;

/** The cpu limit stopped the processes of the target's container. */
export function throttlingVerdict(throttling: CpuThrottling | null): Verdict | null {
  if (throttling === null || throttling.periods <= 0) return null;
  const share = throttling.throttledPeriods / throttling.periods;
  if (share < notableThrottling) return null;
  const seconds = (throttling.throttledMicros / 1e6).toFixed(1);
  return {
    kind: 'throttled',
    sentence: `cpu limit: throttled in ${percent(share)} of its periods (${seconds} s of waiting in this window, over all processors)`,
    strong: share >= strongThrottling,
  };
}

/** Stop-the-world pauses of the collector: the JDK's own events, else what the wall clock saw. */
export function pausesVerdict(profile: Profile): Verdict | null {
  const { gcPauses, durationSeconds } = profile;
  if (gcPauses.length === 0) return sampledPausesVerdict(profile);
  const paused = gcPauses.reduce((sum, pause) => sum + pause.durationMs, 0);
  const share = durationSeconds > 0 ? paused / 1000 / durationSeconds : 0;
  if (share < notablePauses) return null;
  const longest = Math.max(...gcPauses.map((pause) => pause.durationMs));
  return {
    kind: 'collection',
    sentence: `garbage collection stopped the JVM for ${percent(share)} of the window (${gcPauses.length} pauses, longest ${longest.toFixed(0)} ms)`,
    strong: share >= strongPauses,
  };
}

function sampledPausesVerdict(profile: Profile): Verdict | null {
  const pauses = collectorPauses(profile);
  const share = pauses === null ? 0 : pauses.stopped / pauses.looks;
  if (pauses === null || share < notablePauses) return null;
  return {
    kind: 'collection',
    sentence: `garbage collection stopped the JVM for about ${percent(share)} of the window (its VM thread was collecting in ${pauses.stopped} of ${pauses.looks} samples)`,
    strong: share >= strongSampledPauses,
  };
}

/** The process is new: started shortly before the alert, or only after it. */
export function freshStartVerdict(
  targetStartedAt: string | null,
  alertStartedAt: string | null,
  cpu: EventSamples,
  names: FrameNames,
): Verdict | null {
  const started = Date.parse(targetStartedAt ?? '');
  const alerted = Date.parse(alertStartedAt ?? '');
  if (Number.isNaN(started) || Number.isNaN(alerted)) return null;
  const minutes = (alerted - started) / 60_000;
  if (minutes > freshMinutes) return null;
  if (minutes < 0) {
    return {
      kind: 'compilation',
      sentence: 'this process started after the alert: its cause may have ended with the previous process',
      strong: false,
    };
  }
  const compiling = compilerShare(cpu, names);
  const warm = compiling >= 0.1 ? `; JIT compilation takes ${percent(compiling)} of its cpu` : '';
  return {
    kind: 'compilation',
    sentence: `the JVM started ${minutesWords(minutes)} before the alert${warm}`,
    strong: compiling >= 0.5 && (compiling * cpu.total) / cpu.seconds >= feltCompilation,
  };
}

function compilerShare(cpu: EventSamples, names: FrameNames): number {
  const compiler = names.names.indexOf(compilerFrame);
  if (compiler < 0 || cpu.samples === 0) return 0;
  const compiles = cpu.paths.map((path) => path[0] === compiler);
  const samples = cpu.path.reduce((sum, path, row) => sum + (compiles[path] ? (cpu.count[row] ?? 0) : 0), 0);
  return samples / cpu.samples;
}

function minutesWords(minutes: number): string {
  return minutes < 1 ? 'less than a minute' : minutes < 1.5 ? 'one minute' : `${minutes.toFixed(0)} minutes`;
}
