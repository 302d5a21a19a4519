import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { captureWhen, isFinal } from '../setup/flamepin-client.ts';
import { compileBurner, startBurner } from '../setup/jvm.ts';

const seenSchema = z.object({ outcome: z.string(), captureId: z.string().nullable() });
const answerSchema = z.object({
  alerts: z.tuple([z.looseObject({ outcome: z.string(), captureId: z.string().optional() })]),
});
const resolvedAtSchema = z.looseObject({ alert: z.looseObject({ resolvedAt: z.string().nullable() }) });

/** A pager message carries the link before there is a profile; whatever its sender says next, it leads there. */
describe("an alert's link", () => {
  let flamepin: RunningFlamepin;
  const closing = new AsyncDisposableStack();

  before(async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-link-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const burner = compileBurner();
    closing.defer(() => burner.remove());
    const mark = `-Dflamepin.test=${directory}`;
    const jvm = await startBurner(burner.classes, { flags: [mark] });
    closing.defer(() => jvm.stop('SIGKILL'));
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes:
  - {name: disks, matchers: ['alertname="DiskFull"', 'severity="critical"', 'team="data"'], target: {host: {}}}
  - {matchers: ['service=~".+"'], duration: 15s, cooldown: 1h, target: {host: {process: "${mark}"}}}
`,
    );
    closing.defer(() => flamepin.stop());
  });

  after(() => closing.disposeAsync());

  const hourAgo = Date.now() - 3_600_000;
  const at = (minute: number): string => new Date(hourAgo + minute * 60_000).toISOString();
  const send = async (
    fingerprint: string,
    status: 'firing' | 'resolved',
    startsAt: string,
    change: { endsAt?: string; labels?: Record<string, string> } = {},
  ) => {
    const endsAt = change.endsAt ?? '0001-01-01T00:00:00Z';
    const labels = { alertname: 'SlowCheckout', service: fingerprint, ...change.labels };
    const response = await fetch(`${flamepin.url}/webhooks/alertmanager`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        version: '4',
        status,
        alerts: [{ status, labels, annotations: {}, startsAt, endsAt, generatorURL: '', fingerprint }],
      }),
      signal: AbortSignal.timeout(30_000),
    });
    return answerSchema.parse(await response.json()).alerts[0];
  };
  const follow = async (fingerprint: string): Promise<{ location: string | null; outcome: string }> => {
    const address = `${flamepin.url}/alerts/${fingerprint}`;
    const opened = await fetch(address, { redirect: 'manual', headers: { Accept: 'text/html' } });
    const asked = await fetch(address, { headers: { Accept: 'application/json' } });
    const { outcome, captureId } = seenSchema.parse(await asked.json());
    const location = opened.headers.get('location');
    assert.equal(location, captureId === null ? null : `/captures/${captureId}`);
    return { location, outcome };
  };
  const captured = async (fingerprint: string, startsAt: string): Promise<string> => {
    const { outcome, captureId = '' } = await send(fingerprint, 'firing', startsAt);
    assert.equal(outcome, 'queued');
    return captureId;
  };
  const resolvedAt = async (id: string): Promise<string | null> => {
    const response = await fetch(`${flamepin.url}/captures/${id}`, {
      headers: { Accept: 'application/json' },
    });
    return resolvedAtSchema.parse(await response.json()).alert.resolvedAt;
  };

  it('leads to the profile after a resolved whose start is its end, as Grafana 12 sends it', async () => {
    const id = await captured('grafana12', at(0));
    await captureWhen(flamepin, id, 'the profile', 90_000, ({ state }) => state === 'done');
    await send('grafana12', 'resolved', at(10), { endsAt: at(10) });
    assert.deepEqual(await follow('grafana12'), { location: `/captures/${id}`, outcome: 'resolved' });
    assert.notEqual(await resolvedAt(id), null);
  });

  it('leads there when it fires again in the cooldown, and from a replica that saw it begin later', async () => {
    const id = await captured('again', at(0));
    await send('again', 'firing', at(0.1));
    assert.deepEqual(await follow('again'), { location: `/captures/${id}`, outcome: 'cooldown' });
    await send('again', 'resolved', at(0), { endsAt: at(5) });
    const refired = await send('again', 'firing', at(12));
    assert.deepEqual([refired.outcome, refired.captureId], ['cooldown', id]);
    assert.deepEqual(await follow('again'), { location: `/captures/${id}`, outcome: 'cooldown' });
    await captureWhen(flamepin, id, 'the end', 90_000, isFinal);
  });

  it('leads to the profile of the same JVM where that held its own capture back', async () => {
    const profile = (await follow('grafana12')).location;
    const id = await captured('neighbour', at(0));
    const held = await captureWhen(flamepin, id, 'the end', 90_000, isFinal);
    assert.equal(held.reason?.code, 'cooldown');
    assert.equal((await follow('neighbour')).location, profile);
  });

  it('opens its episode again when it fires, resolves and fires with one start', async () => {
    const id = await captured('flapping', at(0));
    await send('flapping', 'resolved', at(0), { endsAt: at(6) });
    assert.notEqual(await resolvedAt(id), null);
    const third = await send('flapping', 'firing', at(0));
    assert.deepEqual([third.outcome, third.captureId], ['duplicate', id]);
    assert.equal(await resolvedAt(id), null);
  });

  it('without a capture says why, the closest route and what to change', async () => {
    const labels = { alertname: 'DiskFull', severity: 'warning', team: 'data', service: '' };
    await send('unrouted', 'firing', at(0), { labels });
    assert.deepEqual(await follow('unrouted'), { location: null, outcome: 'unrouted' });
    const page = await (
      await fetch(`${flamepin.url}/alerts/unrouted`, { headers: { Accept: 'text/html' } })
    ).text();
    for (const expected of [
      'No route matches this alert.',
      'closest: routes[0] (disks), where severity&#61;&#34;critical&#34; fails: the label is &#34;warning&#34;',
      'Change what fails in the closest route',
      'no-route',
      '<dt>severity</dt> <dd>warning</dd>',
    ])
      assert.ok(page.replace(/\s+/g, ' ').includes(expected), `${expected}\n${page}`);
  });
});
