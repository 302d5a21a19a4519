import assert from 'node:assert/strict';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { z } from 'zod';
import { isReady, type Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { ExecSlots } from '../../src/targets/kubernetes/connection/exec-slots.ts';
import { kubernetesExec } from '../../src/targets/kubernetes/connection/exec.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { startBrowser } from '../setup/browser.ts';
import {
  captureOf,
  capturesOf,
  fire,
  isFinal,
  isTold,
  unlessBroken,
  type CaptureJson,
} from '../setup/flamepin-client.ts';
import { freePort, waitFor } from '../setup/process.ts';
import { startMonitoring } from '../setup/prometheus.ts';
import { startS3 } from '../setup/s3-server.ts';
import { forPods, openDoor, outside } from './door.ts';
import { asItWas, inside, type Inside } from './inside.ts';
import { install, webhookToken, type Installation } from './installation.ts';
import { shopWorkload, switchFault } from './pods.ts';
import { testNamespace, type TestNamespace } from './test-namespace.ts';

const own = 'installed';
const shops = 'installed-shops';
const alertsSchema = z.object({ data: z.object({ alerts: z.array(z.unknown()) }) });
/** With a shell and without one. */
const workloads = { checkout: '17', basket: 'noshell' };
type Workload = keyof typeof workloads;
const names = Object.keys(workloads) as Workload[];

const slow = (by: string): string =>
  `histogram_quantile(0.9, sum by (le, ${by}) (rate(http_server_requests_seconds_bucket{uri="/checkout"}[10s]))) > 2`;
/** Neither names a pod: the one a workload of three, the other an address and nothing else. */
const rules = JSON.stringify({
  groups: [
    {
      name: 'shop',
      rules: [
        ['HighLatency', 'namespace, deployment'],
        ['HighLatencyOfInstance', 'instance'],
      ].map(([alert, by = '']) => ({
        alert,
        expr: slow(by),
        labels: { severity: 'critical' },
        annotations: { __dashboardUid__: 'shop', __panelId__: '2' },
      })),
    },
  ],
});

/**
 * The whole pipe where flamepin will mostly run: the chart is installed with helm on a real node, flamepin works in its
 * pod with the chart's rights and admission policy, and a real Prometheus and Alertmanager tell it of two workloads of
 * three pods each, of which one is slow.
 */
describe('installed in a cluster, an alert becomes a flame graph of the slow pod', () => {
  const closing = new AsyncDisposableStack();
  let flamepin: Installation;
  let targets: TestNamespace;
  let grafana: Grafana;
  let browser: Browser;
  let publicUrl: string;
  const slowPods = {} as Record<Workload, Pod>;
  const insideBefore = {} as Record<Workload, Inside>;

  before(async () => {
    targets = await testNamespace(shops);
    closing.defer(() => targets[Symbol.asyncDispose]());
    for (const name of names)
      await targets.create(
        `/apis/apps/v1/namespaces/${shops}/deployments`,
        shopWorkload('Deployment', name, 3, { image: workloads[name] }),
      );
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    const s3 = await startS3();
    closing.defer(() => s3.stop());
    browser = await startBrowser();
    closing.defer(() => browser.close());
    const pods: [Workload, Pod[]][] = [];
    for (const name of names) pods.push([name, await targets.readyPods(`app=${name}`, 3)]);

    const webhookPort = await freePort();
    const monitoring = await startMonitoring({
      directory: directory('monitoring'),
      scrape: {
        job: 'shop',
        targets: pods.flatMap(([deployment, all]) =>
          all.map(({ metadata, status }) => ({
            address: `${status.podIP ?? ''}:9090`,
            labels: { namespace: shops, pod: metadata.name, deployment },
          })),
        ),
      },
      rules,
      webhookUrl: `http://127.0.0.1:${webhookPort}/webhooks/alertmanager`,
      bearerToken: webhookToken,
    });
    closing.defer(() => monitoring.stop());

    // As an ingress: flamepin's page is reached through it from everywhere.
    const port = await freePort();
    publicUrl = `http://${outside}:${port}`;
    const [grafanaOutside, s3Outside, prometheusOutside] = await Promise.all(
      [grafana.url, s3.endpoint, monitoring.prometheusUrl].map(forPods),
    );
    for (const door of [grafanaOutside, s3Outside, prometheusOutside]) closing.defer(() => door?.close());
    await dataVolume();
    flamepin = await install(
      own,
      {
        'grafana-token': grafana.token,
        aws: `[default]\naws_access_key_id = ${s3.credentials.accessKeyId}\naws_secret_access_key = ${s3.credentials.secretAccessKey}\n`,
      },
      {
        targetNamespaces: [shops],
        secrets: [
          secret('sources.alertmanager.bearerTokenFile', 'alertmanager-token'),
          secret('grafana.tokenFile', 'grafana-token'),
        ],
        awsCredentials: { secretName: 'flamepin', secretKey: 'aws' },
        admissionPolicy: { enabled: true },
        config: {
          server: { publicUrl },
          routes: [
            {
              matchers: ['severity="critical"'],
              duration: '15s',
              cooldown: '0s',
              target: { kubernetes: {} },
            },
          ],
          storage: {
            s3: { bucket: s3.bucket, region: s3.region, endpoint: s3Outside?.url, forcePathStyle: true },
          },
          grafana: { url: grafanaOutside?.url },
          prometheus: { url: prometheusOutside?.url },
        },
      },
    );
    closing.defer(() => flamepin.close());
    await calm(monitoring.prometheusUrl);
    const service = { host: new URL(flamepin.url).hostname, port: 8080 };
    for (const [host, at] of [
      [outside, port],
      ['127.0.0.1', webhookPort],
    ] as const) {
      const door = await openDoor(host, service, at);
      closing.defer(() => door.close());
    }

    for (const [name, [, second]] of pods) {
      assert.ok(second);
      slowPods[name] = second;
      insideBefore[name] = inside(second);
    }
    for (const name of names) await switchFault(slowPods[name], 'slow', { strength: 4000 });
  });
  after(() => closing.disposeAsync());

  for (const name of names)
    for (const [alertname, named] of [
      ['HighLatency', 'the workload'],
      ['HighLatencyOfInstance', 'an address'],
    ] as const)
      it(`of ${name} (${workloads[name]}), when the alert names only ${named}`, async () => {
        const capture = await told(alertname, name);
        assert.equal(capture.state, 'done', `${JSON.stringify(capture.reason)}\n${flamepin.log()}`);
        assert.match(capture.headline ?? '', /^\d+% of .* time .*LoyaltyService/);
        assert.equal(capture.target?.name, slowPods[name].metadata.name);
        if (alertname === 'HighLatency')
          assert.match(capture.target?.choice ?? '', /highest of 3 pods by the alert's own expression/);
        // A mark may name its neighbours on the panel too; its own link comes first.
        const link = `${publicUrl}/captures/${capture.id}`;
        const mark = grafana.annotations().find(({ text }) => firstLink(text) === link);
        assert.match(mark?.text ?? '', /LoyaltyService/);
        await followed(link);
        await asBefore(name);
      });

  it('an alert that comes while flamepin is killed in the middle of a window is finished by the next pod', async () => {
    const pod = slowPods.checkout.metadata.name;
    const alert = await fire(connection(), 'killed', { severity: 'critical', namespace: shops, pod });
    const id = alert.captureId ?? '';
    await waitFor(
      'a window',
      60_000,
      async () => {
        const now = await unlessBroken(captureOf(connection(), id));
        return now?.timeline['firstSampleAt'] == null ? undefined : true;
      },
      () => flamepin.log(),
    );
    const first = await flamepin.pod();
    // Without a grace period the kubelet kills at once.
    await flamepin.namespace.remove(`/api/v1/namespaces/${own}/pods/${first.metadata.name}`);
    const capture = await waitFor('the end', 180_000, async () => {
      const now = await unlessBroken(captureOf(connection(), id));
      return now !== undefined && isFinal(now) ? now : undefined;
    });
    assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
    assert.notEqual((await flamepin.pod()).metadata.name, first.metadata.name);
    await asBefore('checkout');
  });

  it('doctor finds every right, connection and clock in order', async () => {
    const pod = await flamepin.pod();
    const { exitCode, stdout } = await kubernetesExec({
      api: flamepin.namespace.api,
      slots: new ExecSlots(),
      namespace: own,
      pod: pod.metadata.name,
      container: 'flamepin',
      running: () => Promise.resolve(true),
    }).run({
      argv: ['node', '/app/bin/flamepin.js', 'doctor', '--config', '/etc/flamepin/flamepin.yaml'],
      deadlineMs: 120_000,
      maxOutputBytes: 100_000,
    });
    assert.equal(exitCode, 0, stdout.toString());
    assert.doesNotMatch(stdout.toString(), /✗/);
  });

  const connection = () => ({ url: flamepin.url, log: [], token: webhookToken });

  function directory(name: string): string {
    const path = mkdtempSync(join(tmpdir(), `flamepin-${name}-`));
    closing.defer(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  /** A volume for the chart's claim that outlives flamepin's pod, as a cluster's storage gives it. */
  async function dataVolume(): Promise<void> {
    const path = directory('volume');
    chownSync(path, 65532, 65532);
    const name = 'flamepin-installed';
    const remove = () => targets.remove(`/api/v1/persistentvolumes/${name}`);
    await remove();
    closing.defer(remove);
    await targets.create('/api/v1/persistentvolumes', {
      metadata: { name },
      spec: {
        capacity: { storage: '5Gi' },
        accessModes: ['ReadWriteOnce'],
        hostPath: { path },
        claimRef: { namespace: own, name: 'flamepin' },
      },
    });
  }

  /** On a busy machine JVMs that have just started are slow all by themselves. */
  async function calm(prometheusUrl: string): Promise<void> {
    let quietSince = Infinity;
    await waitFor('pods that have settled', 120_000, async () => {
      const said = await unlessBroken(alertsOf(prometheusUrl));
      if (said === undefined) return undefined;
      quietSince = said.length > 0 ? Infinity : Math.min(quietSince, Date.now());
      return Date.now() - quietSince > 5_000 ? true : undefined;
    });
  }

  async function told(alertname: string, deployment: Workload): Promise<CaptureJson> {
    const address = `${slowPods[deployment].status.podIP ?? ''}:9090`;
    let seen: CaptureJson[] = [];
    return waitFor(
      `the capture of ${alertname} for ${deployment}`,
      150_000,
      async () => {
        seen = (await unlessBroken(capturesOf(connection()))) ?? seen;
        return seen.find(
          (capture) =>
            isTold(capture) &&
            capture.alert.labels['alertname'] === alertname &&
            [address, deployment].includes(
              capture.alert.labels['deployment'] ?? capture.alert.labels['instance'] ?? '',
            ),
        );
      },
      () =>
        `${JSON.stringify(seen.map(({ alert, state, reason }) => ({ alert, state, reason })))}\n${flamepin.log()}`,
    );
  }

  /** A person clicks the link on the panel. */
  async function followed(link: string): Promise<void> {
    const page = await browser.newPage();
    await page.goto(link);
    assert.match((await page.getByRole('heading', { level: 1 }).textContent()) ?? '', /LoyaltyService/);
    await page.locator('#picture canvas').first().waitFor();
    await page.close();
  }

  /** The slow pod has not restarted, its files are as they were, and no process of ours is left in it. */
  async function asBefore(name: Workload): Promise<void> {
    const pod = slowPods[name];
    const now = await targets.pod(pod.metadata.name);
    assert.ok(isReady(now));
    assert.deepEqual(
      now.status.containerStatuses.map(({ restartCount, containerID }) => [restartCount, containerID]),
      pod.status.containerStatuses.map(({ restartCount, containerID }) => [restartCount, containerID]),
    );
    // Windows follow one another on this node: between two of them nothing of ours is there.
    await asItWas(now, insideBefore[name]);
  }
});

async function alertsOf(prometheusUrl: string): Promise<unknown[]> {
  const response = await fetch(`${prometheusUrl}/api/v1/alerts`, { signal: AbortSignal.timeout(60_000) });
  return alertsSchema.parse(await response.json()).data.alerts;
}

function firstLink(text: string): string | undefined {
  return /href="([^"]+)"/.exec(text)?.[1];
}

function secret(key: string, secretKey: string): Record<string, string> {
  return { key, secretName: 'flamepin', secretKey };
}
