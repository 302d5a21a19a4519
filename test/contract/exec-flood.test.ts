import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../src/reasons/failure.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { kubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import { kubernetesExec } from '../../src/targets/kubernetes/connection/exec.ts';
import { ExecSlots } from '../../src/targets/kubernetes/connection/exec-slots.ts';
import { start, waitFor } from '../setup/process.ts';

const mebibyte = 1024 ** 2;
/** As for a recording. */
const maxOutputBytes = 65 * mebibyte;
const deadlineMs = 60_000;

/** The most that resident memory grew by meanwhile, MiB, and how long timers had to wait at the median, ms. */
async function costOf(work: () => Promise<unknown>): Promise<{ grownMiB: number; delayMs: number }> {
  const before = process.memoryUsage.rss();
  let most = before;
  const sampling = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  try {
    await work();
  } finally {
    delay.disable();
    clearInterval(sampling);
  }
  most = Math.max(most, process.memoryUsage.rss());
  return { grownMiB: (most - before) / mebibyte, delayMs: delay.percentile(50) / 1e6 };
}

const overflows = (error: unknown): boolean =>
  error instanceof Failure && error.code === 'exec-overflow' && error.detail.includes('pieces');

describe('a target that writes byte by byte', () => {
  for (const channel of ['stdout', 'stderr'])
    it(`on ${channel}, through an API server, ends the exec and neither fills memory nor keeps others waiting`, async () => {
      const program = fileURLToPath(new URL('tiny-frames-server.ts', import.meta.url));
      const server = start(process.execPath, [program, channel]);
      const agent = new Agent({ keepAlive: true });
      try {
        const address = await waitFor(
          'the API server',
          60_000,
          () => /^http:\S+/.exec(server.output())?.[0],
          server.output,
        );
        const exec: Exec = kubernetesExec({
          api: kubernetesApi({
            server: address,
            namespace: 'default',
            contexts: { connected: 'test', known: ['test'] },
            authenticate: () => Promise.resolve({ headers: { authorization: 'Bearer test' }, agent }),
            close: () => agent.destroy(),
          }),
          slots: new ExecSlots(1),
          namespace: 'shop',
          pod: 'checkout-0',
          container: 'app',
          running: () => Promise.resolve(true),
        });
        const run = exec.run({ argv: ['true'], deadlineMs, maxOutputBytes });
        const cost = await costOf(() => assert.rejects(run, overflows));
        assert.ok(cost.grownMiB < 150, `${cost.grownMiB} MiB more`);
        assert.ok(cost.delayMs < 15, `timers waited ${cost.delayMs} ms`);
      } finally {
        agent.destroy();
        await server.stop();
      }
    });

  for (const descriptor of [1, 2])
    it(`on this machine, to descriptor ${descriptor}, ends the exec without filling memory`, async () => {
      const run = hostExec().run({
        argv: ['sh', '-c', `exec dd if=/dev/zero bs=1 >&${descriptor}`],
        deadlineMs,
        // Pieces that wait are read together.
        maxOutputBytes: 4 * mebibyte,
      });
      const cost = await costOf(() =>
        assert.rejects(run, (error) => error instanceof Failure && error.code === 'exec-overflow'),
      );
      assert.ok(cost.grownMiB < 150, `${cost.grownMiB} MiB more`);
    });
});
