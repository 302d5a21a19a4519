import { schedule, type Logger as CronLogger } from 'node-cron';
import type { Log } from '../captures/log.ts';
import type { Ledger } from '../captures/ledger.ts';

export interface CronJob {
  name: string;
  /** Five fields, UTC. */
  expression: string;
  run: (now: number) => Promise<void>;
}

export interface Schedule {
  stop(): Promise<void>;
}

/** A fire that comes late, as after a freeze, still counts up to this much later; milliseconds. */
const lateToleranceMs = 60_000;

/** Runs the jobs: each fire once among all that share the ledger, never overlapping. Missed fires are not made up for. */
export function startSchedule(
  jobs: readonly CronJob[],
  ledger: Ledger,
  now: () => number,
  log: Log,
): Schedule {
  const tasks = jobs.map(({ name, expression, run }) =>
    schedule(
      expression,
      async ({ date }) => {
        if (!(await ledger.claimCronRun(name, date.getTime()))) return;
        try {
          await run(now());
        } catch (error) {
          log.error({ err: error, job: name }, 'a scheduled job failed');
        }
      },
      {
        name,
        timezone: 'UTC',
        noOverlap: true,
        missedExecutionTolerance: lateToleranceMs,
        logger: cronLog(log),
      },
    ),
  );
  return {
    stop: async () => {
      for (const task of tasks) await task.destroy();
    },
  };
}

function cronLog(log: Log): CronLogger {
  const text = (message: string | Error): string => (message instanceof Error ? message.message : message);
  return {
    info: (message) => log.debug(message),
    debug: (message) => log.debug(text(message)),
    warn: (message) => log.warn(message),
    error: (message) => log.error(text(message)),
  };
}
