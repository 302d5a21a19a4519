import { once } from 'node:events';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { identifySource } from '../alerts/signature.ts';
import { analysisThreads } from '../captures/analysis/analysis-threads.ts';
import { findBaseline } from '../captures/baselines/baseline.ts';
import { Clock } from '../captures/clock.ts';
import { captureId } from '../captures/capture-id.ts';
import { compareCaptures } from '../captures/analysis/compare-captures.ts';
import type { Annotator } from '../captures/annotator.ts';
import type { GrafanaOptions } from '../annotations/grafana.ts';
import { profilerLinks } from './profiler-links.ts';
import { recordingMemory } from '../captures/analysis/recording-memory.ts';
import { startWorker } from '../captures/worker/worker.ts';
import { kindOfUri } from '../captures/target-kinds.ts';
import type { Configuration } from '../config/load.ts';
import { currentCredentials } from '../config/sources.ts';
import { pageScript, pageStyle } from '../flamegraph/page-bundle.ts';
import { createApp } from '../http/app.ts';
import { boundConnections } from '../http/connections.ts';
import { openLedger } from './open-ledger.ts';
import { openStore } from './open-store.ts';
import { obtainPayloads } from '../profiler/obtain.ts';
import { Profiler } from '../profiler/profiler.ts';
import { decideAll } from '../routing/decide.ts';
import { requestBaselines } from '../schedule/baselines.ts';
import { startSchedule, type CronJob } from '../schedule/cron.ts';
import { sweepRetention } from '../schedule/retention.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { RepeatedWarning } from '../telemetry/repeated-warning.ts';
import { openTargets } from './open-targets.ts';
import { Grace } from './grace.ts';
import { ledgerLost } from './ledger-lost.ts';
import { Failure } from '../reasons/failure.ts';
import { openApiRoute } from '../http/openapi/route.ts';
import { version } from '../version.ts';
import { manualDecision } from '../captures/manual.ts';

/** Kubernetes gives a pod 30 s to end; the rest is left for closing the ledger. All parts share it. */
const graceMs = 28_000;
/** For requests that are being answered when the stop comes. */
const answeringMs = 2_000;
/** How long a sender may take; the body itself is bounded in `http/request-body.ts`. */
const timeouts = {
  /** From the connection, or the first byte of a further request, to the end of its headers: they fit in one packet. */
  headersTimeout: 10_000,
  /** To the end of its body. */
  requestTimeout: 45_000,
  /** How often Node looks at both. */
  connectionsCheckingInterval: 1_000,
};
/** A reader that takes nothing of its answer for so long is given up, milliseconds; comparing takes most, 30 s. */
const silentMs = 120_000;

/** Browsers, senders and probes together need a few dozen; each costs some 20 KiB. */
const connectionsAtOnce = 500;

/**
 * Runs the receiver until SIGTERM or SIGINT. The composition root: every concrete part is named here, closed in reverse.
 * @param load reads the configuration; called once SIGUSR1 is handled
 */
export async function serve(load: () => Configuration): Promise<void> {
  // First of all: without a listener, SIGUSR1 starts Node's inspector.
  process.on('SIGUSR1', () => {
    togglePause().catch((error: unknown) =>
      log.error({ err: error }, 'captures could not be held or let go on'),
    );
  });
  const configuration = load();
  const log = createLog(configuration.log.level);
  for (const warning of configuration.warnings) log.warn(warning);
  await using closing = new AsyncDisposableStack();
  const clock = new Clock();
  const now = (): number => clock.now();

  const ledger = openLedger(configuration);
  closing.defer(() => ledger.close());
  const grace = new Grace(graceMs);
  const store = await openStore(configuration);
  closing.defer(() => grace.within(store.close?.()));
  const metrics = createMetrics();
  const targets = openTargets(configuration);
  closing.defer(() => grace.within(targets.close()));
  const { storage } = configuration;
  const signedLink =
    storage.kind === 's3' ? (key: string) => store.link(key, storage.linkExpiry / 1000) : undefined;
  const publicUrl = configuration.server.publicUrl ?? null;

  const payloads = obtainPayloads(configuration.profiler.directory ?? null, configuration.cacheDirectory);
  // Before the first alert, so that it does not wait for a download or for code to load (a second for Kubernetes');
  // a failure comes back with the capture.
  payloads('linux-x64').catch((error: unknown) =>
    log.warn({ err: error }, 'async-profiler is not at hand yet'),
  );
  if (configuration.mode === 'capture')
    for (const kind of new Set(configuration.routes.map(({ target }) => target.kind)))
      targets.get(kind).catch((error: unknown) => log.warn({ err: error, kind }, 'no target can be reached'));

  const worker = startWorker({
    ledger,
    targets: (kind) => targets.get(kind),
    profiling: new Profiler(payloads),
    analysis: analysisThreads(configuration.limits.maxRecordingBytes),
    store,
    baselineFor: (capture, signal) => findBaseline(capture, ledger, store, signal),
    annotator: await openAnnotator(configuration, signedLink),
    observer: metrics,
    memory: recordingMemory(configuration.limits.maxRecordingBytes),
    now,
    clock,
    owner: `${hostname()} ${process.pid}`,
    limits: {
      total: configuration.limits.total,
      perNode: configuration.limits.perNode,
      maxRecordingBytes: configuration.limits.maxRecordingBytes,
      deadlineMs: configuration.limits.deadline,
    },
    recordingsKeptMs: configuration.retention.recordings,
    publicUrl,
    applicationPackages: configuration.applicationPackages,
    profilerLinks: (capture) => profilerLinks(capture, configuration.links),
    log,
  });
  closing.defer(() => worker.stop(grace.left()));

  const stopping = new AbortController();
  const schedule = startSchedule(jobs(), ledger, now, log);
  closing.defer(async () => {
    stopping.abort();
    await grace.within(schedule.stop());
  });

  const app = createApp({
    ledger,
    store,
    metrics,
    log,
    openApi: openApiRoute(version),
    now,
    identify: (sender, request) =>
      identifySource(
        configuration.sources.filter((source) => source.sender === sender).map(currentCredentials),
        request,
      ),
    guarded: (sender) =>
      configuration.sources.every(
        (source) =>
          source.sender !== sender ||
          source.bearerToken !== null ||
          source.basic !== null ||
          source.signature !== null,
      ),
    bodyLimit: configuration.limits.maxNotificationBytes,
    listensOn: configuration.server.host,
    publicUrl,
    applicationPackages: configuration.applicationPackages,
    profilerLinks: (capture) => profilerLinks(capture, configuration.links),
    signedLink: storage.kind === 's3' && storage.signedRedirects ? (signedLink ?? null) : null,
    recordingsToken: reader(configuration.secrets.recordingsToken),
    capturesToken: reader(configuration.secrets.capturesToken),
    assets: { script: await pageScript(), style: await pageStyle() },
    compare: compareCaptures(
      store,
      configuration.applicationPackages,
      configuration.limits.maxRecordingBytes,
    ),
    decide: async (alerts, at) => {
      const rules = {
        mode: configuration.mode,
        paused: await ledger.paused(),
        routes: configuration.routes,
        targets: configuration.targets,
        panels: configuration.grafana?.panels ?? [],
      };
      const moment = {
        now: at,
        newId: () => captureId(at),
        deadlineMs: configuration.limits.deadline,
        queueLimit: configuration.limits.queue,
      };
      return decideAll(alerts, rules, moment, ({ fingerprint }, error) =>
        log.error({ err: error, fingerprint }, 'this alert could not be decided'),
      );
    },
    requestManually: async (hand) => {
      const kind = kindOfUri(hand.target);
      const sibling = kind === 'kubernetes' && configuration.targets.kubernetes.sibling;
      const decision = manualDecision({ ...hand, kind, sibling }, now(), configuration.limits);
      await ledger.accept([decision], now());
      worker.wake();
      return decision.id;
    },
    setPaused: (paused) => ledger.setPaused(paused),
    storeNow: async (id) => {
      const due = await ledger.storeNow(id, now());
      worker.wake();
      return due;
    },
    wake: () => worker.wake(),
    stuck: () => worker.stuck(),
  });

  const server = createServer(timeouts, app);
  // Whether the sender is asked for its body is decided where it is read, after its secrets.
  server.on('checkContinue', app);
  server.setTimeout(silentMs);
  const crowded = new RepeatedWarning(log, 'too many connections: the idlest were closed');
  boundConnections(server, connectionsAtOnce, (address) => crowded.warn(address, { address }));
  server.listen(configuration.server.port, configuration.server.host);
  await once(server, 'listening');
  closing.defer(async () => {
    // From now on the worker takes no new work, while the last requests are answered.
    const stopped = worker.stop(grace.left());
    server.close();
    server.closeIdleConnections();
    const impatience = setTimeout(() => server.closeAllConnections(), answeringMs);
    await grace.within(once(server, 'close'));
    clearTimeout(impatience);
    await stopped;
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : configuration.server.port;
  log.info(
    { host: configuration.server.host, port, version, configuration: configuration.origin },
    'listening',
  );

  const signal = await Promise.race([
    new Promise<NodeJS.Signals>((resolve) => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
    }),
    ledgerLost(ledger, log, stopping.signal),
  ]);
  // What still holds the process by then, such as a connection that will not end, is given up.
  setTimeout(() => process.exit(1), graceMs + 1_000).unref();
  if (signal instanceof Failure) throw signal;
  log.info({ signal }, 'stopping: running windows end by themselves and are collected by the next start');

  async function togglePause(): Promise<void> {
    const paused = !(await ledger.paused());
    await ledger.setPaused(paused);
    log.warn({ paused }, paused ? 'captures are on hold' : 'captures go on');
  }

  function jobs(): CronJob[] {
    const { retention, baselines } = configuration;
    const sweep: CronJob = {
      name: 'retention',
      expression: retention.schedule,
      run: (at) =>
        sweepRetention(
          {
            ledger,
            store,
            retention: { recordingsMs: retention.recordings, profilesMs: retention.profiles },
            log,
          },
          at,
        ),
    };
    const baseline: CronJob = {
      name: 'baselines',
      expression: baselines.schedule,
      run: async () => {
        const asked = await requestBaselines(
          {
            ledger,
            workloads: baselines.workloads.map(({ labels, target, duration }) => ({
              labels,
              target: { kind: target.kind, process: target.process, uri: null },
              durationSeconds: duration / 1000,
            })),
            deadlineMs: configuration.limits.deadline,
            queueLimit: configuration.limits.queue,
            now,
            wake: () => worker.wake(),
          },
          stopping.signal,
        );
        log.info({ asked, workloads: baselines.workloads.length }, 'baselines asked for');
      },
    };
    return [
      ...(retention.enforcedBy === 'flamepin' ? [sweep] : []),
      ...(baselines.workloads.length > 0 && configuration.mode === 'capture' ? [baseline] : []),
    ];
  }
}

async function openAnnotator(
  { grafana, secrets, server, links }: Configuration,
  signedLink: GrafanaOptions['signedLink'],
): Promise<Annotator | null> {
  if (grafana === undefined || secrets.grafanaToken === null) return null;
  const { grafanaAnnotator } = await import('../annotations/grafana.ts');
  const token = secrets.grafanaToken;
  return grafanaAnnotator({
    url: grafana.url,
    token: () => Promise.resolve(token.read()),
    publicUrl: server.publicUrl ?? null,
    signedLink,
    profilerLinks: (capture) => profilerLinks(capture, links),
    organizationMarks: grafana.organizationMarks,
  });
}

const reader = (secret: { read(): string } | null): (() => string) | null =>
  secret === null ? null : () => secret.read();
