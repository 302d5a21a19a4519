import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import type { Capture } from '../capture.ts';
import type { Annotator } from '../annotator.ts';
import type { Clock } from '../clock.ts';
import { captureStages } from '../stages/capture-stages.ts';
import { reportEnd } from '../stages/ending.ts';
import { watchForHarm } from './harm-watch.ts';
import { Loops } from './loops.ts';
import type { LeasedCapture } from '../ledger.ts';
import { profileCapture, storeCapture } from '../stages/run-capture.ts';
import { readingBytes } from '../analysis/recording-memory.ts';
import { waitsForSibling } from '../stages/wait-for-sibling.ts';
import type { StageParts } from '../stages/stage-parts.ts';
import { whileLeased, type HeldLease } from './while-leased.ts';

/** Long enough for a slow transaction, short enough for a quick takeover; renewed three times in it. */
const leaseMs = 30_000;
/** How often the queue is polled without a wake-up; an idle poll costs well under a millisecond. */
const pollMs = 500;
const sweepMs = 1_000;
const harmWatchMs = 15_000;
/** Captures that are analysed and stored at once. */
const storingAtOnce = 4;
/** Besides those, captures that the store has refused before: a store that hangs blocks each for a minute. */
const storeRetriesAtOnce = 2;
/** How soon a capture that waits for its sibling's profile is checked again. */
const siblingPollMs = 250;
/** How soon a retry that found no memory asks again, milliseconds. */
const retryPollMs = 2_000;
/** Captures that may resolve their target while all windows are taken. */
const resolvingAtOnce = 4;
/** How long a shutdown waits for a start that was sent: a cold one takes 0.3 s, on a loaded node a few. */
const startGraceMs = 10_000;
const deliveriesAtOnce = 4;

export interface WorkerParts extends Omit<StageParts, 'wake'> {
  /** null: no Grafana is configured, so no panel is marked. */
  annotator: Annotator | null;
  log: Log;
  /** The clock behind `now`. */
  clock: Pick<Clock, 'step' | 'follow'>;
}

export interface Worker {
  /** Polls the queue now: a notification has just been committed. */
  wake(): void;
  /**
   * Why some work is not taken: polling for it has not succeeded for a while. Full limits, a pause, a store that is away
   * and a wait for a sibling don't count: the loops go on. null: all is well, or the worker is stopping.
   */
  stuck(): Failure | null;
  /**
   * Takes no new work, aborts waits and lets short steps finish, for at most `graceMs`. A running window ends by the
   * agent's own timeout; the next process collects it.
   */
  stop(graceMs: number): Promise<void>;
}

/** Starts moving captures and annotations; runs until stopped. */
export function startWorker(parts: WorkerParts): Worker {
  const { ledger, owner, now, log } = parts;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  /** The shutdown has taken `startGraceMs`. */
  const startGraceOver = new AbortController();
  let leases = 0;
  let profiling = 0;
  let storing = 0;
  let storeRetries = 0;
  let deliveries = 0;
  /** The oldest recording in the spool waits for memory: what was just fetched queues behind it. */
  let shortOfMemory = false;

  // Not the harm watch: it waits for targets.
  const loops = new Loops(
    ['starting captures', 'storing recordings', 'retrying the store', 'annotating', 'the sweep'],
    log,
    stopping.signal,
  );
  const wake = (): void => loops.wake();

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ err: error }, 'work on a capture was interrupted');
      })
      .finally(() => {
        running.delete(tracked);
        wake();
      });
    running.add(tracked);
  }

  /** A new name for each lease: after a freeze this process must not lease what it is still working on. */
  const newOwner = (): string => `${owner} ${++leases}`;

  const lease = (id: string, leaseOwner: string): HeldLease => ({
    ledger,
    now,
    id,
    owner: leaseOwner,
    leaseMs,
    stopping: stopping.signal,
    startGraceOver: startGraceOver.signal,
  });

  async function fillProfiling(): Promise<void> {
    while (profiling < parts.limits.total + resolvingAtOnce && !stopping.signal.aborted) {
      const leaseOwner = newOwner();
      const capture = await ledger.lease(leaseOwner, now(), leaseMs, 'profile');
      if (capture === undefined) return;
      profiling++;
      const captureLog = logOf(capture);
      const leaseParts = { ...parts, owner: leaseOwner, wake };
      track(
        whileLeased(lease(capture.id, leaseOwner), async (interruption) => {
          const collected = await profileCapture(capture, leaseParts, captureLog, interruption).finally(
            () => profiling--,
          );
          if (collected === null) return;
          // A store that hangs or a sibling that is not ready must not block a window: this is leased again later.
          const waits = await waitsForSibling(collected, ledger, now());
          const release =
            waits || shortOfMemory || storing >= storingAtOnce ? null : await takeMemory(collected);
          if (release === null) {
            await ledger.release(capture.id, leaseOwner, now() + (waits ? siblingPollMs : 0));
            return;
          }
          storing++;
          await storeCapture(collected, leaseParts, captureLog, interruption).finally(() => {
            storing--;
            release();
          });
        }),
      );
    }
  }

  async function fillStoring(): Promise<void> {
    while (storing < storingAtOnce && !stopping.signal.aborted) {
      const leaseOwner = newOwner();
      const capture = await ledger.lease(leaseOwner, now(), leaseMs, 'store');
      if (capture === undefined) {
        shortOfMemory = false;
        return;
      }
      if (await waitsForSibling(capture, ledger, now())) {
        await ledger.release(capture.id, leaseOwner, now() + siblingPollMs);
        continue;
      }
      const release = await takeMemory(capture);
      if (release === null) {
        // Nothing behind it goes first: small recordings would starve a large one. The next end wakes this loop.
        shortOfMemory = true;
        await ledger.release(capture.id, leaseOwner, now());
        return;
      }
      shortOfMemory = false;
      storing++;
      storeLeased(capture, leaseOwner, () => {
        storing--;
        release();
      });
    }
  }

  async function fillStoreRetries(): Promise<void> {
    // What has never been read comes first: people wait for its answer.
    while (!shortOfMemory && storeRetries < storeRetriesAtOnce && !stopping.signal.aborted) {
      const leaseOwner = newOwner();
      const capture = await ledger.lease(leaseOwner, now(), leaseMs, 'store again');
      if (capture === undefined) return;
      const release = await takeMemory(capture);
      if (release === null) {
        // Later, so that the retries behind it get their turn; at once where it wants all the memory for itself.
        await ledger.release(capture.id, leaseOwner, now() + retryPollMs);
        if (capture.cutOffs > 0) continue;
        return;
      }
      storeRetries++;
      storeLeased(capture, leaseOwner, () => {
        storeRetries--;
        release();
      });
    }
  }

  function storeLeased(capture: LeasedCapture, leaseOwner: string, ended: () => void): void {
    track(
      whileLeased(lease(capture.id, leaseOwner), (interruption) =>
        storeCapture(capture, { ...parts, owner: leaseOwner }, logOf(capture), interruption),
      ).finally(ended),
    );
  }

  /**
   * Takes memory to read a spooled recording; null: there is not enough now, and no lease is held while waiting. A
   * recording whose reading was cut off may be what ended the process: it is read alone.
   */
  async function takeMemory(capture: Capture & Partial<LeasedCapture>): Promise<(() => void) | null> {
    const { reading } = parts.memory;
    const size = await ledger.spoolSize(capture.id);
    // Without a recording in the spool nothing is read: its files are made.
    const suspect = (capture.cutOffs ?? 0) > 0 && size > 0;
    return reading.tryTake(suspect ? reading.total : readingBytes(size));
  }

  async function fillDeliveries(): Promise<void> {
    while (deliveries < deliveriesAtOnce && !stopping.signal.aborted) {
      const leaseOwner = newOwner();
      const delivery = await ledger.leaseDelivery(leaseOwner, now(), leaseMs);
      if (delivery === undefined) return;
      const { annotator } = parts;
      if (annotator === null || delivery.capture.request.purpose !== 'alert') {
        await ledger.settleDelivery(delivery.capture.id, leaseOwner, { kind: 'none' }, now());
        continue;
      }
      deliveries++;
      const delivering = { ...parts, annotator, owner: leaseOwner };
      track(
        captureStages
          .deliver(delivery, delivering, logOf(delivery.capture), stopping.signal)
          .finally(() => deliveries--),
      );
    }
  }

  function logOf(capture: Capture): Log {
    return log.child({ captureId: capture.id, alert: capture.alert.labels['alertname'] });
  }

  async function followClock(): Promise<void> {
    const step = parts.clock.step();
    if (step === 0) return;
    await ledger.shift(step, now());
    parts.clock.follow(step);
    log.warn(
      { seconds: Math.round(step / 1000) },
      "the machine's clock was changed; captures in progress are not affected",
    );
  }

  async function sweep(): Promise<void> {
    const { ended, freed } = await ledger.sweep(now());
    for (const capture of ended) {
      const { code, detail } = capture.reason ?? { code: 'deadline-passed', detail: '' };
      reportEnd(capture, new Failure(code, { detail }), parts, logOf(capture));
    }
    // Captures that were given up make room in the spool.
    if (freed.length > 0 || ended.length > 0) wake();
  }

  const loopEnds = [
    loops.everyOrWoken(pollMs, async () => {
      // Each by itself: an error in one must not stop the others.
      await loops.attempt('starting captures', fillProfiling);
      await loops.attempt('storing recordings', fillStoring);
      await loops.attempt('retrying the store', fillStoreRetries);
      await loops.attempt('annotating', fillDeliveries);
    }),
    loops.every(sweepMs, async () => {
      await loops.attempt('following the clock', followClock);
      await loops.attempt('the sweep', sweep);
    }),
    loops.every(harmWatchMs, () =>
      loops.attempt('the harm watch', () => watchForHarm(parts, log, stopping.signal)),
    ),
  ];

  return {
    wake,
    stuck: () => loops.stuck(),
    stop: async (graceMs) => {
      stopping.abort();
      const late = setTimeout(() => startGraceOver.abort(), startGraceMs);
      await Promise.race([
        Promise.allSettled([...loopEnds, ...running]),
        sleep(graceMs, undefined, { ref: false }),
      ]);
      clearTimeout(late);
    },
  };
}
