import type { ArtifactStore } from '../captures/artifact-store.ts';
import type { Ledger } from '../captures/ledger.ts';
import type { Log } from '../captures/log.ts';
import type { Configuration } from '../config/load.ts';
import { requestBaselines } from '../schedule/baselines.ts';
import type { CronJob } from '../schedule/cron.ts';
import { sweepRetention } from '../schedule/retention.ts';

interface JobParts {
  ledger: Ledger;
  store: ArtifactStore;
  now: () => number;
  /** A baseline has been queued. */
  wake: () => void;
  log: Log;
}

/** The cron jobs that the configuration asks for. `stopping` ends a run between two baselines. */
export function cronJobs(
  configuration: Configuration,
  parts: JobParts,
  stopping: AbortSignal,
): readonly CronJob[] {
  const { retention, baselines, mode } = configuration;
  return [
    ...(retention.enforcedBy === 'flamepin' ? [retentionJob(configuration, parts)] : []),
    ...(baselines.workloads.length > 0 && mode === 'capture'
      ? [baselineJob(configuration, parts, stopping)]
      : []),
  ];
}

function retentionJob({ retention }: Configuration, { ledger, store, log }: JobParts): CronJob {
  const ages = { recordingsMs: retention.recordings, profilesMs: retention.profiles };
  return {
    name: 'retention',
    expression: retention.schedule,
    run: (now) => sweepRetention({ ledger, store, retention: ages, log }, now),
  };
}

function baselineJob(
  { baselines, limits }: Configuration,
  { ledger, now, wake, log }: JobParts,
  stopping: AbortSignal,
): CronJob {
  const workloads = baselines.workloads.map(({ labels, target, duration }) => ({
    labels,
    target: { kind: target.kind, process: target.process, uri: null },
    durationSeconds: duration / 1000,
  }));
  const parts = { ledger, workloads, deadlineMs: limits.deadline, queueLimit: limits.queue, now, wake };
  return {
    name: 'baselines',
    expression: baselines.schedule,
    run: async () => {
      const queued = await requestBaselines(parts, stopping);
      log.info({ queued, workloads: workloads.length }, 'baselines queued');
    },
  };
}
