import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../reasons/failure.ts';
import type { HostJvm, HostSeen } from './look.ts';

/** CPU totals tell who has been busy since start; the difference over a second, who is busy now. Milliseconds. */
const observationMs = 1_000;

export interface Chosen {
  jvm: HostJvm;
  /** Why this one of several, in words; '' when there was one. */
  choice: string;
}

/**
 * The busiest of several, by two looks a second apart.
 * @param among `3 JVMs`, in words
 * @param lookAgain what the host says now
 * Throws target-gone.
 */
export async function busiest(
  jvms: readonly HostJvm[],
  among: string,
  lookAgain: () => Promise<HostSeen>,
  signal: AbortSignal,
): Promise<Chosen> {
  try {
    await sleep(observationMs, undefined, { signal });
  } catch (cause) {
    throw new Failure('exec-disconnected', { detail: 'aborted', cause });
  }
  const later = new Map((await lookAgain()).jvms.map((jvm) => [`${jvm.pid} ${jvm.startTicks}`, jvm]));
  const spent = jvms
    .flatMap((jvm) => {
      const now = later.get(`${jvm.pid} ${jvm.startTicks}`);
      return now === undefined ? [] : [{ jvm, ticks: now.usedTicks - jvm.usedTicks }];
    })
    .sort((left, right) => right.ticks - left.ticks);
  const [first, second] = spent;
  if (first === undefined) throw new Failure('target-gone', { detail: `all of ${among} have ended` });
  return {
    jvm: first.jvm,
    choice:
      `busiest of ${among} over one second: it used ${first.ticks / 100} CPU seconds, ` +
      `the next one ${(second?.ticks ?? 0) / 100}`,
  };
}
