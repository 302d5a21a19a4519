import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFlamepin, type RunningFlamepin } from '../../demo/flamepin.ts';
import { captureWhen, fire, fireForCapture, type CaptureJson } from '../setup/flamepin-client.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { sshUsers, startSshServer, type SshServer } from '../setup/sshd.ts';

const patienceMs = 150_000;

/** What a process and those it started run. */
function commandsBelow(pid: number): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const command = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  return [command, ...children.flatMap((child) => commandsBelow(Number(child)))];
}

/** Three real hosts of a hundred, each with its own sshd and name; the other ones are only in the list. */
describe('a fleet of hosts, listed in a file of Prometheus', () => {
  let directory = '';
  let flamepin: RunningFlamepin;
  const servers: SshServer[] = [];
  /** What each server had logged before flamepin ran. */
  let logged: string[] = [];
  const jvms: Jvm[] = [];
  const closing = new AsyncDisposableStack();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-fleet-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const burner = compileBurner();
    closing.defer(burner.remove);
    for (const hostname of ['app-1', 'app-2', 'app-3']) {
      const server = await startSshServer({ hostname });
      closing.defer(() => server.stop());
      servers.push(server);
    }
    // Two on the first host. Each is in the files of its host; that all hosts see all processes is this test's alone.
    for (const server of [...servers, ...servers.slice(0, 1)]) {
      const id = sshUsers.flamepin;
      const prefix = [...server.inside, 'setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
      const jvm = await startBurner(burner.classes, { prefix, args: ['10', 'listen'] });
      closing.defer(() => jvm.stop('SIGKILL'));
      jvms.push(jvm);
    }
    const hosts = Array.from({ length: 100 }, (_, i) => ({
      targets: [`10.0.0.${i + 1}:9100`],
      labels: {
        nodename: `app-${i + 1}`,
        __meta_ssh: servers[i] === undefined ? `app-${i + 1}` : `flamepin@127.0.0.1:${servers[i].port}`,
      },
    }));
    await writeFile(join(directory, 'hosts.json'), JSON.stringify(hosts));
    const together = (key: 'knownHostsFile' | 'identityFile'): string[] => servers.map((each) => each[key]);
    await writeFile(
      join(directory, 'known_hosts'),
      together('knownHostsFile')
        .map((file) => readFileSync(file, 'utf8'))
        .join(''),
    );
    await writeFile(
      join(directory, 'ssh_config'),
      together('identityFile')
        .map((file) => `IdentityFile ${file}\n`)
        .join(''),
    );
    logged = servers.map((server) => server.log());
    flamepin = await startFlamepin(
      directory,
      `server: {port: 0}
routes:
  - {matchers: ['severity="again"'], duration: 15s, cooldown: 10m, event: cpu, target: {ssh: {}}}
  - {matchers: [], duration: 15s, cooldown: 0, event: cpu, target: {ssh: {}}}
targets: {ssh: {knownHostsFile: known_hosts, configFile: ssh_config, inventory: [{fileSd: {files: [hosts.json], refreshInterval: 1s}}]}}
limits: {perNode: 1}
storage: {filesystem: {directory: ./artifacts}}
ledger: {sqlite: {path: ./flamepin.db}}
`,
      // Where its ssh keeps the sockets of its connections.
      { ...process.env, TMPDIR: directory },
    );
    closing.defer(() => flamepin.stop());
  });
  after(() => closing.disposeAsync());

  const portOf = (jvm: Jvm | undefined): string => /port (\d+)/.exec(jvm?.output() ?? '')?.[1] ?? '';
  const done = (id: string): Promise<CaptureJson> =>
    captureWhen(flamepin, id, 'the end', patienceMs, ({ state }) =>
      ['done', 'skipped', 'failed'].includes(state),
    );
  const pidOf = ({ target }: CaptureJson): number => Number(target?.name.split(' ')[1]);

  it('is left alone while no alert fires: no login, no ssh, no socket', async () => {
    // Two reads of the list.
    await sleep(2_500);
    assert.deepEqual(
      servers.map((server) => server.log()),
      logged,
    );
    assert.deepEqual(globSync(join(directory, 'flamepin-ssh-*')), []);
    assert.ok(!commandsBelow(flamepin.pid).includes('ssh'));
  });

  it('is reached host by host, by name or address, one window at a time on each', async () => {
    const [one, two, three] = [portOf(jvms[0]), portOf(jvms[3]), portOf(jvms[1])];
    const ids = [
      await fireForCapture(flamepin, 'a1', { instance: `10.0.0.1:${one}` }),
      await fireForCapture(flamepin, 'a2', { nodename: 'app-1', instance: `app-1:${two}` }),
      await fireForCapture(flamepin, 'a3', { instance: `10.0.0.2:${three}` }),
    ];
    const captures = await Promise.all(ids.map(done));
    assert.deepEqual(
      captures.map(({ state, reason, target }) => [state, target?.name.split(' ')[0] ?? reason]),
      [
        ['done', 'app-1'],
        ['done', 'app-1'],
        ['done', 'app-2'],
      ],
    );
    const [first, second, other] = captures;
    assert.ok(first !== undefined && second !== undefined && other !== undefined);
    assert.deepEqual([first, second, other].map(pidOf), [jvms[0]?.pid, jvms[3]?.pid, jvms[1]?.pid]);
    const window = ({ timeline }: CaptureJson): [number, number] => [
      Date.parse(timeline['startedAt'] ?? ''),
      Date.parse(timeline['windowEndedAt'] ?? ''),
    ];
    const overlap = (left: CaptureJson, right: CaptureJson): boolean =>
      window(left)[0] < window(right)[1] && window(right)[0] < window(left)[1];
    assert.ok(!overlap(first, second), 'two windows at once on one host');
    assert.ok(window(other)[0] < window(first)[1], 'another host had to wait');
    assert.doesNotMatch(servers[2]?.log() ?? '', /Accepted/);
  });

  it('has a cooldown for each host, whatever alerts call it', async () => {
    const [one, port] = [portOf(jvms[0]), portOf(jvms[2])];
    const again = { severity: 'again' };
    const sameLabels = await fire(flamepin, 'b1', { ...again, instance: `10.0.0.1:${one}` });
    assert.equal(sameLabels.outcome, 'cooldown');
    const byName = await fireForCapture(flamepin, 'b2', {
      ...again,
      nodename: 'app-1',
      instance: `app-1:${one}`,
    });
    const elsewhere = await fireForCapture(flamepin, 'b3', { ...again, instance: `10.0.0.3:${port}` });
    const { state, reason } = await done(byName);
    assert.deepEqual([state, reason?.code], ['skipped', 'cooldown']);
    const capture = await done(elsewhere);
    assert.deepEqual([capture.state, capture.target?.name], ['done', `app-3 ${jvms[2]?.pid ?? ''}`]);
    assert.equal(
      (await fire(flamepin, 'b4', { ...again, instance: `10.0.0.3:${port}` })).outcome,
      'cooldown',
    );
  });

  it('is all that alerts lead to', async () => {
    const { outcome, reason } = await fire(flamepin, 'c1', { instance: '127.0.0.1.example.com:22' });
    assert.equal(outcome, 'not-here');
    assert.match(reason?.detail ?? '', /^targets\.ssh\.inventory has no 127\.0\.0\.1\.example\.com/);
  });
});
