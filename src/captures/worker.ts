import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../telemetry/log.ts';
import type { Annotator } from '../annotations/annotator.ts';
import { deliver } from './delivery.ts';
import { watchForHarm } from './harm-watch.ts';
import { runCapture, type StageParts } from './stages.ts';

/** Long enough for a slow transaction, short enough that another process takes over soon; renewed three times within. */
const leaseMs = 30_000;
/** Without a wake-up the queue is looked at this often; an idle look costs well under a millisecond. */
const pollMs = 500;
const sweepMs = 1_000;
const harmWatchMs = 15_000;
/** Captures that only store may run beside those that profile. */
const storingAtOnce = 4;
const deliveriesAtOnce = 4;

export interface WorkerParts extends StageParts {
  /** null: no Grafana is configured, and no panel is marked. */
  annotator: Annotator | null;
  log: Log;
}

export interface Worker {
  /** Looks at the queue now: a notification has just been committed. */
  wake(): void;
  /**
   * Takes no new work, aborts waits and lets short steps finish, at most `graceMs`. A running window is left to
   * the agent's own timeout and collected by the next start.
   */
  stop(graceMs: number): Promise<void>;
}

/** Starts moving captures and annotations; runs until stopped. */
export function startWorker(parts: WorkerParts): Worker {
  const { ledger, owner, now, log } = parts;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let wakeUp: () => void = () => undefined;
  let leases = 0;
  let captures = 0;
  let deliveries = 0;

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ err: error }, 'work was interrupted');
      })
      .finally(() => {
        running.delete(tracked);
        wakeUp();
      });
    running.add(tracked);
  }

  async function fillCaptures(): Promise<void> {
    while (captures < parts.limits.total + storingAtOnce && !stopping.signal.aborted) {
      // A name of its own for each: after a freeze this process must not take a capture that it still works on.
      const slot = `${owner} ${++leases}`;
      const capture = await ledger.lease(slot, now(), leaseMs);
      if (capture === undefined) return;
      captures++;
      const captureLog = log.child({ captureId: capture.id, alert: capture.alert.labels['alertname'] });
      track(
        whileLeased(capture.id, slot, (signal) =>
          runCapture(capture, { ...parts, owner: slot }, captureLog, signal),
        ).finally(() => captures--),
      );
    }
  }

  async function fillDeliveries(): Promise<void> {
    while (deliveries < deliveriesAtOnce && !stopping.signal.aborted) {
      const delivery = await ledger.leaseDelivery(owner, now(), leaseMs);
      if (delivery === undefined) return;
      const { annotator } = parts;
      if (annotator === null || delivery.capture.request.purpose !== 'alert') {
        await ledger.settleDelivery(delivery.capture.id, owner, { kind: 'none' }, now());
        continue;
      }
      deliveries++;
      const deliveryLog = log.child({ captureId: delivery.capture.id });
      track(
        deliver(delivery, { ...parts, annotator }, deliveryLog, stopping.signal).finally(() => deliveries--),
      );
    }
  }

  /** Runs the work while its lease is renewed; a lost lease aborts it, for another owner has it now. */
  async function whileLeased(
    id: string,
    slot: string,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const lost = new AbortController();
    const signal = AbortSignal.any([lost.signal, stopping.signal]);
    const renewal = setInterval(() => {
      ledger.renew(id, slot, now(), leaseMs).then(
        (kept) => {
          if (!kept) lost.abort();
        },
        () => lost.abort(),
      );
    }, leaseMs / 3);
    try {
      await work(signal);
    } finally {
      clearInterval(renewal);
      if (stopping.signal.aborted) await ledger.release(id, slot, now());
    }
  }

  async function every(
    ms: number,
    wakeable: boolean,
    what: string,
    work: () => Promise<void>,
  ): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await work();
      } catch (error) {
        log.error({ err: error }, `${what} failed`);
      }
      const woken = new AbortController();
      if (wakeable) wakeUp = () => woken.abort();
      await sleep(ms, undefined, { signal: AbortSignal.any([woken.signal, stopping.signal]) }).catch(
        () => undefined,
      );
    }
  }

  const loops = [
    every(pollMs, true, 'looking at the queue', async () => {
      await fillCaptures();
      await fillDeliveries();
    }),
    every(sweepMs, false, 'the sweep', async () => {
      const { skipped, freed } = await ledger.sweep(now());
      for (const id of skipped) {
        parts.observer.ended('skipped', 'deadline-passed', now());
        log.warn({ captureId: id }, 'capture skipped: its deadline passed');
      }
      if (freed.length > 0) wakeUp();
    }),
    every(harmWatchMs, false, 'the watch for harm', () => watchForHarm(parts, log, stopping.signal)),
  ];

  return {
    wake: () => wakeUp(),
    stop: async (graceMs) => {
      stopping.abort();
      await Promise.race([
        Promise.allSettled([...loops, ...running]),
        sleep(graceMs, undefined, { ref: false }),
      ]);
    },
  };
}
