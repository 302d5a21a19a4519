import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Log } from '../log.ts';
import type { Capture } from '../capture.ts';
import type { Annotator } from '../annotator.ts';
import type { Clock } from '../clock.ts';
import { deliver } from './delivery.ts';
import { reportEnd } from '../stages/ending.ts';
import { watchForHarm } from './harm-watch.ts';
import { isLedgerAway } from '../stages/ledger-away.ts';
import type { LeasedCapture } from '../ledger.ts';
import { profileCapture, storeCapture } from '../stages/run-capture.ts';
import { readingBytes } from '../analysis/recording-memory.ts';
import { waitsForSibling } from '../stages/wait-for-sibling.ts';
import type { Interruption, StageParts } from '../stages/stage-parts.ts';

/** Long enough for a slow transaction, short enough that another process takes over soon; renewed three times within. */
const leaseMs = 30_000;
/** Without a wake-up the queue is looked at this often; an idle look costs well under a millisecond. */
const pollMs = 500;
const sweepMs = 1_000;
const harmWatchMs = 15_000;
/** A loop that has not got through for this long is stuck: many times what the slowest look at a large ledger takes. */
const stuckMs = 15_000;
/** How soon a capture is leased again when nothing could be written down. */
const ledgerAwayMs = 5_000;
/** Captures that are read and stored at once. */
const storingAtOnce = 4;
/** Beside those, captures that the store has refused before: a store that hangs holds each for a minute. */
const storingAgainAtOnce = 2;
/** How soon a capture that waits for its sibling's profile is looked at again. */
const siblingWaitMs = 250;
/** Captures that look for their target while all windows are taken. */
const resolvingAtOnce = 4;
/** On shutdown a start that was sent is awaited this long: cold it takes 0.3 s, on a loaded node a few. */
const startPatienceMs = 10_000;
const deliveriesAtOnce = 4;

export interface WorkerParts extends Omit<StageParts, 'wake'> {
  /** null: no Grafana is configured, and no panel is marked. */
  annotator: Annotator | null;
  log: Log;
  /** The clock behind `now`. */
  clock: Pick<Clock, 'step' | 'follow'>;
}

export interface Worker {
  /** Looks at the queue now: a notification has just been committed. */
  wake(): void;
  /**
   * Why some work is not taken up: looking for it has not succeeded for a while. Full limits, a pause, a store that is away
   * or a wait for a sibling are none: they leave the loops running. null: all is well, or it is stopping.
   */
  stuck(): Failure | null;
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
  /** A wake-up while the loop works is not lost: it looks once more before it sleeps. */
  let woken = false;
  const stoppingLong = new AbortController();
  let leases = 0;
  let profiling = 0;
  let storing = 0;
  let storingAgain = 0;
  let deliveries = 0;
  /** The oldest recording in the spool waits for memory: what was just fetched gets in line behind it. */
  let shortOfMemory = false;

  function wake(): void {
    woken = true;
    wakeUp();
  }

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ err: error }, 'work was interrupted');
      })
      .finally(() => {
        running.delete(tracked);
        wake();
      });
    running.add(tracked);
  }

  /** A name of its own for each lease: after a freeze this process must not take what it still works on. */
  const slot = (): string => `${owner} ${++leases}`;

  async function fillProfiling(): Promise<void> {
    while (profiling < parts.limits.total + resolvingAtOnce && !stopping.signal.aborted) {
      const slotOwner = slot();
      const capture = await ledger.lease(slotOwner, now(), leaseMs, 'profile');
      if (capture === undefined) return;
      profiling++;
      const captureLog = logOf(capture);
      const slotParts = { ...parts, owner: slotOwner, wake };
      track(
        whileLeased(capture.id, slotOwner, async (interruption) => {
          const collected = await profileCapture(capture, slotParts, captureLog, interruption).finally(
            () => profiling--,
          );
          if (collected === null) return;
          // Neither a store that hangs nor a sibling that is not read yet keeps a place: it is leased again later.
          const waits = await waitsForSibling(collected, ledger, now());
          const release =
            waits || shortOfMemory || storing >= storingAtOnce ? null : await takeMemory(collected);
          if (release === null) {
            await ledger.release(capture.id, slotOwner, now() + (waits ? siblingWaitMs : 0));
            return;
          }
          storing++;
          await storeCapture(collected, slotParts, captureLog, interruption).finally(() => {
            storing--;
            release();
          });
        }),
      );
    }
  }

  async function fillStoring(): Promise<void> {
    while (storing < storingAtOnce && !stopping.signal.aborted) {
      const slotOwner = slot();
      const capture = await ledger.lease(slotOwner, now(), leaseMs, 'store');
      if (capture === undefined) {
        shortOfMemory = false;
        return;
      }
      if (await waitsForSibling(capture, ledger, now())) {
        await ledger.release(capture.id, slotOwner, now() + siblingWaitMs);
        continue;
      }
      const release = await takeMemory(capture);
      if (release === null) {
        // Nobody behind it is asked: small ones would pass a large one for ever. The next end wakes this loop.
        shortOfMemory = true;
        await ledger.release(capture.id, slotOwner, now());
        return;
      }
      shortOfMemory = false;
      storing++;
      track(
        whileLeased(capture.id, slotOwner, async (interruption) => {
          const slotParts = { ...parts, owner: slotOwner, wake };
          await storeCapture(capture, slotParts, logOf(capture), interruption);
        }).finally(() => {
          storing--;
          release();
        }),
      );
    }
  }

  async function fillStoringAgain(): Promise<void> {
    while (storingAgain < storingAgainAtOnce && !stopping.signal.aborted) {
      const slotOwner = slot();
      const capture = await ledger.lease(slotOwner, now(), leaseMs, 'store again');
      if (capture === undefined) return;
      const release = await takeMemory(capture);
      if (release === null) {
        await ledger.release(capture.id, slotOwner, now());
        return;
      }
      storingAgain++;
      track(
        whileLeased(capture.id, slotOwner, async (interruption) => {
          const slotParts = { ...parts, owner: slotOwner, wake };
          await storeCapture(capture, slotParts, logOf(capture), interruption);
        }).finally(() => {
          storingAgain--;
          release();
        }),
      );
    }
  }

  /**
   * Memory to read a spooled recording, as soon as there is enough; null: not now. Waiting holds no lease. One that was
   * cut off before may be what ended the process: it is read alone.
   */
  async function takeMemory(capture: Capture & Partial<LeasedCapture>): Promise<(() => void) | null> {
    const { reading } = parts.memory;
    const suspect = (capture.cutOffs ?? 0) > 0;
    return reading.tryTake(suspect ? reading.total : readingBytes(await ledger.spoolSize(capture.id)));
  }

  async function fillDeliveries(): Promise<void> {
    while (deliveries < deliveriesAtOnce && !stopping.signal.aborted) {
      const slotOwner = slot();
      const delivery = await ledger.leaseDelivery(slotOwner, now(), leaseMs);
      if (delivery === undefined) return;
      const { annotator } = parts;
      if (annotator === null || delivery.capture.request.purpose !== 'alert') {
        await ledger.settleDelivery(delivery.capture.id, slotOwner, { kind: 'none' }, now());
        continue;
      }
      deliveries++;
      const delivering = { ...parts, annotator, owner: slotOwner };
      track(
        deliver(delivery, delivering, logOf(delivery.capture), stopping.signal).finally(() => deliveries--),
      );
    }
  }

  function logOf(capture: Capture): Log {
    return log.child({ captureId: capture.id, alert: capture.alert.labels['alertname'] });
  }

  /** Runs the work while its lease is renewed; a lost lease aborts it, for another owner has it now. */
  async function whileLeased(
    id: string,
    slotOwner: string,
    work: (interruption: Interruption) => Promise<void>,
  ): Promise<void> {
    const lost = new AbortController();
    const interruption: Interruption = {
      signal: AbortSignal.any([lost.signal, stopping.signal]),
      startSignal: AbortSignal.any([lost.signal, stoppingLong.signal]),
    };
    const renewal = setInterval(() => {
      ledger.renew(id, slotOwner, now(), leaseMs).then(
        (kept) => {
          if (!kept) lost.abort();
        },
        // With the ledger lost nobody else takes it over: better its target is left clean.
        (error: unknown) => {
          if (asFailure(error).code !== 'ledger-lost') lost.abort();
        },
      );
    }, leaseMs / 3);
    try {
      await work(interruption);
    } catch (error) {
      // No fault of the capture's: it does not count as cut off. Any other leaves the lease to run out, and counts.
      if (isLedgerAway(asFailure(error))) await ledger.release(id, slotOwner, now() + ledgerAwayMs);
      throw error;
    } finally {
      clearInterval(renewal);
      if (stopping.signal.aborted) await ledger.release(id, slotOwner, now());
    }
  }

  async function followClock(): Promise<void> {
    const step = parts.clock.step();
    if (step === 0) return;
    await ledger.shift(step, now());
    parts.clock.follow(step);
    log.warn(
      { seconds: Math.round(step / 1000) },
      "the machine's clock was set; what was under way goes on as it was",
    );
  }

  async function sweep(): Promise<void> {
    const { ended, freed } = await ledger.sweep(now());
    for (const capture of ended) {
      const { code, detail } = capture.reason ?? { code: 'deadline-passed', detail: '' };
      reportEnd(capture, new Failure(code, { detail }), parts, logOf(capture));
    }
    // What was given up leaves room in the spool.
    if (freed.length > 0 || ended.length > 0) wake();
  }

  /** Work of the loops → when it last succeeded, by the monotonic clock, milliseconds. The watch asks targets: it may wait. */
  const succeeded = new Map(
    ['starting captures', 'storing recordings', 'storing again', 'annotating', 'the sweep'].map((what) => [
      what,
      performance.now(),
    ]),
  );

  async function attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (succeeded.has(what)) succeeded.set(what, performance.now());
    } catch (error) {
      log.error({ err: error }, `${what} failed`);
    }
  }

  function stuck(): Failure | null {
    if (stopping.signal.aborted) return null;
    const now = performance.now();
    const [late] = [...succeeded].filter(([, at]) => now - at >= stuckMs);
    if (late === undefined) return null;
    const [what, at] = late;
    return new Failure('queue-stuck', {
      detail: `${what}: no success for ${Math.round((now - at) / 1000)} s`,
    });
  }

  async function every(ms: number, wakeable: boolean, work: () => Promise<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      if (wakeable) woken = false;
      await work();
      if (wakeable && woken) continue;
      const alarm = new AbortController();
      if (wakeable) wakeUp = () => alarm.abort();
      await sleep(ms, undefined, { signal: AbortSignal.any([alarm.signal, stopping.signal]) }).catch(
        () => undefined,
      );
    }
  }

  const loops = [
    every(pollMs, true, async () => {
      // Each by itself: a fault with one must not keep the others waiting.
      await attempt('starting captures', fillProfiling);
      await attempt('storing recordings', fillStoring);
      await attempt('storing again', fillStoringAgain);
      await attempt('annotating', fillDeliveries);
    }),
    every(sweepMs, false, async () => {
      await attempt('following the clock', followClock);
      await attempt('the sweep', sweep);
    }),
    every(harmWatchMs, false, () =>
      attempt('the watch for harm', () => watchForHarm(parts, log, stopping.signal)),
    ),
  ];

  return {
    wake,
    stuck,
    stop: async (graceMs) => {
      stopping.abort();
      const late = setTimeout(() => stoppingLong.abort(), startPatienceMs);
      await Promise.race([
        Promise.allSettled([...loops, ...running]),
        sleep(graceMs, undefined, { ref: false }),
      ]);
      clearTimeout(late);
    },
  };
}
