import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { RunningFlamepin } from '../../demo/flamepin.ts';
import { notificationOf } from '../setup/flamepin-client.ts';
import { bearer, hmacSecret, startGuarded } from '../setup/guarded-door.ts';
import { waitFor } from '../setup/process.ts';
import { sendStrangers, type Habit } from '../setup/strangers.ts';

/** Connections that flamepin takes at once. */
const places = 500;
const patienceMs = 30_000;
const chunkedHead =
  'POST /webhooks/grafana HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
  'X-Grafana-Alerting-Signature: 0\r\nTransfer-Encoding: chunked\r\n\r\n';

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  ms: number;
}

/** Anybody who reaches the port, without any secret, against senders with one and the kubelet's probes. */
describe('strangers at the door', () => {
  let flamepin: RunningFlamepin;
  const closing = new AsyncDisposableStack();

  before(async () => {
    flamepin = await startGuarded(closing);
  });

  after(() => closing.disposeAsync());

  /** One request over a connection of its own, as Grafana and the kubelet make them. */
  function ask(method: string, path: string, headers: Record<string, string>, body?: string) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const startedAt = performance.now();
    const sent = httpRequest(flamepin.url + path, { method, headers, agent: false }, (response) => {
      response.resume().once('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, ms: performance.now() - startedAt });
      });
    });
    sent.on('error', reject).setTimeout(patienceMs, () => sent.destroy(new Error('no answer')));
    sent.end(body);
    return promise;
  }
  const signed = (fingerprint: string): Promise<Answer> => {
    const body = notificationOf(fingerprint, {});
    const signature = createHmac('sha256', hmacSecret).update(body).digest('hex');
    return ask(
      'POST',
      '/webhooks/grafana',
      { 'Content-Type': 'application/json', 'X-Grafana-Alerting-Signature': signature },
      body,
    );
  };
  const withToken = (fingerprint: string): Promise<Answer> =>
    ask(
      'POST',
      '/webhooks/alertmanager',
      { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` },
      notificationOf(fingerprint, {}),
    );

  async function everybodyComesThrough(test: TestContext, times: number): Promise<void> {
    const took: Record<string, number[]> = {};
    for (let i = 0; i < times; i++) {
      const answers = await Promise.all([
        signed(`signed-${i}`),
        withToken(`token-${i}`),
        ask('GET', '/healthz', {}),
        ask('GET', '/readyz', {}),
      ]);
      for (const [index, name] of ['signed', 'token', 'healthz', 'readyz'].entries()) {
        assert.equal(answers[index]?.status, 200, name);
        (took[name] ??= []).push(answers[index]?.ms ?? 0);
      }
    }
    for (const [name, all] of Object.entries(took)) {
      const sorted = all.toSorted((a, b) => a - b);
      const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0);
      test.diagnostic(`${name}: ${times} of ${times}, ms: p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}`);
    }
  }

  const habits: Record<string, Habit> = {
    'connect and say nothing': { opening: '' },
    'never end their headers': {
      opening: 'POST /webhooks/grafana HTTP/1.1\r\nHost: localhost\r\n',
      further: 'X: y\r\n',
    },
    'send a body a byte at a time': { opening: chunkedHead, further: '1\r\n \r\n' },
    'never send the body of a page that they ask for': {
      opening: 'GET /captures HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n',
    },
  };
  for (const [what, habit] of Object.entries(habits))
    it(`keep nobody out when six hundred of them ${what}`, async (test) => {
      const strangers = sendStrangers(flamepin.url, places + 100, habit);
      try {
        await waitFor(
          'strangers',
          patienceMs,
          () => (strangers.connected() >= places - 50 ? true : undefined),
          () => `${strangers.connected()} connected`,
        );
        await everybodyComesThrough(test, 30);
      } finally {
        strangers.stop();
      }
    });

  it('keep nobody out when four of them send one-byte chunks', async (test) => {
    const strangers = sendStrangers(flamepin.url, 4, { opening: chunkedHead, further: '1\r\n \r\n' });
    try {
      await waitFor('strangers', patienceMs, () => (strangers.connected() === 4 ? true : undefined));
      await everybodyComesThrough(test, 90);
    } finally {
      strangers.stop();
    }
  });

  it('are logged and throttled when they try a thousand tokens, and lock nobody out', async () => {
    const wrong = 'a-guess-that-must-not-be-logged';
    const statuses = new Map<number, number>();
    for (let i = 0; i < 1000; i += 50)
      for (const { status } of await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          index % 2 === 0
            ? ask('POST', '/webhooks/alertmanager', {
                'Content-Type': 'application/json',
                Authorization: `Bearer ${wrong}`,
              })
            : ask('GET', '/blocks', { Authorization: `Bearer ${wrong}` }),
        ),
      ))
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
    assert.equal((statuses.get(401) ?? 0) + (statuses.get(429) ?? 0), 1000, JSON.stringify([...statuses]));
    assert.ok((statuses.get(429) ?? 0) > 500, JSON.stringify([...statuses]));
    assert.equal((await withToken('after-the-guesses')).status, 200);
    assert.equal((await signed('after-the-guesses')).status, 200);

    const lines = () => flamepin.log.filter(({ msg }) => msg === 'wrong or missing secret');
    await waitFor('the sum', patienceMs, () => lines().find(({ times }) => Number(times) > 100));
    assert.ok(lines().length < 50, `${lines().length} lines`);
    assert.ok(lines().every(({ address }) => address === '127.0.0.1'));
    assert.ok(!flamepin.log.some((entry) => JSON.stringify(entry).includes(wrong)));
    const metrics = await (await fetch(`${flamepin.url}/metrics`)).text();
    assert.match(
      metrics,
      /^flamepin_notifications_refused_total\{sender="alertmanager",source="",reason="too-many-wrong-secrets"\} [1-9]/m,
    );
  });
});
