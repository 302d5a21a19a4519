import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Target } from '../../src/captures/target.ts';
import type { SshSettings } from '../../src/targets/ssh/settings.ts';
import { sshTargets } from '../../src/targets/ssh/ssh.ts';
import type { Started } from '../setup/process.ts';
import { controlGroup, type ControlGroup } from '../setup/control-group.ts';
import { compileBurner, startBurner, type Jvm, type JvmOptions } from '../setup/jvm.ts';
import { sshUsers, startSshServer, type SshServer } from '../setup/sshd.ts';
import { failsWith, ours, profiler, unlessSlow } from './profiler-session.ts';

const { signal } = new AbortController();

describe('JVMs on a host over SSH', () => {
  let server: SshServer;
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  const opened: ReturnType<typeof sshTargets>[] = [];
  before(async () => {
    server = await startSshServer({ sudoers: 'flamepin ALL=(app) NOPASSWD: /bin/sh' });
    burner = compileBurner();
  });
  afterEach(async () => {
    for (const targets of opened.splice(0)) await targets.close?.();
    for (const one of started.splice(0)) await one.stop('SIGKILL');
  });
  after(async () => {
    burner.remove();
    await server.stop();
  });

  const targetsWith = (change: Partial<SshSettings> = {}): ReturnType<typeof sshTargets> => {
    const { identityFile, knownHostsFile, port } = server;
    const targets = sshTargets({
      ...{
        identityFile,
        knownHostsFile,
        port,
        user: 'flamepin',
        hostLabels: [],
        unitLabels: [],
        agentSocket: null,
      },
      ...change,
    });
    opened.push(targets);
    return targets;
  };
  const asUser = (user: keyof typeof sshUsers): string[] => {
    const id = sshUsers[user];
    return ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
  };
  const jvmOf = async (
    user: keyof typeof sshUsers,
    options: JvmOptions & { within?: string[] } = {},
  ): Promise<Jvm> => {
    const prefix = [...server.inside, ...(options.within ?? []), ...asUser(user)];
    const jvm = await startBurner(burner.classes, { ...options, prefix });
    started.push(jvm);
    return jvm;
  };
  /** A mount namespace in which /tmp holds the classes of the JVM alone. */
  const ownTmp = (unshare: readonly string[]): string[] => {
    const { classes } = burner;
    const mount = 'mount -t tmpfs -o mode=1777 tmpfs';
    const text = `${mount} /mnt && cp -r ${classes} /mnt/c && ${mount} /tmp && cp -r /mnt/c ${classes} && chmod 755 ${classes}`;
    return [...unshare, 'sh', '-c', `${text} && exec "$@"`, 'sh'];
  };
  const byHand = (pid: number, targets = targetsWith()): Promise<Target> =>
    targets.resolve({ labels: {}, startsAt: '', generatorUrl: '', uri: `ssh://127.0.0.1/${pid}` }, signal);
  const resolve = (
    labels: Record<string, string>,
    process: string,
    change: Partial<SshSettings> = {},
    fixed: Record<string, string> = {},
  ): Promise<Target> =>
    targetsWith({ configFile: server.configFile, ...change }).resolve(
      { labels, startsAt: '', generatorUrl: '', process, fixed },
      signal,
    );
  /** A window, from the start to a clean host. */
  const profile = async (target: Target, pid: number, targets = targetsWith()): Promise<void> => {
    const exec = targets.open(target);
    const request = { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid };
    const { session } = await unlessSlow(() => profiler().start(exec, request, signal));
    const collected = await profiler().collect(exec, session, { maxBytes: 50 * 1024 * 1024 }, signal);
    assert.equal(collected.partial, false);
    assert.ok(collected.recording.length > 2_000);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(pid), []);
    assert.deepEqual(await targets.health(target, session, signal), { alive: true });
  };

  describe('are found', () => {
    // JVMs of other tests run on this machine too.
    const mark = `-Dflamepin.test=ssh-targets-${process.pid}`;
    let idle: Jvm;
    let busy: Jvm;
    let hidden: Jvm;
    const startAll = async (): Promise<void> => {
      idle = await jvmOf('flamepin', { flags: [mark, `${mark}-own`], args: ['0', 'listen'] });
      busy = await jvmOf('flamepin', { flags: [mark, `${mark}-own`], args: ['70', 'listen'] });
      hidden = await jvmOf('app', { flags: [mark], args: ['0', 'listen'] });
    };
    const portOf = (jvm: Jvm): string => /port (\d+)/.exec(jvm.output())?.[1] ?? '';

    it('by the port of the instance, also one whose descriptors only its own user may read; else the busiest', async () => {
      await startAll();
      for (const jvm of [idle, busy, hidden]) {
        const target = await resolve({ instance: `app-1:${portOf(jvm)}` }, mark);
        assert.equal(target.data['pid'], jvm.pid);
        assert.match(target.choice, /^of 3 JVMs the one that listens on port \d+ of the alert's instance$/);
      }
      for (const instance of ['app-1:1', 'app-1']) {
        const target = await resolve({ instance }, `${mark}-own`);
        assert.equal(target.data['pid'], busy.pid);
        assert.match(
          target.choice,
          /^busiest of 2 JVMs over one second: it used [\d.]+ CPU seconds, the next one/,
        );
      }
      await failsWith('target-not-found', resolve({ instance: 'app-1' }, `${mark}-nobody`));
    });

    it('by their systemd unit, as the route or a label names it, and no other JVM in its place', async () => {
      const groups = [1, 2].map((tenant) => controlGroup('pids', `shop-${process.pid}@${tenant}.service`));
      try {
        const [first, second] = await Promise.all(
          groups.map(async (group: ControlGroup) => {
            const jvm = await jvmOf('app', { flags: [`${mark}-unit`] });
            group.add(jvm.pid);
            return jvm;
          }),
        );
        const unit = (tenant: number): string => `shop-${process.pid}@${tenant}.service`;
        const instance = 'app-1:9100';
        const unitLabels = [{ label: 'svc', pattern: null, value: '$0' }];
        const found = await Promise.all([
          resolve({ instance, name: unit(1), state: 'failed' }, mark),
          resolve({ instance, id: `/system.slice/${unit(2)}` }, mark),
          resolve({ instance, svc: unit(1).replace('.service', ''), name: unit(2) }, mark, { unitLabels }),
          resolve({ instance, name: unit(1) }, mark, {}, { unit: unit(2) }),
        ]);
        assert.deepEqual(
          found.map(({ data, choice }) => [data['pid'], choice]),
          [
            [first?.pid, `the JVM of unit ${unit(1)} (label name)`],
            [second?.pid, `the JVM of unit ${unit(2)} (label id)`],
            [first?.pid, `the JVM of unit ${unit(1)} (label svc)`],
            [second?.pid, `the JVM of unit ${unit(2)}`],
          ],
        );
        const failure = await failsWith('target-not-found', resolve({ instance, name: unit(3) }, mark));
        assert.match(
          failure.detail,
          /^none of \d+ JVMs on app-1 is in unit shop-\d+@3\.service \(label name\)$/,
        );
      } finally {
        for (const one of started.splice(0)) await one.stop('SIGKILL');
        for (const group of groups) group.remove();
      }
    });

    it('and described as those of a host are', async () => {
      const jvm = await jvmOf('flamepin');
      const target = await byHand(jvm.pid);
      assert.equal(target.uri, `ssh://flamepin@127.0.0.1:${server.port}/${jvm.pid}`);
      assert.equal(target.name, `${hostname()} ${jvm.pid}`);
      assert.equal(target.workload, `${hostname()}/Burner`);
      assert.equal(target.node, hostname());
      assert.ok(Math.abs(Date.parse(target.startedAt ?? '') - Date.now()) < 60_000, target.startedAt ?? '');
      await failsWith('target-not-found', byHand(4_000_000));
    });

    it('only on hosts of the inventory', async () => {
      const jvm = await jvmOf('flamepin', { flags: [`${mark}-one`] });
      const hosts = ['app-[0-9]+'];
      const target = await resolve({ nodename: 'db-1', instance: 'app-1:9100' }, `${mark}-one`, {
        hosts,
      });
      assert.equal(target.data['pid'], jvm.pid);
      await failsWith('not-here', resolve({ instance: 'web-1:9100' }, `${mark}-one`, { hosts }));
    });
  });

  describe('are profiled and left clean', () => {
    it('of the user who logs in', async () => {
      const jvm = await jvmOf('flamepin');
      await profile(await byHand(jvm.pid), jvm.pid);
    });

    it('of another user, where sudo allows it', async () => {
      const jvm = await jvmOf('app');
      const target = await byHand(jvm.pid);
      assert.equal(target.data['actAs'], 'app');
      await profile(target, jvm.pid);
    });

    it('of any user, by root', async () => {
      const jvm = await jvmOf('jumper');
      const targets = targetsWith({ user: 'root' });
      await profile(await byHand(jvm.pid, targets), jvm.pid, targets);
    });

    it('with a /tmp of their own, as systemd gives with PrivateTmp, by root', async () => {
      const jvm = await jvmOf('app', { within: ownTmp(['unshare', '--mount']) });
      const failure = await failsWith('exec-denied', byHand(jvm.pid));
      assert.match(failure.detail, /has a \/tmp of its own .* flamepin ALL=\(root\) NOPASSWD: \/bin\/sh$/);
      const admin = await startSshServer({ sudoers: 'flamepin ALL=(root, app) NOPASSWD: /bin/sh' });
      started.push({ process: jvm.process, output: () => '', stop: () => admin.stop() });
      const { port, identityFile, knownHostsFile } = admin;
      const targets = targetsWith({ port, identityFile, knownHostsFile });
      const target = await byHand(jvm.pid, targets);
      assert.equal(target.data['actAs'], 'root');
      await profile(target, jvm.pid, targets);
      const own = execFileSync('ls', ['-A', `/proc/${jvm.pid}/root/tmp`], { encoding: 'utf8' });
      assert.doesNotMatch(own, /flamepin|asprof/);
    });
  });

  describe('are refused', () => {
    it('of another user, where sudo does not allow it: the line of sudoers is named', async () => {
      const jvm = await jvmOf('jumper');
      const failure = await failsWith('other-user', byHand(jvm.pid));
      assert.match(
        failure.detail,
        new RegExp(
          `^process ${jvm.pid} runs as jumper, and flamepin logs in as flamepin; .*: flamepin ALL=\\(jumper\\) NOPASSWD: /bin/sh$`,
        ),
      );
    });

    it('in a container, unless root logs in', async () => {
      const outer = await jvmOf('flamepin', {
        within: ownTmp(['unshare', '--mount', '--pid', '--fork', '--mount-proc']),
      });
      const pid = Number(readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8'));
      started.push({ ...outer, stop: () => Promise.resolve(void process.kill(pid, 'SIGKILL')) });
      const failure = await failsWith('target-kind-unsupported', byHand(pid));
      assert.match(
        failure.detail,
        /is in a container, which only root can enter from outside; a docker target/,
      );
      const targets = targetsWith({ user: 'root' });
      await profile(await byHand(pid, targets), pid, targets);
    });
  });

  it('that ended are told from those that live, and from others with the same process id', async () => {
    const jvm = await jvmOf('flamepin');
    const targets = targetsWith();
    const target = await byHand(jvm.pid, targets);
    assert.deepEqual(await targets.health(target, null, signal), { alive: true });
    const earlier = { ...target, data: { ...target.data, startTicks: '1' } };
    assert.deepEqual(await targets.health(earlier, null, signal), {
      alive: false,
      blocks: true,
      detail: `process ${jvm.pid} has been replaced by another`,
    });
    await jvm.stop('SIGKILL');
    assert.deepEqual(await targets.health(target, null, signal), {
      alive: false,
      blocks: true,
      detail: `process ${jvm.pid} has ended`,
    });
  });

  it('and doctor reports on the client, on files that cannot be read, and on each host that is named', async () => {
    await jvmOf('app');
    const lines = await targetsWith({ hosts: ['127[.]0[.]0[.]1', '127[.]0[.]0[.]9', 'app-[0-9]+'] }).check?.(
      signal,
    );
    assert.deepEqual(
      lines?.map(({ what, ok }) => [what, ok]),
      [
        ['OpenSSH client', true],
        ['SSH host 127.0.0.1', true],
        ['SSH host 127.0.0.9', false],
      ],
    );
    assert.match(lines[1]?.detail ?? '', /^logs in as flamepin, sees \d+ JVMs, of other users: .*app/);
    assert.match(lines[2]?.remedy ?? '', /add the key to `targets\.ssh\.knownHostsFile`/);
    const [, file] = (await targetsWith({ identityFile: '/nowhere/key' }).check?.(signal)) ?? [];
    assert.deepEqual(file, {
      what: 'targets.ssh.identityFile',
      ok: false,
      detail: '/nowhere/key cannot be read',
      remedy: 'Let the user of flamepin read it.',
    });
  });
});
