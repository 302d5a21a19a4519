import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import type { Pod } from '../../src/targets/kubernetes/connection/objects.ts';
import { startBrowser } from '../setup/browser.ts';
import {
  captureWhen,
  fireForCapture,
  isFinal,
  unlessBroken,
  type CaptureJson,
} from '../setup/flamepin-client.ts';
import { waitFor } from '../setup/process.ts';
import { asItWas, inside } from './inside.ts';
import { shopWorkload, switchFault } from './pods.ts';
import { kubeconfigPath, testNamespace, type TestNamespace } from './test-namespace.ts';

const name = 'sibling';
/** A window, a cold start in two pods and their reading, on a machine that does other things too. */
const patienceMs = 120_000;
/** Requests until a shop's code is compiled, about 20 s: before, a comparison tells of the compiler. */
const warmUpRequests = 400;

/** Requests per second: with four a healthy pod may do too little in 15 s to be compared with. */
const load = 20;

const relatedSchema = z.looseObject({
  answer: z.looseObject({ comparedWith: z.object({ captureId: z.string() }).nullable() }),
  sibling: z.object({ captureId: z.string(), name: z.string() }),
});

describe('one of three pods is slow, and its healthy sibling is profiled in the same window', () => {
  let namespace: TestNamespace;
  let directory: string;
  let flamepin: RunningFlamepin;
  let pods: Pod[];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-sibling-'));
    namespace = await testNamespace(name);
    await namespace.create(
      `/apis/apps/v1/namespaces/${name}/deployments`,
      shopWorkload('Deployment', 'checkout', 3, { load }),
    );
    pods = await namespace.readyPods('app=checkout', 3);
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
limits: {perNode: 2}
routes:
  - matchers: []
    event: wall
    duration: 15s
    target: {kubernetes: {kubeconfig: ${kubeconfigPath()}, sibling: true}}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
    );
    for (const pod of pods) await warmUp(pod);
  });
  after(async () => {
    await using closing = new AsyncDisposableStack();
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    closing.use(namespace);
    closing.defer(() => flamepin.stop());
  });

  it('and the answer names the slow method, against that sibling; both pods are as before', async () => {
    const [slow, ...others] = pods;
    assert.ok(slow);
    const before = pods.map((pod) => ({ pod, seen: inside(pod) }));
    await switchFault(slow, 'slow', { strength: 2000 });

    const labels = { namespace: name, pod: slow.metadata.name, uri: '/checkout' };
    const id = await fireForCapture(flamepin, 'f1', labels);
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, isFinal);
    assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
    const { sibling, answer } = relatedSchema.parse(capture);
    assert.ok(others.some(({ metadata }) => metadata.name === sibling.name));
    const beside = await captureWhen(flamepin, sibling.captureId, 'the end', patienceMs, isFinal);
    assert.equal(beside.state, 'done', JSON.stringify(beside.reason));
    assert.equal(answer.comparedWith?.captureId, sibling.captureId, JSON.stringify(beside));
    assert.match(
      capture.headline ?? '',
      /^\d+% of (?:request|the) time is spent sleeping in .*LoyaltyService.*; healthy: \d/,
    );
    assert.ok(JSON.stringify(capture).includes(`pp vs sibling ${sibling.name}, same window; `));
    assert.equal(beside.annotation.state, 'none');
    const [began, beganToo] = [capture, beside].map(({ timeline }) =>
      Date.parse(timeline['firstSampleAt'] ?? ''),
    );
    const apart = (beganToo ?? NaN) - (began ?? NaN);
    // It begins within 5 s and then starts; the windows have 15 s.
    assert.ok(Math.abs(apart) < 12_000, `${apart} ms after the other`);

    await leadToEachOther(capture, sibling.captureId, slow.metadata.name);

    for (const { pod, seen } of before) await asItWas(pod, seen);
    const restarts = await Promise.all(pods.map(({ metadata }) => namespace.pod(metadata.name)));
    for (const { status } of restarts) assert.equal(status.containerStatuses[0]?.restartCount, 0);
  });

  /** By its own count: where CPU is short, time says nothing of how often a method ran. */
  async function warmUp(pod: Pod): Promise<void> {
    await waitFor(`${warmUpRequests} requests of ${pod.metadata.name}`, 180_000, async () => {
      const text = await unlessBroken(metricsOf(pod));
      const counts = text?.matchAll(/^http_server_requests_seconds_count\{.*\} (\d+)$/gm) ?? [];
      const sum = [...counts].reduce((total, [, count]) => total + Number(count), 0);
      return sum >= warmUpRequests ? true : undefined;
    });
  }

  /** In a browser on a phone, from the sentence to the sibling's page and back. */
  async function leadToEachOther(capture: CaptureJson, siblingId: string, slow: string): Promise<void> {
    const browser = await startBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      await page.goto(`${flamepin.url}/captures/${capture.id}`);
      assert.equal(await page.locator('h1').textContent(), capture.headline);
      await page
        .locator('.changed h2')
        .getByRole('link', { name: /^sibling / })
        .click();
      await page.waitForURL(`**/captures/${siblingId}`);
      await page.getByText(`A healthy sibling of ${slow}, profiled in the same window`).waitFor();
      await page.getByRole('link', { name: `The capture of ${slow}` }).click();
      await page.waitForURL(`**/captures/${capture.id}`);
    } finally {
      await browser.close();
    }
  }
});

async function metricsOf(pod: Pod): Promise<string> {
  const url = `http://${pod.status.podIP ?? ''}:9090/metrics`;
  return (await fetch(url, { signal: AbortSignal.timeout(60_000) })).text();
}
