import type { Analysis } from '../analysis/analysis.ts';
import type { RecordingMemory } from '../analysis/recording-memory.ts';
import type { Capture } from '../capture.ts';
import type { CaptureObserver } from '../observer.ts';
import type { Profiling } from '../profiling.ts';
import type { Target, Targets } from '../target.ts';
import type { Exec } from '../../profiler/exec.ts';

export type WindowStage = 'resolve' | 'admit' | 'start' | 'wait' | 'collect' | 'clean';

/**
 * Where a window is written down, step by step: each method resolves before the window goes on. Where it resolves to
 * null or false, the capture waits, has ended or belongs to another worker: the window stops and leaves the target as
 * it is.
 */
export interface Journal {
  /**
   * A later process continues from what is written here, so an interrupted window keeps running. Else an interrupted
   * window is cleaned up at once.
   */
  readonly resumable: boolean;
  /** Before the start: may it start, and the intent to do so. Resolves to the capture in state `capturing`. */
  admit(capture: Capture): Promise<Capture | null>;
  /** After the start: its session. */
  started(capture: Capture): Promise<boolean>;
  /** Before the target is cleaned: the recording, masked. `ended`: the session is known to have ended. */
  collected(capture: Capture, recording: Buffer, ended: boolean): Promise<boolean>;
  /** After that, when the target is clean. Never rejects. */
  cleaned(capture: Capture): Promise<void>;
  /** What becomes of an error; `capture` is as the stages before left it. */
  failed(error: unknown, stage: WindowStage, capture: Capture): Promise<null>;
  /** Something of ours may still be in the target: the paths, or why it could not be cleaned. */
  notClean(left: readonly string[] | Error): void;
}

/** What profiling one window needs. */
export interface WindowParts {
  targets(kind: Target['kind']): Promise<Targets>;
  profiling: Profiling;
  analysis: Pick<Analysis, 'prepare' | 'mask'>;
  memory: Pick<RecordingMemory, 'fetching' | 'fetchBytes'>;
  observer: Pick<CaptureObserver, 'stage'>;
  /** Milliseconds since the epoch. */
  now: () => number;
  limits: { maxRecordingBytes: number };
}

/** When the work on a capture is interrupted. */
export interface Interruption {
  /** Shutdown, or a lost lease: waits and fetches end; what is durable is continued later. */
  signal: AbortSignal;
  /**
   * A lost lease, or a shutdown that takes long: a start that was sent is better awaited, because a session that nobody
   * wrote down can't be collected.
   */
  startSignal: AbortSignal;
  /** The window is to end now: what was sampled until then is collected. Default: never. */
  endSignal?: AbortSignal;
}

export interface WindowContext extends WindowParts, Interruption {
  journal: Journal;
  /** The connection to where the session of this capture was started; opened once. */
  connect(capture: Capture): Promise<Exec>;
}
