import { Clock } from '../captures/clock.ts';
import type { Configuration } from '../config/load.ts';
import { obtainPayloads } from '../profiler/obtain.ts';
import { Profiler } from '../profiler/profiler.ts';
import { Failure } from '../reasons/failure.ts';
import { startSchedule } from '../schedule/cron.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { version } from '../version.ts';
import { Grace } from './grace.ts';
import { cronJobs } from './jobs.ts';
import { ledgerLost } from './ledger-lost.ts';
import { listen } from './listen.ts';
import { openObservedTargets } from './observe-targets.ts';
import { openAnnotator } from './open-annotator.ts';
import { openApp } from './open-app.ts';
import { openInventory } from './open-inventory.ts';
import { openLedger } from './open-ledger.ts';
import { linkSigner, openStore } from './open-store.ts';
import { openTargets } from './open-targets.ts';
import { openWorker } from './open-worker.ts';

/** Kubernetes gives a pod 30 s to end; the rest is left for closing the ledger. All parts share it. */
const graceMs = 28_000;

/**
 * Runs the receiver until SIGTERM or SIGINT. The composition root: parts are opened from the bottom up, and closed in
 * reverse.
 * @param load reads the configuration; called once SIGUSR1 is handled
 */
export async function serve(load: () => Configuration): Promise<void> {
  // First of all: without a listener, SIGUSR1 starts Node's inspector.
  process.on('SIGUSR1', () => {
    togglePause().catch((error: unknown) => log.error({ err: error }, 'cannot pause or resume captures'));
  });
  const configuration = load();
  const log = createLog(configuration.log.level);
  for (const warning of configuration.warnings) log.warn(warning);
  await using closing = new AsyncDisposableStack();
  const clock = new Clock();
  const now = (): number => clock.now();
  const grace = new Grace(graceMs);
  const stopping = new AbortController();

  const ledger = openLedger(configuration);
  closing.defer(() => ledger.close());
  const store = await openStore(configuration);
  closing.defer(() => grace.within(store.close?.()));
  const signLink = linkSigner(store, configuration);
  const inventory = await openInventory(configuration, log);
  inventory?.keepFresh();
  closing.defer(() => inventory?.close());
  const targets = openTargets(configuration, inventory);
  closing.defer(() => grace.within(targets.close()));
  const payloads = obtainPayloads(configuration.profiler.directory ?? null, configuration.cacheDirectory);
  loadAhead();

  const metrics = createMetrics();
  const worker = openWorker(configuration, {
    ledger,
    store,
    targets: (kind) => targets.get(kind),
    profiling: new Profiler(payloads),
    annotator: await openAnnotator(configuration, signLink),
    observer: metrics,
    clock,
    now,
    log,
  });
  closing.defer(() => worker.stop(grace.left()));

  const wake = (): void => worker.wake();
  const jobs = cronJobs(configuration, { ledger, store, now, wake, log }, stopping.signal);
  const schedule = startSchedule(jobs, ledger, now, log);
  closing.defer(async () => {
    stopping.abort();
    await grace.within(schedule.stop());
  });

  const observed = openObservedTargets(configuration, { targets, ledger, inventory, log });
  closing.defer(() => grace.within(observed?.stop()));
  const app = await openApp(configuration, {
    ledger,
    store,
    signLink,
    metrics,
    worker,
    observed,
    inventory,
    now,
    log,
  });
  const { host } = configuration.server;
  const listening = await listen(app, configuration.server, log);
  closing.defer(async () => {
    // From now on the worker takes no new work, while the last requests are answered.
    const stopped = worker.stop(grace.left());
    await listening.close(grace);
    await stopped;
  });
  log.info({ host, port: listening.port, version, configuration: configuration.origin }, 'listening');

  const ended = await Promise.race([stopSignal(), ledgerLost(ledger, log, stopping.signal)]);
  // What still holds the process by then, such as a connection that will not end, is given up.
  setTimeout(() => process.exit(1), graceMs + 1_000).unref();
  if (ended instanceof Failure) throw ended;
  log.info(
    { signal: ended },
    'stopping; running windows end by themselves and are collected at the next start',
  );

  async function togglePause(): Promise<void> {
    const paused = !(await ledger.paused());
    await ledger.setPaused(paused);
    log.warn({ paused }, paused ? 'captures paused' : 'captures resumed');
  }

  /**
   * Before the first alert, so that it does not wait for a download or for code to load (a second for Kubernetes'). A
   * failure shows again with the capture that meets it.
   */
  function loadAhead(): void {
    payloads('linux-x64').catch((error: unknown) =>
      log.warn({ err: error }, 'async-profiler unavailable; will retry'),
    );
    if (configuration.mode !== 'capture') return;
    for (const kind of new Set(configuration.routes.map(({ target }) => target.kind)))
      targets.get(kind).catch((error: unknown) => log.warn({ err: error, kind }, 'targets unavailable'));
  }
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
  });
}
