import type { Answer, Artifact, Capture } from './capture.ts';

/** A file made from a recording, ready to be stored. */
export interface MadeArtifact {
  name: Artifact['name'];
  event: Artifact['event'];
  body: Buffer;
  contentType: string;
  contentEncoding: Artifact['contentEncoding'];
}

/** Profile JSON, gzipped, of an earlier capture to compare with, and how it is called in the sentence. */
export interface Baseline {
  captureId: string;
  /** `baseline Tue 14:00, same image`. */
  label: string;
  profile: Buffer;
  /** The same of further captures in good health: what differs among them is no change. */
  further: readonly Buffer[];
}

export interface AnalysisInput {
  recording: Buffer;
  capture: Capture;
  baseline: Baseline | null;
  /** Base of links in what is made; null without a public URL. */
  publicUrl: string | null;
  /** The same window in the continuous profilers that are configured. */
  profilerLinks: readonly { words: string; href: string }[];
  /** Package prefixes of application code from the configuration. */
  applicationPackages: readonly string[];
}

/** Reads recordings away from the main thread, in bounded time and memory. */
export interface Analysis {
  /** Gets ready to read; best done a moment before the window ends, for loading takes a while. */
  prepare(): void;
  /**
   * Overwrites JVM arguments and system properties in the recording's bytes, which are given away. Must come before
   * anything is written. Rejects with `recording-damaged` or `analysis-timeout`.
   */
  mask(recording: Buffer): Promise<Buffer>;
  /** Recording → answer and files. Rejects with recording-damaged, recording-empty, analysis-timeout, or when aborted. */
  analyse(
    input: AnalysisInput,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; partial: boolean; artifacts: MadeArtifact[] }>;
}
