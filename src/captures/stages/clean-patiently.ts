import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import { backoffMs } from './backoff.ts';

/** Three tries, half a second and a second apart, get past a connection that was cut or a pod that was busy. */
const tries = 3;

/**
 * Removes what is ours from a target, and tries again where that may help. Nothing that goes wrong here fails the
 * capture: the log names what is left. Resolves to whether the target is clean; rejects only when `signal` aborts.
 */
export async function cleanPatiently(
  clean: () => Promise<{ left: string[] }>,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      const { left } = await clean();
      if (left.length > 0) log.warn({ left }, 'files are left in the target');
      return left.length === 0;
    } catch (error) {
      signal.throwIfAborted();
      const failure = asFailure(error);
      // Neither a shell, nor beside the JVM a container that has one: nothing was started, or it ended with its files.
      if (failure.code === 'no-shell') return true;
      if (!failure.retryable || attempt + 1 === tries) {
        log.warn({ err: error }, 'the target could not be cleaned');
        return false;
      }
    }
    await sleep(backoffMs(attempt, 500), undefined, { signal });
  }
}
