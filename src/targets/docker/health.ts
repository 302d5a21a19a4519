import { z } from 'zod';
import type { TargetHealth } from '../../captures/target.ts';
import { exitCodeText } from '../exit-code.ts';
import { orderlyExitCodes } from '../orderly-end.ts';
import type { Inspected } from './containers.ts';
import type { Engine } from './engine.ts';

/** The run of a container that was profiled. */
interface Run {
  startedAt: string;
  restartCount: number;
}

/**
 * How long before the end of a container a signal from the engine still explains it, milliseconds: `docker stop` waits as
 * long as it is told to before it kills.
 */
const signalledWithinMs = 60_000;

/**
 * Whether the profiled container is alive. One that somebody stopped, killed, removed or restarted blocks nothing; one that
 * its restart policy had to start again, that ran out of memory, or that ended by itself with another code than an orderly
 * one, does.
 */
export async function healthOf(
  engine: Engine,
  run: Run,
  now: Inspected | undefined,
  signal: AbortSignal,
): Promise<TargetHealth> {
  if (now === undefined) return { alive: false, blocks: false, detail: 'the container was removed' };
  const { State, RestartCount, Name } = now;
  const name = Name.replace(/^\//, '');
  if (State.Running && State.StartedAt === run.startedAt) return { alive: true };
  if (RestartCount > run.restartCount)
    return {
      alive: false,
      blocks: true,
      detail: `container ${name} restarted: ${run.restartCount} → ${RestartCount} restarts by its policy`,
    };
  if (State.Running) return { alive: false, blocks: false, detail: `container ${name} was started again` };
  if (State.OOMKilled)
    return { alive: false, blocks: true, detail: `container ${name} ended (out of memory)` };
  const detail = `container ${name} ended (${exitCodeText(State.ExitCode)})`;
  if (orderlyExitCodes.has(State.ExitCode)) return { alive: false, blocks: false, detail };
  return (await wasSignalled(engine, now, signal))
    ? { alive: false, blocks: false, detail: `container ${name} was killed through the engine` }
    : { alive: false, blocks: true, detail };
}

const eventSchema = z.object({ Action: z.literal('kill') });

/**
 * Whether the engine sent the container a signal shortly before its end, as `docker stop`, `kill` and `rm --force` do. False
 * also when the engine no longer knows: it keeps its last few hundred events.
 */
async function wasSignalled(
  engine: Engine,
  { Id, State: { FinishedAt } }: Inspected,
  signal: AbortSignal,
): Promise<boolean> {
  const end = Date.parse(FinishedAt);
  if (Number.isNaN(end)) return false;
  const query = new URLSearchParams({
    since: seconds(end - signalledWithinMs),
    // Without an end, or with one to come, the answer would not end either.
    until: seconds(end),
    filters: JSON.stringify({ container: [Id], event: ['kill'] }),
  });
  const { status, body } = await engine.ask('GET', `/events?${query.toString()}`, { signal });
  return status === 200 && [body].flat().some((event) => eventSchema.safeParse(event).success);
}

/** Milliseconds as the API takes times: seconds of the engine's clock, with a fraction. */
const seconds = (time: number): string => (time / 1000).toFixed(3);
