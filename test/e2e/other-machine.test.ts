import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { startGrafana, type Grafana } from '../grafana/grafana.ts';
import { capturesOf, captureWhen, fire, fireForCapture, isFinal } from '../setup/flamepin-client.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';

/** Every machine has a flamepin, and each gets the alerts of all: only the one that is meant may say anything. */
describe('an alert about another machine', () => {
  let directory = '';
  let flamepin: RunningFlamepin;
  let grafana: Grafana;
  let jvm: Jvm;
  const closing = new AsyncDisposableStack();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-elsewhere-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const burner = compileBurner();
    closing.defer(() => burner.remove());
    const mark = `-Dflamepin.test=${directory}`;
    jvm = await startBurner(burner.classes, { flags: [mark] });
    closing.defer(() => jvm.stop('SIGKILL'));
    grafana = await startGrafana();
    closing.defer(() => grafana.close());
    await writeFile(join(directory, 'grafana.token'), grafana.token);
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0, publicUrl: "http://flamepin.test"}
routes:
  - {matchers: ['route="any JVM"'], duration: 15s, target: {host: {}}}
  - {matchers: [], duration: 15s, target: {host: {process: "${mark}"}}}
targets: {host: {names: [checkout-prod]}}
grafana: {url: "${grafana.url}", tokenFile: ${join(directory, 'grafana.token')}}
`,
    );
    closing.defer(() => flamepin.stop());
  });

  after(() => closing.disposeAsync());

  const labels: Record<string, string>[] = [
    { node: 'app-42' },
    { nodename: 'app-42' },
    { 'host.name': 'app-42' },
    { host_name: 'app-42' },
    { hostname: 'app-42' },
    { host: 'app-42', instance: 'localhost:9273' },
    { host: 'shop.example.com', instance: 'app-42.example.com:8080' },
    { host: 'localhost', context: '/shop', instance: 'app-42.example.com:9404', job: 'tomcat' },
    { instance: 'http://web1:8080/x' },
    { instance: 'web1:8080' },
    { instance: '192.0.2.7:9404' },
    { node: 'app-42', instance: `${hostname()}:9404` },
  ];
  for (const [i, each] of labels.entries())
    it(`is not-here, with a process pattern too: ${JSON.stringify(each)}`, async () => {
      for (const route of ['any JVM', 'pattern']) {
        const alert = await fire(flamepin, `elsewhere-${i}-${route.length}`, { ...each, route });
        assert.equal(alert.outcome, 'not-here');
        assert.equal(alert.reason?.code, 'not-here');
        assert.match(alert.reason.detail ?? '', /^the label \S+ names .*, this is /);
      }
    });

  it('is recorded with what to do if it is about this machine after all, and nothing else', async () => {
    const seen = await fetch(`${flamepin.url}/alerts/elsewhere-0-7`, {
      headers: { Accept: 'application/json' },
    });
    const { outcome, reason } = (await seen.json()) as { outcome: string; reason: { remedy: string } };
    assert.equal(outcome, 'not-here');
    assert.match(reason.remedy, /`targets\.host\.names`/);
    const metrics = await (await fetch(`${flamepin.url}/metrics`)).text();
    assert.match(metrics, /flamepin_alerts_total\{source="alertmanager",outcome="not-here"\} 24\n/);
    assert.deepEqual(await capturesOf(flamepin), []);
    assert.deepEqual(grafana.annotations(), []);
  });

  it('but one about this machine is answered: by a configured name, where host is a virtual host', async () => {
    const named = { host: 'shop.example.com', instance: 'http://checkout-prod:8080/' };
    const id = await fireForCapture(flamepin, 'here', named);
    const capture = await captureWhen(flamepin, id, 'its window', 60_000, ({ target }) => target !== null);
    assert.equal(capture.target?.name, `${hostname()} ${jvm.pid}`);
    await captureWhen(flamepin, id, 'the end', 60_000, isFinal);
  });
});

/**
 * With a flamepin inside a network of its own, which has a bridge as Docker makes it, and beside it a JVM in another
 * network: what flamepin sees of a container.
 */
describe('an alert about a container by its address', () => {
  it('leads to the JVM in it; an address of no container here ends silently', async () => {
    await using closing = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'flamepin-container-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const burner = compileBurner();
    closing.defer(() => burner.remove());
    const ownNetwork = (commands: string): string[] => [
      ...['unshare', '--user', '--map-root-user', '--net', 'sh', '-c'],
      `${commands}; exec "$@"`,
      'sh',
    ];
    const mark = `-Dflamepin.test=${directory}`;
    const startJvm = async (address: string): Promise<Jvm> => {
      const prefix = ownNetwork(`ip link set lo up; ip address add ${address}/32 dev lo`);
      const started = await startBurner(burner.classes, { flags: [mark], prefix });
      closing.defer(() => started.stop('SIGKILL'));
      return started;
    };
    await startJvm('10.213.77.2');
    const meant = await startJvm('10.213.77.3');
    const bridge = [
      'ip link set lo up',
      'ip link add c0 type bridge',
      'ip link add v0 type veth peer name v1',
      'ip link set v0 master c0 up',
      'ip link set v1 up',
      'ip link set c0 up',
      'ip address add 10.213.77.1/24 dev c0',
    ].join('; ');
    const flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes: [{matchers: [], duration: 15s, target: {host: {process: "${mark}"}}}]
`,
      process.env,
      ownNetwork(bridge),
    );
    closing.defer(() => flamepin.stop());
    const inside = [
      '--preserve-credentials',
      '--user',
      '--net',
      '--target',
      String(flamepin.pid),
      process.execPath,
    ];
    const script = join(import.meta.dirname, 'fire-within.ts');
    const captured = (instance: string): { state: string; reason: string | null; target: string | null } =>
      JSON.parse(
        execFileSync('nsenter', [...inside, script, flamepin.url, instance], {
          encoding: 'utf8',
          timeout: 90_000,
        }),
      ) as ReturnType<typeof captured>;

    assert.equal(captured('10.213.77.3:8080').target, `${hostname()} ${meant.pid}`);
    assert.deepEqual(captured('10.213.77.9:8080'), { state: 'skipped', reason: 'not-here', target: null });
  });
});
