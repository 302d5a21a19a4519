import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import { windowSeconds } from './window-seconds.ts';

/** What flamepin is killed in the middle of. */
export const killMoments = [
  'recovering',
  'accepting',
  'queued',
  'starting',
  'in a window',
  'collecting',
  'storing',
  'marking',
] as const;
export type KillMoment = (typeof killMoments)[number];

interface Beginning {
  /** The log line that says that it begins; null: at once. */
  message: string | null;
  /** From that line to its start and to its end, milliseconds, on a machine that is busy. */
  from: number;
  to: number;
}

const windowMs = windowSeconds * 1000;
const beginnings: Record<Exclude<KillMoment, 'accepting'>, Beginning> = {
  recovering: { message: null, from: 0, to: 400 },
  queued: { message: 'notification committed', from: 0, to: 150 },
  starting: { message: 'starting the window', from: 0, to: 600 },
  'in a window': { message: 'profiling', from: 0, to: windowMs },
  collecting: { message: 'profiling', from: windowMs, to: windowMs + 400 },
  storing: { message: 'profiling', from: windowMs + 200, to: windowMs + 1_500 },
  marking: { message: 'capture done', from: 0, to: 200 },
};

const lookMs = 5;
/** A stage that does not come is not waited for: the kill then falls wherever it falls. */
const patienceMs = 8_000;

/** Waits for a random point in that stage of some capture. Resolves to false when the stage did not come. */
export async function reach(
  moment: KillMoment,
  flamepin: Pick<RunningFlamepin, 'log'>,
  sender: { readonly inFlight: number },
  random: (below: number) => number,
): Promise<boolean> {
  if (moment === 'accepting') {
    const came = await until(() => sender.inFlight > 0);
    await sleep(random(10));
    return came;
  }
  const { message, from, to } = beginnings[moment];
  const seen = flamepin.log.length;
  const came =
    message === null || (await until(() => flamepin.log.slice(seen).some(({ msg }) => msg === message)));
  await sleep(from + random(to - from));
  return came;
}

async function until(happened: () => boolean): Promise<boolean> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(lookMs))
    if (happened()) return true;
  return false;
}
