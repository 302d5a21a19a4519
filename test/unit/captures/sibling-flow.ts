import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import type { AnalysisInput } from '../../../src/captures/analysis/analysis.ts';
import { findBaseline } from '../../../src/captures/baselines/baseline.ts';
import { captureId } from '../../../src/captures/capture-id.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import { isFinal } from '../../../src/captures/outcome.ts';
import type { Profiling } from '../../../src/captures/profiling.ts';
import { recordingMemory } from '../../../src/captures/analysis/recording-memory.ts';
import { startWorker, type Worker, type WorkerParts } from '../../../src/captures/worker/worker.ts';
import type { Exec } from '../../../src/profiler/exec.ts';
import type { Target, Targets } from '../../../src/captures/target.ts';
import { toCapture } from '../../given/decision.ts';
import { must } from '../../given/in-ledger.ts';
import { session } from '../../given/session.ts';
import { targetOn } from '../../given/target.ts';
import { openKept, type Kept } from '../../given/baseline-ledger.ts';
import type { Answer } from '../../../src/profile/answer/answer.ts';

/** The exec says which pod it leads to, so that the profiler can do otherwise with siblings. */
class NamedExec implements Exec {
  readonly pod: string;
  constructor(pod: string) {
    this.pod = pod;
  }
  run = (): Promise<never> => Promise.reject(new Error('nothing but the profiler runs commands'));
}
const podOf = (exec: Exec): string => (exec instanceof NamedExec ? exec.pod : '');
export const isSibling = (exec: Exec): boolean => podOf(exec).endsWith('-sibling');

export const image = 'sha256:1';
/** Of its own pod, on a node of its own. */
export const targetOf = (workload: string): Target => targetOn(`node of ${workload}`, workload, image);
export const besideIt = (target: Target): Target => ({
  ...target,
  uri: `${target.uri}-sibling`,
  name: `${target.name}-sibling`,
  node: `${target.node}-other`,
});

/**
 * The worker on a real ledger and a real store, with windows of a second. Targets, profiler and reader stand in, for
 * siblings that are late, fail or hang when asked.
 */
export class SiblingFlow implements AsyncDisposable {
  readonly kept: Kept;
  /** In which order things were done, and to which pod. */
  readonly done: string[] = [];
  /** Milliseconds by which the worker's clock is ahead. */
  ahead = 0;
  #worker: Worker | undefined;

  constructor(kept: Kept) {
    this.kept = kept;
  }

  readonly targets: Targets = {
    resolve: ({ labels }) => Promise.resolve(targetOf(labels['workload'] ?? '')),
    sibling: (target) => {
      this.done.push(`looked for one beside ${target.name}`);
      return Promise.resolve(besideIt(target));
    },
    open: (target) => new NamedExec(target.name),
    health: () => Promise.resolve({ alive: true }),
  };

  readonly profiling: Profiling = {
    start: (exec) => {
      this.done.push(`started ${podOf(exec)}`);
      return Promise.resolve({ session, firstSampleAt: null });
    },
    end: () => Promise.resolve(),
    waitForEnd: () => Promise.resolve(3),
    collect: () =>
      Promise.resolve({
        recording: Buffer.from('FLR'),
        partial: false,
        ended: true,
        cpuStat: null,
        windowEndedAt: null,
      }),
    cleanUp: () => Promise.resolve({ left: [] }),
    cleanUpUnknown: () => Promise.resolve({ left: [] }),
  };

  /** Recordings of siblings are never fetched. */
  readonly hanging: Profiling = {
    ...this.profiling,
    collect: async (exec, of, options, signal) => {
      if (isSibling(exec)) await once(signal, 'abort');
      signal.throwIfAborted();
      return this.profiling.collect(exec, of, options, signal);
    },
  };

  work(change: Partial<WorkerParts> = {}): void {
    const { ledger, store } = this.kept;
    this.#worker = startWorker({
      ledger,
      targets: () => Promise.resolve(this.targets),
      profiling: this.profiling,
      analysis: {
        prepare: () => undefined,
        mask: (bytes) => Promise.resolve(bytes),
        analyse: (input) => Promise.resolve(this.#analyse(input)),
      },
      store,
      baselineFor: (capture, signal) => findBaseline(capture, ledger, store, signal),
      annotator: null,
      observer: {
        stage: () => undefined,
        firstSample: () => undefined,
        ended: () => undefined,
        delivered: () => undefined,
        harmed: () => undefined,
      },
      now: () => Date.now() + this.ahead,
      clock: { step: () => 0, follow: () => undefined },
      owner: 'worker',
      memory: recordingMemory(1024 ** 2),
      limits: { total: 20, perNode: 1, maxRecordingBytes: 1 << 20, deadlineMs: 120_000 },
      recordingsKeptMs: 7 * 24 * 3_600_000,
      publicUrl: null,
      applicationPackages: [],
      profilerLinks: () => [],
      log: pino({ level: 'silent' }),
      ...change,
    });
  }

  async stop(): Promise<void> {
    await this.#worker?.stop(5_000);
  }

  /** The headline tells what it was compared with. */
  #analyse({ capture, baseline }: AnalysisInput) {
    this.done.push(`read ${capture.target?.name ?? ''}`);
    const answer: Answer = {
      headline: `vs ${baseline?.label ?? 'nothing'}`,
      confidence: 'likely',
      lines: [],
      topFrames: [],
      comparedWith: baseline && { captureId: baseline.captureId, label: baseline.label },
      comparison: null,
      samples: 300,
    };
    const profile = {
      name: 'profile.json',
      event: null,
      body: gzipSync('{}'),
      contentType: 'application/json',
      contentEncoding: 'gzip',
    } as const;
    return { answer, partial: false, artifacts: [profile] };
  }

  /** An alert about the workload, on a route that wants a sibling or not. */
  async fire(workload: string, sibling = true): Promise<string> {
    const now = Date.now();
    const decision = toCapture(workload, {
      id: captureId(now),
      deadlineAt: now + 120_000,
      alert: { labels: { workload }, startsAt: new Date(now).toISOString() },
      request: { durationSeconds: 1, sibling },
    });
    await this.kept.ledger.accept([decision], now);
    return decision.id;
  }

  async get(id: string): Promise<Capture> {
    return must(await this.kept.ledger.get(id));
  }

  async when(id: string, what: (capture: Capture) => boolean, patienceMs = 15_000): Promise<Capture> {
    const until = Date.now() + patienceMs;
    for (;;) {
      const capture = await this.get(id);
      if (what(capture)) return capture;
      assert.ok(Date.now() < until, `still ${capture.state}; ${this.done.join(', ')}`);
      await sleep(20);
    }
  }

  ended(id: string, patienceMs?: number): Promise<Capture> {
    return this.when(id, isFinal, patienceMs);
  }

  async siblingOf(id: string): Promise<Capture> {
    const { sibling } = await this.when(id, (capture) => capture.sibling !== null);
    return this.ended(must(sibling).captureId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.kept[Symbol.asyncDispose]();
  }
}

export async function openFlow(): Promise<SiblingFlow> {
  return new SiblingFlow(await openKept());
}
