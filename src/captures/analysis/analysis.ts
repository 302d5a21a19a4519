import type { Capture } from '../capture.ts';
import type { MadeArtifact } from '../../artifacts/artifact.ts';
import type { Answer } from '../../profile/answer/answer.ts';
import type { Link } from '../../profile/link.ts';
import type { Baseline } from '../baselines/baseline-profile.ts';

export interface AnalysisInput {
  recording: Buffer;
  capture: Capture;
  baseline: Baseline | null;
  /** Base of links in the files; null without a public URL. */
  publicUrl: string | null;
  /** The same window in the continuous profilers that are configured. */
  profilerLinks: readonly Link[];
  /** Package prefixes of application code from the configuration. */
  applicationPackages: readonly string[];
}

/** Reads recordings off the main thread, in bounded time and memory. */
export interface Analysis {
  /** Warms up a thread and a process; best called shortly before the window ends, as loading takes a while. */
  prepare(): void;
  /**
   * Masks JVM arguments and system properties in place; takes over the buffer. Must come before anything is stored. Rejects with `recording-damaged` or `analysis-timeout`.
   */
  mask(recording: Buffer): Promise<Buffer>;
  /** Recording → answer and files. Rejects with recording-damaged, recording-empty, analysis-timeout, or when aborted. */
  analyse(
    input: AnalysisInput,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; partial: boolean; artifacts: MadeArtifact[] }>;
}
