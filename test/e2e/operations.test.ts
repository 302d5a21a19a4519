import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { captureOf, captureWhen, isFinal, isProfiled, notificationOf } from '../setup/flamepin-client.ts';
import { leftOf } from '../setup/host-jvm.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';

const patienceMs = 60_000;
const secrets = {
  alertmanager: 'alertmanager-secret-of-this-test',
  captures: 'captures-secret-of-this-test',
  recordings: 'recordings-secret-of-this-test',
};
const problemSchema = z.object({ error: z.string(), message: z.string(), remedy: z.string() });
const acceptedSchema = z.object({
  alerts: z.array(
    z.looseObject({
      outcome: z.string(),
      captureId: z.string().optional(),
      reason: z.looseObject({ code: z.string() }).optional(),
    }),
  ),
});
const queuedSchema = z.object({ id: z.string(), path: z.string() });

describe('what an operator does with a running flamepin', () => {
  let directory = '';
  let burner: ReturnType<typeof compileBurner>;
  let flamepin: RunningFlamepin;
  let byHand: Jvm;
  let alerting: Jvm;
  let handId = '';
  let alertId = '';
  /** The ledger's disk as the test sees it: flamepin has it in a mount namespace of its own. */
  let smallDisk = '';
  const closing = new AsyncDisposableStack();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-operations-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    for (const [name, secret] of Object.entries(secrets)) await writeFile(join(directory, name), secret);
    burner = compileBurner();
    closing.defer(() => burner.remove());
    const jvmOf = async (name: string): Promise<Jvm> => {
      const jvm = await startBurner(burner.classes, { flags: [`-Dflamepin.test=${directory}/${name}`] });
      closing.defer(() => jvm.stop('SIGKILL'));
      return jvm;
    };
    [byHand, alerting] = await Promise.all([jvmOf('manual'), jvmOf('alert')]);

    const disk = join(directory, 'ledger');
    await mkdir(disk);
    const namespace = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
    const withSmallDisk = join(import.meta.dirname, '..', 'contract', 'with-small-disk.sh');
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
sources: {alertmanager: {bearerTokenFile: ${join(directory, 'alertmanager')}}}
limits: {perNode: 2}
routes: [{matchers: ['service="shop"'], duration: 15s, target: {host: {process: "-Dflamepin.test=${directory}/alert"}}}]
access: {recordingsTokenFile: ${join(directory, 'recordings')}, capturesTokenFile: ${join(directory, 'captures')}}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(disk, 'flamepin.db')}}}
`,
      process.env,
      ['unshare', ...namespace, 'sh', withSmallDisk, '16m', disk],
    );
    closing.defer(() => flamepin.stop());
    smallDisk = `/proc/${flamepin.pid}/root${disk}`;
  });

  after(() => closing.disposeAsync());

  const ask = (path: string, token?: string, init: RequestInit = {}): Promise<Response> =>
    fetch(flamepin.url + path, {
      redirect: 'manual',
      signal: AbortSignal.timeout(60_000),
      ...init,
      headers: {
        ...(init.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...init.headers,
      },
    });
  const post = (path: string, token: string | undefined, body: unknown): Promise<Response> =>
    ask(path, token, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  const notify = (fingerprint: string, labels: Record<string, string> = {}): Promise<Response> =>
    post('/webhooks/alertmanager', secrets.alertmanager, notificationOf(fingerprint, labels));
  const outcomeOf = async (fingerprint: string, labels: Record<string, string>) => {
    const [alert] = acceptedSchema.parse(await (await notify(fingerprint, labels)).json()).alerts;
    assert.ok(alert !== undefined);
    return alert;
  };
  async function refused(response: Response, status: number, code: string): Promise<void> {
    const text = await response.text();
    assert.equal(response.status, status, text);
    const problem = problemSchema.parse(JSON.parse(text));
    assert.equal(problem.error, code);
    assert.ok(problem.remedy.length > 10, 'says what to do');
  }
  const json = { headers: { Accept: 'application/json' } };

  it('a capture by hand needs its token and a proper request, and starts like any other', async () => {
    const hand = { target: `host://${byHand.pid}`, event: 'wall', durationSeconds: 15 };
    await refused(await post('/captures', undefined, hand), 401, 'token-required');
    await refused(await post('/captures', secrets.recordings, hand), 401, 'token-required');
    await refused(
      await post('/captures', secrets.captures, { target: '/etc/passwd' }),
      400,
      'request-invalid',
    );
    await refused(
      await post('/captures', secrets.captures, { ...hand, durationSeconds: 5 }),
      400,
      'request-invalid',
    );
    await refused(await post('/captures', secrets.captures, '{"target": '), 400, 'not-json');
    for (const path of ['/captures', '/blocks/release'])
      await refused(await post(path, undefined, '{"target": '), 401, 'token-required');
    const response = await post('/captures', secrets.captures, hand);
    assert.equal(response.status, 202);
    const { id, path } = queuedSchema.parse(await response.json());
    assert.equal(path, `/captures/${id}`);
    handId = id;
    await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
  });

  it('alerts are recorded as paused, by token or by signal, and captured after a resume', async () => {
    await refused(await ask('/pause', undefined, { method: 'POST' }), 401, 'token-required');
    assert.equal((await ask('/pause', secrets.captures, { method: 'POST' })).status, 200);
    const held = await outcomeOf('f1', { service: 'shop' });
    assert.equal(held.outcome, 'paused');
    assert.equal(held.reason?.code, 'paused');
    const page = await (await ask('/alerts/f1')).text();
    assert.match(page, /Captures are paused/);
    process.kill(flamepin.pid, 'SIGUSR1');
    await waitFor('the signal', patienceMs, () => flamepin.log.find(({ msg }) => msg === 'captures resumed'));
    process.kill(flamepin.pid, 'SIGUSR1');
    await waitFor('the next', patienceMs, () => flamepin.log.find(({ msg }) => msg === 'captures paused'));
    assert.equal((await outcomeOf('f2', { service: 'shop' })).outcome, 'paused');
    assert.equal((await ask('/resume', secrets.captures, { method: 'POST' })).status, 200);

    const queued = await outcomeOf('f1', { service: 'shop' });
    assert.equal(queued.outcome, 'queued');
    alertId = queued.captureId ?? '';
    assert.equal((await outcomeOf('f3', { service: 'elsewhere' })).outcome, 'unrouted');
    await captureWhen(flamepin, alertId, 'the first sample', patienceMs, isProfiled);
  });

  it('an alert leads to its newest capture, from the first second', async () => {
    const response = await ask('/alerts/f1');
    assert.equal(response.status, 302);
    assert.equal(response.headers.get('location'), `/captures/${alertId}`);
    assert.equal((await ask('/alerts/unheard-of')).status, 404);
    assert.match(await (await ask('/alerts/f3')).text(), /No route matches/);
    const known = z
      .object({ outcome: z.string(), captureId: z.string() })
      .parse(await (await ask('/alerts/f1', undefined, json)).json());
    assert.deepEqual(known, { outcome: 'queued', captureId: alertId });
  });

  it('a second instance on the same ledger is refused, with its reason', async () => {
    await assert.rejects(
      startFlamepin(directory, readFileSync(join(directory, 'flamepin.yaml'), 'utf8'), process.env, [
        'nsenter',
        `--mount=/proc/${flamepin.pid}/ns/mnt`,
      ]),
      /ended with 1[\s\S]*Another flamepin has the ledger open/,
    );
  });

  it('recordings need their own token; pictures do not', async () => {
    for (const [id, jvm] of [
      [handId, byHand],
      [alertId, alerting],
    ] as const) {
      // No Grafana is configured, so no mark stays due.
      const capture = await captureWhen(
        flamepin,
        id,
        'the end',
        patienceMs,
        (seen) => isFinal(seen) && seen.annotation.state === 'none',
      );
      assert.equal(capture.state, 'done', JSON.stringify(capture.reason));
      assert.deepEqual(leftOf(jvm.pid, id), []);
    }
    const recording = `/captures/${alertId}/recording.jfr`;
    await refused(await ask(recording), 401, 'token-required');
    await refused(await ask(recording, secrets.captures), 401, 'token-required');
    const html = await ask(recording, undefined, { headers: { Accept: 'text/html,*/*;q=0.8' } });
    assert.equal(html.status, 401);
    assert.match(html.headers.get('content-type') ?? '', /^text\/html/);
    const words = (await html.text()).replaceAll(/<[^>]+>|&#34;|&quot;/g, '');
    assert.match(words, /This needs a token/);
    assert.ok(words.includes(`curl -OJ -H Authorization: Bearer $TOKEN ${flamepin.url}${recording}`), words);
    const bytes = Buffer.from(await (await ask(recording, secrets.recordings)).arrayBuffer());
    assert.equal(bytes.subarray(0, 4).toString('latin1'), 'FLR\0');
    assert.ok(!bytes.includes(directory), 'system properties are masked');
    assert.equal((await ask(`/captures/${alertId}/flamegraph.svg?event=wall`)).status, 200);
    assert.equal((await ask(`/captures/${alertId}/flamegraph.svg?event=nothing`)).status, 404);
  });

  it('an unknown or malformed address says so, to a program as JSON, and is never a 500', async () => {
    await refused(await ask('/nowhere', undefined, json), 404, 'not-found');
    assert.match(await (await ask('/nowhere')).text(), /There is nothing at this address/);
    await refused(await ask('/captures/%E0%A4%A', undefined, json), 400, 'request-malformed');
    assert.deepEqual(
      flamepin.log.filter(({ msg }) => msg === 'request failed'),
      [],
    );
  });

  it('an artifact that is gone says so, with what is still known', async () => {
    const { headline } = await captureOf(flamepin, alertId);
    await rm(join(directory, 'artifacts'), { recursive: true });
    await mkdir(join(directory, 'artifacts'));
    const response = await ask(`/captures/${alertId}/flamegraph.html`, undefined, json);
    assert.equal(response.status, 410);
    const gone = problemSchema.extend({ headline: z.string() }).parse(await response.json());
    assert.equal(gone.error, 'artifact-expired');
    assert.equal(gone.headline, headline);
    const page = await (await ask(`/captures/${alertId}/flamegraph.html`)).text();
    assert.match(page, /passed its retention/);
  });

  it('every metric that the dashboard and the rules in deploy/ ask for is there, with values', async () => {
    const deploy = join(import.meta.dirname, '..', '..', 'deploy');
    const asked = ['grafana/dashboard.json', 'prometheus/rules.yaml', 'prometheus/alerts.yaml'].flatMap(
      (name) => readFileSync(join(deploy, name), 'utf8').match(/\bflamepin_[a-z_]+\b/g) ?? [],
    );
    const text = await (await ask('/metrics')).text();
    const declared = new Set(text.match(/(?<=^# TYPE )flamepin_[a-z_]+/gm));
    assert.ok(asked.length > 0);
    assert.deepEqual(
      asked.filter((name) => !declared.has(name.replace(/_(bucket|count|sum)$/, ''))),
      [],
    );
    for (const purpose of ['alert', 'manual'])
      assert.ok(
        text.includes(`\nflamepin_captures_total{purpose="${purpose}",outcome="done",reason=""} 1\n`),
        purpose,
      );
    assert.match(text, /^flamepin_alert_to_first_sample_seconds_count 1$/m);
    assert.match(text, /^flamepin_alerts_total\{source="alertmanager",outcome="paused"\} 2$/m);
    for (const stage of ['resolve', 'start', 'collect', 'analyse', 'store'])
      assert.match(text, new RegExp(`^flamepin_stage_duration_seconds_count\\{stage="${stage}"\\} 2$`, 'm'));
  });

  it('a full disk is answered with 503 and a remedy, until there is room', async () => {
    const ballast = join(smallDisk, 'ballast');
    await assert.rejects(async () => {
      for (;;) await appendFile(ballast, Buffer.alloc(1 << 20));
    }, /ENOSPC/);
    const filler = { note: 'x'.repeat(20_000) };
    const full = await waitFor('a full disk', patienceMs, async () => {
      const response = await notify(`full-${Math.random()}`, filler);
      return response.status === 200 ? undefined : response;
    });
    await refused(full, 503, 'ledger-full');
    process.kill(flamepin.pid, 'SIGUSR1');
    await waitFor('the signal that cannot be obeyed', patienceMs, () =>
      flamepin.log.find(({ msg }) => msg === 'cannot pause or resume captures'),
    );
    assert.equal((await ask('/healthz')).status, 200);
    assert.equal((await ask(`/captures/${alertId}`)).status, 200, 'what is known can still be read');
    await rm(ballast);
    assert.equal((await notify('after', filler)).status, 200);
  });

  it('the log is JSON, names the capture, and holds no secret', () => {
    assert.deepEqual(flamepin.otherOutput, []);
    const lines = flamepin.log.map((entry) => JSON.stringify(entry));
    for (const id of [handId, alertId])
      for (const message of ['starting the window', 'profiling', 'capture done'])
        assert.ok(
          flamepin.log.some(({ msg, captureId }) => msg === message && captureId === id),
          `${message} ${id}`,
        );
    for (const secret of Object.values(secrets)) assert.ok(!lines.some((line) => line.includes(secret)));
  });
});

describe('stopping while a browser keeps its connection and a sender is slow', () => {
  it('ends with exit code 0', async () => {
    await using cleanup = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-stop-'));
    cleanup.defer(() => rm(directory, { recursive: true, force: true }));
    const flamepin = await startFlamepin(directory, 'server: {port: 0}\nroutes: []\n');
    cleanup.defer(() => flamepin.stop());
    const slow = connect(Number(new URL(flamepin.url).port), '127.0.0.1');
    slow.on('error', () => undefined);
    cleanup.defer(() => void slow.destroy());
    slow.write(
      'POST /webhooks/alertmanager HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    await fetch(`${flamepin.url}/healthz`);
    await flamepin.stop();
    assert.equal(flamepin.exitCode(), 0);
  });
});

describe('mode observe', () => {
  it('records what would be done, and touches nothing', async () => {
    await using cleanup = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-observe-'));
    cleanup.defer(() => rm(directory, { recursive: true, force: true }));
    const flamepin = await startFlamepin(
      directory,
      `mode: observe
server: {port: 0}
routes: [{matchers: [], target: {host: {}}}]
`,
    );
    cleanup.defer(() => flamepin.stop());
    const send = async (path: string, body: string): Promise<Response> =>
      fetch(flamepin.url + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: 'Bearer undefined' },
        body,
      });
    const [alert] = acceptedSchema.parse(
      await (await send('/webhooks/alertmanager', notificationOf('f1', {}))).json(),
    ).alerts;
    assert.equal(alert?.outcome, 'observed');
    assert.equal(alert.reason?.code, 'observe-mode');
    for (const path of ['/captures', '/pause', '/resume', '/blocks/release']) {
      const response = await send(path, '{}');
      assert.equal(response.status, 403, path);
      assert.equal(problemSchema.parse(await response.json()).error, 'not-enabled');
    }
    const list = z
      .object({ captures: z.array(z.unknown()) })
      .parse(
        await (await fetch(`${flamepin.url}/captures`, { headers: { Accept: 'application/json' } })).json(),
      );
    assert.deepEqual(list.captures, []);
  });
});
