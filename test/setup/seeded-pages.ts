import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Express } from 'express';
import { filesystemStore } from '../../src/stores/filesystem.ts';
import { artifactKey } from '../../src/artifacts/keys.ts';
import type { ArtifactStore } from '../../src/captures/artifact-store.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Capture } from '../../src/captures/capture.ts';
import { compareCaptures } from '../../src/captures/analysis/compare-captures.ts';
import { exportProfiles } from '../../src/captures/analysis/export-profile.ts';
import type { Ledger } from '../../src/captures/ledger.ts';
import { pageScript, pageStyle } from '../../src/flamegraph/page-bundle.ts';
import { renderSvg } from '../../src/flamegraph/svg.ts';
import { createApp } from '../../src/http/app.ts';
import { openApiRoute } from '../../src/http/openapi/route.ts';
import { noMapping } from '../../src/alerts/label-mapping.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { panelUrl } from '../../src/serve/panel-url.ts';
import { profilerLinks } from '../../src/serve/profiler-links.ts';
import { sweepRetention } from '../../src/schedule/retention.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { capturing, finished } from '../given/capture.ts';
import { toCapture } from '../given/decision.ts';
import { slowShop } from '../given/shop-profile.ts';
import { seedCapture } from '../given/seed-capture.ts';
import type { Artifact } from '../../src/artifacts/artifact.ts';

/** A capture of each state that a person may open, by name. */
export type SeededPaths = Record<
  'done' | 'expired' | 'queued' | 'capturing' | 'storing' | 'skipped' | 'failed' | 'harmed',
  string
>;

/** flamepin's pages over a real ledger and store, without a worker: states that would pass stay as they are. */
export interface SeededPages {
  url: string;
  paths: SeededPaths;
  app: Express;
  /** An alert arrives, and its capture waits in the queue. */
  fire(fingerprint: string): Promise<void>;
  stop(): Promise<void>;
}

const minute = 60_000;
const day = 24 * 60 * minute;
const contentTypes: Record<Artifact['name'], string> = {
  'flamegraph.svg': 'image/svg+xml',
  'flamegraph.html': 'text/html; charset=utf-8',
  'profile.json': 'application/json',
  'summary.md': 'text/plain; charset=utf-8',
  'recording.jfr': 'application/octet-stream',
};
const names = Object.keys(contentTypes) as Artifact['name'][];

/**
 * @param captures how many are in the list, of all states; 0 is a fresh flamepin
 * @param profile what was recorded in each
 */
export async function startSeededPages(
  captures: number,
  profile: Profile = slowShop(),
): Promise<SeededPages> {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-pages-'));
  const ledger = openSqliteLedger({ path: join(directory, 'ledger.db') });
  const store = filesystemStore({ directory: join(directory, 'artifacts') });
  const log = createLog('error');
  const templates = [
    { name: 'Pyroscope', url: 'https://pyroscope.example.com/?query={workload}&from={fromSeconds}' },
  ];
  const app = createApp({
    ledger,
    store,
    metrics: createMetrics(),
    log,
    openApi: openApiRoute('0.0.0'),
    now: () => Date.now(),
    identify: () => ({ source: null, detail: 'a test sends nothing' }),
    guarded: () => true,
    bodyLimit: 1024,
    listensOn: '127.0.0.1',
    publicUrl: 'https://flamepin.example.com',
    signedLink: null,
    recordingsToken: null,
    capturesToken: null,
    applicationPackages: ['com.acme'],
    panelUrl: (capture) => panelUrl(capture, 'https://grafana.example.com'),
    profilerLinks: (capture) => profilerLinks(capture, { links: templates, labels: noMapping }),
    assets: { script: await pageScript(), style: await pageStyle() },
    compare: compareCaptures(store, [], 64 * 1024 ** 2),
    exportProfile: exportProfiles(store, 64 * 1024 ** 2),
    decide: () => Promise.resolve([]),
    requestManually: () => Promise.resolve(''),
    setPaused: () => Promise.resolve(),
    storeNow: () => Promise.resolve([]),
    accepted: () => undefined,
    stuck: () => null,
  });
  const paths = await seedCaptures(ledger, store, captures, profile);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    paths,
    app,
    async fire(fingerprint) {
      await ledger.accept([toCapture(fingerprint)], Date.now());
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await ledger.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Fills a ledger and a store with captures of all states and ages, newest last; see startSeededPages. */
export async function seedCaptures(
  ledger: Ledger,
  store: ArtifactStore,
  captures: number,
  profile: Profile = slowShop(),
): Promise<SeededPaths> {
  const profileJson = JSON.stringify(profile);
  const svg = renderSvg(profile, { event: 'wall', title: 'wall' });
  const paths: Record<string, string> = {};
  const harmed: Capture[] = [];
  for (let i = captures - 1; i >= 0; i--) {
    const scene = scenes[i % scenes.length];
    if (scene === undefined) continue;
    const at = Date.now() - i * 53 * minute - (scene.name === 'expired' ? 100 * day : 45_000);
    const capture = { ...scene.make(begun(i, at)), id: captureId(at) };
    if (capture.state === 'done')
      capture.artifacts = names.map((name) => ({
        name,
        event: null,
        key: artifactKey(capture.id, name),
        size: 1000,
        contentType: contentTypes[name],
        contentEncoding: 'gzip',
      }));
    for (const { name, key, contentType } of capture.artifacts) {
      const body = gzipSync(name === 'profile.json' ? profileJson : name === 'flamegraph.svg' ? svg : name);
      const object = { key, body, contentType, contentEncoding: 'gzip', metadata: {} } as const;
      await store.put(object, AbortSignal.timeout(60_000));
    }
    await seedCapture(ledger, capture);
    if (capture.harm !== null) harmed.push(capture);
    paths[scene.name] ??= `/captures/${capture.id}`;
  }
  // Last, for it blocks the workload.
  for (const { id, harm } of harmed) await ledger.recordHarm(id, harm ?? '', Date.now());
  await sweepRetention(
    {
      ledger,
      store,
      retention: { recordingsMs: 7 * day, profilesMs: 90 * day },
      log: createLog('error'),
    },
    Date.now(),
  );
  return paths as SeededPaths;
}

const workloads = [
  'shop/Deployment/checkout',
  'payment/StatefulSet/ledger-writer',
  'search/Deployment/query-frontend-for-the-catalogue',
];
const alerts = ['HighLatency', 'CPUThrottlingHigh', 'JvmMemoryFillingUp'];

/** The shop's capture at another time, of one of several alerts and workloads. */
function begun(i: number, at: number): Capture {
  const capture = capturing({}, at);
  const workload = workloads[i % workloads.length] ?? '';
  const { alert, target } = capture;
  return {
    ...capture,
    alert: {
      ...alert,
      fingerprint: i.toString(16).padStart(16, '0'),
      labels: { ...alert.labels, alertname: alerts[i % alerts.length] ?? '' },
      annotations: {
        summary: 'p99 of /checkout is 1.4 s',
        description: 'It has been above 500 ms for 5 minutes.',
        runbook_url: 'https://runbooks.example.com/high-latency',
      },
      generatorUrl: 'https://prometheus.example.com/graph?g0.expr=p99_seconds+%3E+0.5&g0.tab=1',
    },
    target: target && { ...target, workload, node: `worker-${i}` },
    session: {
      bootId: 'b',
      pid: 7,
      startTicks: '4711',
      recordingPath: '/tmp/.flamepin/recording.jfr',
      place: null,
      leftovers: ['/tmp/.flamepin'],
      clockSkewMs: 3,
      choice: '',
      commandLine: 'java -jar /app/checkout.jar',
      missingEvents: {},
      checks: { SIGQUIT: 'caught', '/tmp': 'writable, exec', 'memory left': '412 MB' },
      cpuStat: null,
      cpuStatAfter: null,
    },
  };
}

const waiting = (capture: Capture, changes: Partial<Capture>): Capture => ({
  ...capture,
  target: null,
  session: null,
  timeline: { ...capture.timeline, resolvedAt: null, startedAt: null, firstSampleAt: null },
  ...changes,
});

const scenes: readonly { name: string; make: (capture: Capture) => Capture }[] = [
  { name: 'capturing', make: (capture) => capture },
  { name: 'done', make: (capture) => finished(capture) },
  {
    name: 'failed',
    make: (capture) => ({
      ...capture,
      state: 'failed',
      reason: {
        code: 'exec-disconnected',
        detail: 'websocket closed with 1006 while fetching the recording',
      },
    }),
  },
  { name: 'done', make: (capture) => finished(capture) },
  {
    name: 'skipped',
    make: (capture) =>
      waiting(capture, {
        state: 'skipped',
        reason: { code: 'memory-low', detail: '12 MB are left of 512 MB' },
      }),
  },
  {
    name: 'storing',
    make: (capture) => ({ ...finished(capture), state: 'storing', answer: null, artifacts: [] }),
  },
  { name: 'done', make: (capture) => finished(capture, { partial: true }) },
  {
    name: 'harmed',
    make: (capture) => finished(capture, { harm: 'the pod restarted 40 s after its window (exit code 137)' }),
  },
  { name: 'queued', make: (capture) => waiting(capture, { state: 'queued' }) },
  { name: 'expired', make: (capture) => finished(capture) },
];
