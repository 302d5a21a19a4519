import type { ArtifactStore } from '../artifact-store.ts';
import type { Analysis, AnalysisInput } from '../analysis/analysis.ts';
import type { Capture } from '../capture.ts';
import type { CaptureLimits, Ledger } from '../ledger.ts';
import type { CaptureObserver } from '../observer.ts';
import type { RecordingMemory } from '../analysis/recording-memory.ts';
import type { Baseline } from '../baselines/baseline-profile.ts';
import type { WindowParts } from './window-parts.ts';

/** What all stages together need. A stage function takes the few that it uses. */
export interface StageParts extends WindowParts {
  ledger: Ledger;
  analysis: Analysis;
  store: ArtifactStore;
  baselineFor(capture: Capture, signal: AbortSignal): Promise<Baseline | null>;
  observer: CaptureObserver;
  /** Name of the lease: a write counts only while it holds. */
  owner: string;
  memory: RecordingMemory;
  limits: CaptureLimits & { maxRecordingBytes: number; deadlineMs: number };
  /** How old a recording may become, in the store or on its way there; milliseconds. */
  recordingsKeptMs: number;
  publicUrl: string | null;
  applicationPackages: readonly string[];
  profilerLinks(capture: Capture): AnalysisInput['profilerLinks'];
  /** The queue has something new. */
  wake(): void;
}
