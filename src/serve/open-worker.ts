import { hostname } from 'node:os';
import { boundedAnalysis } from '../captures/analysis/bounded-analysis.ts';
import { recordingMemory } from '../captures/analysis/recording-memory.ts';
import { findBaseline } from '../captures/baselines/baseline.ts';
import { startWorker, type Worker, type WorkerParts } from '../captures/worker/worker.ts';
import type { Configuration } from '../config/load.ts';
import { profilerLinks } from './profiler-links.ts';

type OpenedParts = Pick<
  WorkerParts,
  'ledger' | 'store' | 'targets' | 'profiling' | 'annotator' | 'observer' | 'clock' | 'now' | 'log'
>;

/** Starts the worker with the configured limits. */
export function openWorker(configuration: Configuration, parts: OpenedParts): Worker {
  const { limits, retention, server, applicationPackages } = configuration;
  const { ledger, store } = parts;
  return startWorker({
    ...parts,
    analysis: boundedAnalysis(limits.maxRecordingBytes),
    baselineFor: (capture, signal) => findBaseline(capture, ledger, store, signal),
    memory: recordingMemory(limits.maxRecordingBytes),
    owner: `${hostname()} ${process.pid}`,
    limits: {
      total: limits.total,
      perNode: limits.perNode,
      maxRecordingBytes: limits.maxRecordingBytes,
      deadlineMs: limits.deadline,
    },
    recordingsKeptMs: retention.recordings,
    publicUrl: server.publicUrl ?? null,
    applicationPackages,
    profilerLinks: (capture) => profilerLinks(capture, configuration),
  });
}
