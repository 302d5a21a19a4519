import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { captureWhen, fireForCapture, isFinal, isProfiled, isTold } from '../setup/flamepin-client.ts';
import { leftOf } from '../setup/host-jvm.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';

const patienceMs = 60_000;
const capturesToken = 'captures-token-of-this-test';
const blocksSchema = z.object({ blocks: z.array(z.looseObject({ key: z.string(), captureId: z.string() })) });

describe('a JVM that is in trouble', () => {
  let directory = '';
  let burner: ReturnType<typeof compileBurner>;
  let grafana: Grafana;
  let flamepin: RunningFlamepin;
  const closing = new AsyncDisposableStack();
  /** Removed last, when nothing can write them any more. */
  const leftovers = closing.use(new AsyncDisposableStack());
  const names = ['exits', 'stopped', 'dies'] as const;
  const markOf = (name: string): string => `-Dflamepin.test=${directory}/${name}`;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-trouble-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    burner = compileBurner();
    closing.defer(() => burner.remove());
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    await writeFile(join(directory, 'grafana.token'), grafana.token);
    await writeFile(join(directory, 'captures.token'), capturesToken);
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0, publicUrl: "http://flamepin.test"}
limits: {perNode: 3}
routes:
${names.map((name) => `  - {matchers: ['service="${name}"'], duration: 15s, cooldown: 0s, event: cpu, target: {host: {process: "${markOf(name)}"}}}`).join('\n')}
grafana: {url: "${grafana.url}", tokenFile: ${join(directory, 'grafana.token')}}
access: {capturesTokenFile: ${join(directory, 'captures.token')}}
storage: {filesystem: {directory: ${join(directory, 'artifacts')}}}
ledger: {sqlite: {path: ${join(directory, 'flamepin.db')}}}
`,
    );
    closing.defer(() => flamepin.stop());
  });

  after(() => closing.disposeAsync());

  const jvmOf = async (name: string): Promise<Jvm> => {
    const jvm = await startBurner(burner.classes, { flags: [markOf(name)] });
    closing.defer(() => jvm.stop('SIGKILL'));
    return jvm;
  };
  const alert = (name: string, fingerprint = name): Promise<string> =>
    fireForCapture(flamepin, fingerprint, { service: name });
  const markText = (id: string): string => {
    const marks = grafana.annotations().filter(({ tags }) => tags.includes(`flamepin:${id}`));
    assert.equal(marks.length, 1, JSON.stringify(marks));
    return marks[0]?.text ?? '';
  };
  const asOperator = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(flamepin.url + path, {
      ...init,
      headers: { Authorization: `Bearer ${capturesToken}`, 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(60_000),
    });
  const blocks = async () => blocksSchema.parse(await (await asOperator('/blocks')).json()).blocks;

  it('is skipped with reason and remedy when it is stopped', async () => {
    const jvm = await jvmOf('stopped');
    process.kill(jvm.pid, 'SIGSTOP');
    const id = await alert('stopped');
    const capture = await captureWhen(flamepin, id, 'the end', patienceMs, isTold);
    assert.equal(capture.state, 'skipped');
    assert.equal(capture.reason?.code, 'target-stopped');
    assert.match(markText(id), /SIGCONT/);
    assert.deepEqual(leftOf(jvm.pid, id), []);
  });

  it('is reported, and blocked until released, when it exits in its window or dies after it', async () => {
    const [exits, dies] = await Promise.all([jvmOf('exits'), jvmOf('dies')]);
    const [early, late] = await Promise.all([alert('exits'), alert('dies')]);
    for (const id of [early, late])
      await captureWhen(flamepin, id, 'the first sample', patienceMs, isProfiled);
    // So much of the window is recorded before the target exits that its cut recording holds samples.
    await sleep(4_000);
    await exits.stop('SIGTERM');

    const cut = await captureWhen(flamepin, early, 'the end', patienceMs, isTold);
    assert.ok(cut.partial || cut.reason !== null, 'partial or explained');
    assert.match(markText(early), cut.state === 'done' ? /[Pp]art/ : /went away|not there|could not be read/);
    assert.deepEqual(leftOf(exits.pid, early), []);

    const whole = await captureWhen(flamepin, late, 'the end', patienceMs, isTold);
    assert.equal(whole.state, 'done', JSON.stringify(whole.reason));
    assert.equal(whole.partial, false);
    await dies.stop('SIGKILL');
    const harmed = await captureWhen(flamepin, late, 'the harm', patienceMs, ({ harm }) => harm !== null);
    assert.match(harmed.harm ?? '', new RegExp(`process ${dies.pid} has ended`));
    await captureWhen(flamepin, early, 'the harm in its window', patienceMs, ({ harm }) => harm !== null);
    await captureWhen(flamepin, late, 'the mark that tells of it', patienceMs, () =>
      /has ended/.test(markText(late)),
    );
    const page = await (await fetch(`${flamepin.url}/captures/${late}`)).text();
    assert.match(page, /has ended/);

    const [block] = await blocks();
    assert.ok(block !== undefined);
    const again = await jvmOf('dies');
    const refused = await captureWhen(flamepin, await alert('dies', 'again'), 'the end', patienceMs, isTold);
    assert.equal(refused.state, 'skipped');
    assert.equal(refused.reason?.code, 'target-blocked');
    assert.match(markText(refused.id), /blocked/);
    assert.deepEqual(leftOf(again.pid, refused.id), []);

    const released = await asOperator('/blocks/release', {
      method: 'POST',
      body: JSON.stringify({ key: block.key }),
    });
    assert.equal(released.status, 200);
    assert.deepEqual(await blocks(), []);
    const allowed = await alert('dies', 'once more');
    // Its window is not waited for; what the next start would collect goes when flamepin and the JVM have ended.
    leftovers.defer(async () => {
      for (const path of leftOf(again.pid, allowed)) await rm(path, { recursive: true, force: true });
    });
    const running = await captureWhen(
      flamepin,
      allowed,
      'the first sample',
      patienceMs,
      (capture) => isProfiled(capture) || isFinal(capture),
    );
    assert.equal(running.state, 'capturing', JSON.stringify(running.reason));
  });
});
