import { performance } from 'node:perf_hooks';
import type { ArtifactStore } from '../artifact-store.ts';
import type { Target, TargetRequest, Targets } from '../target.ts';
import type { Analysis, AnalysisInput } from '../analysis/analysis.ts';
import type { Capture } from '../capture.ts';
import type { CaptureLimits, Ledger } from '../ledger.ts';
import type { CaptureObserver, CaptureStage } from '../observer.ts';
import type { Profiling } from '../profiling.ts';
import type { RecordingMemory } from '../analysis/recording-memory.ts';
import type { Baseline } from '../baselines/baseline-profile.ts';

/** What moving a capture from stage to stage needs. */
export interface StageParts {
  ledger: Ledger;
  targets(kind: Target['kind']): Promise<Targets>;
  profiling: Profiling;
  analysis: Analysis;
  store: ArtifactStore;
  baselineFor(capture: Capture, signal: AbortSignal): Promise<Baseline | null>;
  observer: CaptureObserver;
  now: () => number;
  owner: string;
  memory: RecordingMemory;
  limits: CaptureLimits & { maxRecordingBytes: number; deadlineMs: number };
  /** How old a recording may become, in the store or on its way there; milliseconds. */
  recordingsKeptMs: number;
  publicUrl: string | null;
  applicationPackages: readonly string[];
  profilerLinks(capture: Capture): AnalysisInput['profilerLinks'];
  /** Something new waits in the queue. */
  wake(): void;
}

/** What a capture asks the targets for. */
export function targetRequest({ alert, request }: Capture): TargetRequest {
  const { process, uri } = request.target;
  return {
    labels: alert.labels,
    startsAt: alert.startsAt,
    generatorUrl: alert.generatorUrl,
    ...(process === null ? {} : { process }),
    ...(uri === null ? {} : { uri }),
  };
}

/** Why and when the work on a capture is broken off. */
export interface Interruption {
  /** Shutdown, or a lost lease: waits and fetches end, and what is durable is gone on with later. */
  signal: AbortSignal;
  /**
   * A lost lease, or a shutdown that has lasted for a while: a start that was sent is better awaited, for a session
   * of which nothing is known can only be explained, not collected.
   */
  startSignal: AbortSignal;
}

/** Runs one stage and tells the observer how long it took, whatever came of it. */
export async function timed<T>(parts: StageParts, stage: CaptureStage, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    parts.observer.stage(stage, (performance.now() - began) / 1000);
  }
}

/** When the alert arrived, milliseconds. */
export const receivedAt = (capture: Capture): number =>
  Date.parse(capture.timeline.receivedAt ?? capture.alert.startsAt);

export const iso = (ms: number): string => new Date(ms).toISOString();
