import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFlamepin, type RunningFlamepin } from '../../../demo/flamepin.ts';
import { notificationOf } from '../../setup/flamepin-client.ts';

const memoryLookMs = 50;
const probeMs = 500;
/** As long as Alertmanager waits for an answer, milliseconds. */
export const senderPatienceMs = 10_000;

export interface Scene extends AsyncDisposable {
  directory: string;
  flamepin: RunningFlamepin;
  /** How much more memory the process had, at its peak, than before the attack, MiB. */
  memoryGrowth(): number;
}

/**
 * A flamepin of its own for one attack, so that what breaks is laid to the right one.
 * @param prefix a command that runs it by exec
 */
export async function startScene(
  configuration: (directory: string) => string | Promise<string>,
  prefix: readonly string[] = [],
): Promise<Scene> {
  await using closing = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-hostile-'));
  closing.defer(() => rm(directory, { recursive: true, force: true }));
  const entry = join(import.meta.dirname, '../short-windows.ts');
  const flamepin = await startFlamepin(directory, await configuration(directory), process.env, prefix, entry);
  closing.defer(() => flamepin.stop());
  const before = residentMiB(flamepin.pid);
  let peak = before;
  const looking = setInterval(() => (peak = Math.max(peak, residentMiB(flamepin.pid))), memoryLookMs);
  closing.defer(() => clearInterval(looking));
  const kept = closing.move();
  return {
    directory,
    flamepin,
    memoryGrowth: () => peak - before,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** 0 when the process has ended. */
function residentMiB(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

export interface Probe {
  /** Stops, and says how many were answered, how many were not, and the slowest answer in milliseconds. */
  stop(): Promise<{ answered: number; refused: number; slowest: number }>;
}

/** A well-behaved sender beside the attack: sends one small notification after the other, half a second apart. */
export function probeAcknowledgements(
  { url }: Pick<RunningFlamepin, 'url'>,
  send: (body: string) => Promise<Response> = (body) => postTo(url, body),
): Probe {
  const stopping = new AbortController();
  const seen = { answered: 0, refused: 0, slowest: 0 };
  const loop = (async () => {
    for (let count = 0; !stopping.signal.aborted; count++) {
      const began = performance.now();
      const ok = await send(notificationOf(`probe${count}`, { alertname: 'Probe', service: 'none' })).then(
        async (response) => {
          await response.arrayBuffer();
          return response.ok;
        },
        () => false,
      );
      if (ok) seen.answered++;
      else seen.refused++;
      seen.slowest = Math.max(seen.slowest, performance.now() - began);
      await sleep(probeMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
      return seen;
    },
  };
}

function postTo(url: string, body: string): Promise<Response> {
  return fetch(`${url}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
    signal: AbortSignal.timeout(senderPatienceMs),
  });
}
