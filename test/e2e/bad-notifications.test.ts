import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { bearer, hmacSecret, startGuarded } from '../setup/guarded-door.ts';
import { waitFor } from '../setup/process.ts';

const answerSchema = z.object({
  accepted: z.number(),
  alerts: z.array(
    z.looseObject({
      outcome: z.string(),
      captureId: z.string().optional(),
      reason: z.looseObject({ code: z.string() }).optional(),
    }),
  ),
});
const problemSchema = z.object({ error: z.string(), message: z.string(), remedy: z.string() });

/** What a broken or hostile sender may send, against the running server. */
describe('a bad notification', () => {
  let flamepin: RunningFlamepin;
  const closing = new AsyncDisposableStack();

  before(async () => {
    flamepin = await startGuarded(closing, {
      grafana: ', timestampHeader: X-Time, maximumSkew: 5m',
      matchers: `'alertname=~"High.*"'`,
    });
  });

  after(() => closing.disposeAsync());

  const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${flamepin.url}/webhooks/alertmanager`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}`, ...headers },
      body,
      signal: AbortSignal.timeout(30_000),
    });

  async function refused(response: Response, status: number, code: string): Promise<void> {
    const text = await response.text();
    assert.equal(response.status, status, text);
    const problem = problemSchema.parse(JSON.parse(text));
    assert.equal(problem.error, code);
    assert.ok(problem.remedy.length > 10, 'says what to do');
    assert.ok(!text.includes(bearer) && !text.includes(hmacSecret), 'tells no secret');
  }

  it('is refused with a remedy when it is not JSON', async () =>
    refused(await post('{"version": '), 400, 'not-json'));

  it('is refused with a remedy when it claims to be gzipped and is not', async () =>
    refused(await post(notification([alert({})]), { 'Content-Encoding': 'gzip' }), 400, 'request-malformed'));

  it('is refused with a remedy when its version is unknown', async () =>
    refused(await post(JSON.stringify({ version: '9', alerts: [] })), 400, 'notification-version'));

  it('is refused with a remedy when it is not a notification', async () =>
    refused(await post('[1, 2]'), 400, 'notification-malformed'));

  it('counts as its source’s when it had the right secret, else as nobody’s', async () => {
    await refused(await post('[1, 2]'), 400, 'notification-malformed');
    await refused(await post('[1, 2]', { Authorization: 'Bearer wrong' }), 401, 'unauthorized');
    const metrics = await (await fetch(`${flamepin.url}/metrics`)).text();
    const counted = (source: string, reason: string): RegExp =>
      new RegExp(
        `^flamepin_notifications_refused_total\\{sender="alertmanager",source="${source}",reason="${reason}"\\} [1-9]`,
        'm',
      );
    assert.match(metrics, counted('alertmanager', 'notification-malformed'));
    assert.match(metrics, counted('', 'unauthorized'));
    assert.doesNotMatch(metrics, counted('alertmanager', 'unauthorized'));
  });

  it('is refused when it is not declared as JSON', async () =>
    refused(
      await post('alerts=1', { 'Content-Type': 'application/x-www-form-urlencoded' }),
      415,
      'content-type',
    ));

  it('is refused when it comes with another method', async () => {
    const response = await fetch(`${flamepin.url}/webhooks/alertmanager`);
    assert.equal(response.headers.get('allow'), 'POST');
    await refused(response, 405, 'method-not-allowed');
  });

  it('is refused without the right token', async () => {
    await refused(
      await post(notification([alert({})]), { Authorization: 'Bearer wrong' }),
      401,
      'unauthorized',
    );
    await refused(await post(notification([alert({})]), { Authorization: '' }), 401, 'unauthorized');
  });

  it('is refused without the right token before its body is sent', async () => {
    const { status } = await begin('alertmanager', { Authorization: 'Bearer wrong' }, 15_000_000).answer;
    assert.equal(status, 401);
  });

  it('is told to retry when too many large bodies are in flight; others still get through', async () => {
    const headers = { 'X-Time': String(Math.floor(Date.now() / 1000)), 'X-Grafana-Alerting-Signature': '0' };
    const large = 16_000_000;
    // Every one all but its last byte.
    const held = Array.from({ length: 4 }, () => begin('grafana', headers, large, large - 1));
    try {
      const busy = await waitFor('a full house', 30_000, async () => {
        held.push(begin('grafana', headers, large, large - 1));
        return (await Promise.race([...held.map(({ answer }) => answer), sleep(500, null)])) ?? undefined;
      });
      assert.equal(busy.status, 503);
      assert.match(busy.retryAfter ?? '', /^\d+$/);
      assert.equal((await post(notification([alert({})]))).status, 200);
      const many = Array.from({ length: 200 }, (_, pod) =>
        alert({ labels: { pod: `p-${pod}`, text: 'x'.repeat(1000) } }),
      );
      assert.equal(
        (await signed(notification(many, '1'), Date.now())).status,
        200,
        'a signed one, of 240 KB',
      );
    } finally {
      for (const { end } of held) end();
    }
    await waitFor('room again', 30_000, async () => {
      const response = await signed(notification([alert({})], '1'), Date.now());
      return response.status === 200 ? true : undefined;
    });
  });

  it('gets through forty at once without a Content-Length', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const body = notification([alert({ fingerprint: `c${index}` })]);
        const stream = new Blob([body]).stream();
        const response = await fetch(`${flamepin.url}/webhooks/alertmanager`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` },
          body: stream,
          duplex: 'half',
          signal: AbortSignal.timeout(30_000),
        });
        await response.arrayBuffer();
        return response.status;
      }),
    );
    assert.deepEqual(
      answers.filter((status) => status !== 200),
      [],
    );
  });

  it('is ended with 408 when its body comes too slowly', async () => {
    const startedAt = performance.now();
    const { status } = await begin('alertmanager', { Authorization: `Bearer ${bearer}` }, 10_000).answer;
    assert.equal(status, 408);
    // Node's own limit takes a minute or more.
    assert.ok(performance.now() - startedAt < 30_000);
  });

  it('is answered at once when its body never ends, and cut off soon after', async () => {
    for (const headers of [{ Authorization: 'Bearer wrong' }, { Authorization: `Bearer ${bearer}` }]) {
      const socket = connect(Number(new URL(flamepin.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.write(
        'POST /webhooks/alertmanager HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
          `Authorization: ${headers.Authorization}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      );
      const chunk = `${(1 << 20).toString(16)}\r\n${' '.repeat(1 << 20)}\r\n`;
      const push = (): void => {
        while (socket.writable && socket.write(chunk));
      };
      socket.on('drain', push);
      push();
      const startedAt = performance.now();
      await new Promise((resolve) => socket.once('close', resolve));
      // Node's own limit would end it after a minute or more.
      assert.ok(performance.now() - startedAt < 20_000, `${performance.now() - startedAt} ms`);
      assert.match(answer, headers.Authorization === 'Bearer wrong' ? /^HTTP\/1.1 401 / : /^HTTP\/1.1 413 /);
    }
  });

  /** Sends headers and the first `sent` of a body of `length` bytes, no more. */
  function begin(sender: string, headers: Record<string, string>, length: number, sent = 1) {
    const request = httpRequest(`${flamepin.url}/webhooks/${sender}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': length, ...headers },
      agent: false,
    });
    const answer = new Promise<{ status: number; retryAfter: string | undefined }>((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
        response.resume();
        request.destroy();
      });
    });
    // Those that are held are cut off at the end of the test.
    answer.catch(() => undefined);
    request.write(Buffer.alloc(sent, ' '));
    return { answer, end: () => request.destroy() };
  }

  it('is refused when it has 30 MB, without being read to its end', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sent = httpRequest(
        `${flamepin.url}/webhooks/alertmanager`,
        {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            Authorization: `Bearer ${bearer}`,
            'Content-Length': 30_000_000,
          },
        },
        (response) => {
          resolve(response.statusCode ?? 0);
          response.resume();
          sent.destroy();
        },
      );
      sent.on('error', reject);
      sent.write(Buffer.alloc(1_000, ' '));
    });
    assert.equal(status, 413);
  });

  it('is taken whole when it holds 10,000 alerts', async () => {
    const alerts = Array.from({ length: 10_000 }, (_, index) =>
      alert({
        fingerprint: index.toString(16).padStart(16, '0'),
        labels: { alertname: 'HighLatency', pod: `checkout-${index}`, text: 'x'.repeat(800) },
      }),
    );
    const response = await post(notification(alerts));
    const answer = answerSchema.parse(await response.json());
    assert.equal(response.status, 200);
    assert.equal(answer.alerts.length, 10_000);
    assert.ok(answer.alerts.every(({ outcome }) => outcome === 'observed'));
  });

  it('is refused at once when it holds millions of empty alerts', async (test) => {
    for (const filling of ['{},', '[],', '1,', '['])
      for (const [start, end] of [
        ['{"version":"4","alerts":[', '0]}'],
        ['{"version":"4","alerts":[{"labels":{"a":', '1}}]}'],
      ] as const) {
        const body = start + filling.repeat(Math.floor(15_000_000 / filling.length)) + end;
        const startedAt = performance.now();
        await refused(await post(body), 413, 'notification-too-large');
        const ms = performance.now() - startedAt;
        test.diagnostic(`${filling} ${Math.round(ms)} ms`);
        assert.ok(ms < 15_000, `${filling} took ${ms} ms`);
      }
    await refused(
      await post(`{"version":"4","alerts":[${'{},'.repeat(20_001)}{}]}`),
      413,
      'notification-too-large',
    );
  });

  it('does no harm with hostile label values, which come back as they were', async () => {
    const hostile = {
      alertname: 'HighLatency',
      quotes: `"'\`\\`,
      lines: 'a\nb\r\nc',
      html: '</title></script><script>document.title=1337</script><img src=x onerror=alert(1)>',
      shell: '$(touch /tmp/owned); `id`; rm -rf / # && |',
      long: 'y'.repeat(100_000),
    };
    const response = await post(notification([alert({ fingerprint: 'bad0bad0bad0bad0', labels: hostile })]));
    assert.equal(response.status, 200);
    const page = await fetch(`${flamepin.url}/alerts/bad0bad0bad0bad0`, { headers: { Accept: 'text/html' } });
    const html = await page.text();
    assert.ok(!html.includes('<script>document') && !html.includes('<img'), html);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  });

  it('is answered 2xx with a reason when no route matches, as a refusal would be retried forever', async () => {
    const response = await post(
      notification([alert({ fingerprint: '1111111111111111', labels: { alertname: 'DiskFull' } })]),
    );
    const answer = answerSchema.parse(await response.json());
    assert.equal(response.status, 200);
    assert.equal(answer.alerts[0]?.outcome, 'unrouted');
    assert.equal(answer.alerts[0]?.reason?.code, 'no-route');
  });

  it('never starts anything for a test alert of Grafana', async () => {
    const body = notification([alert({ labels: { alertname: 'TestAlert', instance: 'Grafana' } })], '1');
    const answer = answerSchema.parse(await (await signed(body, Date.now())).json());
    assert.equal(answer.alerts[0]?.outcome, 'ignored');
  });

  it('is refused when its signature is older than the skew that is allowed', async () => {
    const body = notification([alert({})], '1');
    await refused(await signed(body, Date.now() - 6 * 60_000), 401, 'unauthorized');
    await refused(await signed(body, Date.now() + 6 * 60_000), 401, 'unauthorized');
    assert.equal((await signed(body, Date.now() - 4 * 60_000)).status, 200);
  });

  it('is refused when a byte of it was changed on the way', async () => {
    const body = notification([alert({})], '1');
    await refused(await signed(body, Date.now(), body.replace('firing', 'Firing')), 401, 'unauthorized');
  });

  async function signed(body: string, at: number, sent = body): Promise<Response> {
    const seconds = String(Math.floor(at / 1000));
    return fetch(`${flamepin.url}/webhooks/grafana`, {
      method: 'PUT',
      headers: {
        'Content-Type': 'application/json',
        'X-Time': seconds,
        'X-Grafana-Alerting-Signature': createHmac('sha256', hmacSecret)
          .update(`${seconds}:${body}`)
          .digest('hex'),
      },
      body: sent,
      signal: AbortSignal.timeout(60_000),
    });
  }
});

describe('the same notification fifty times at once', () => {
  it('becomes one capture', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-storm-'));
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes: [{matchers: [], target: {host: {process: "no such process anywhere"}}}]
`,
    );
    try {
      const body = notification([alert({ labels: { alertname: 'HighLatency', service: 'checkout' } })]);
      const answers = await Promise.all(
        Array.from({ length: 50 }, async () => {
          const response = await fetch(`${flamepin.url}/webhooks/alertmanager`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body,
            signal: AbortSignal.timeout(30_000),
          });
          assert.equal(response.status, 200);
          return answerSchema.parse(await response.json());
        }),
      );
      const outcomes = answers.flatMap(({ alerts }) => alerts.map(({ outcome }) => outcome));
      assert.equal(outcomes.filter((outcome) => outcome === 'queued').length, 1);
      assert.equal(outcomes.filter((outcome) => outcome === 'duplicate').length, 49);
    } finally {
      await flamepin.stop();
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('the list of fifty captures whose alerts hold a megabyte of labels each', () => {
  it('is a small answer, and ten who ask for it at once do not fill the memory', async (test) => {
    await using cleanup = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-list-'));
    cleanup.defer(() => rm(directory, { recursive: true, force: true }));
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes: [{matchers: [], cooldown: 0s, target: {host: {process: "no such process anywhere"}}}]
`,
    );
    cleanup.defer(() => flamepin.stop());
    const large = Object.fromEntries(
      Array.from({ length: 250 }, (_, index) => [`label${index}`, 'x'.repeat(4000)]),
    );
    for (let i = 0; i < 50; i++) {
      const response = await fetch(`${flamepin.url}/webhooks/alertmanager`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: notification([
          alert({
            fingerprint: `large-${i}`,
            labels: { alertname: 'HighLatency', service: `shop-${i}`, ...large },
          }),
        ]),
        signal: AbortSignal.timeout(30_000),
      });
      assert.equal(answerSchema.parse(await response.json()).alerts[0]?.outcome, 'queued');
    }
    const sizes = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const response = await fetch(`${flamepin.url}/captures`, {
          headers: { Accept: 'application/json' },
          signal: AbortSignal.timeout(30_000),
        });
        const text = await response.text();
        const list = z
          .object({
            captures: z.array(z.object({ alert: z.object({ labels: z.record(z.string(), z.string()) }) })),
          })
          .parse(JSON.parse(text));
        assert.equal(list.captures.length, 50);
        assert.ok(list.captures.every(({ alert: { labels } }) => labels['alertname'] === 'HighLatency'));
        return text.length;
      }),
    );
    const peak =
      Number(/VmHWM:\s*(\d+) kB/.exec(await readFile(`/proc/${flamepin.pid}/status`, 'utf8'))?.[1]) / 1024;
    test.diagnostic(`${Math.max(...sizes)} bytes each, ${Math.round(peak)} MiB at most`);
    assert.ok(Math.max(...sizes) < 1_500_000, `${Math.max(...sizes)} bytes`);
    assert.ok(peak < 600, `${peak} MiB`);
  });
});

function alert(change: { fingerprint?: string; labels?: Record<string, string> }): object {
  return {
    status: 'firing',
    labels: { alertname: 'HighLatency' },
    annotations: {},
    startsAt: '2026-11-01T02:14:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: '0123456789abcdef',
    ...change,
  };
}

function notification(alerts: readonly object[], version = '4'): string {
  return JSON.stringify({
    version,
    status: 'firing',
    receiver: 'flamepin',
    groupKey: '{}',
    truncatedAlerts: 0,
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: '',
    alerts,
  });
}
