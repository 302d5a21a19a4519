import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Target } from '../../src/captures/target.ts';
import { dockerTargets } from '../../src/targets/docker/docker.ts';
import { startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { waitFor } from '../setup/process.ts';
import { failsWith, profiler, unlessSlow } from './profiler-session.ts';

const { signal } = new AbortController();
const patienceMs = 30_000;

describe('containers of a Docker engine', () => {
  let engine: ContainerEngine;
  let targets: ReturnType<typeof dockerTargets>;
  before(async () => {
    engine = await startEngine('docker');
    targets = dockerTargets({ engines: [{ name: 'local', socket: engine.socket }], requireOptIn: false });
  });
  after(() => engine.stop());

  const resolve = (labels: Record<string, string>, startsAt = '2030-01-01T00:00:00Z'): Promise<Target> =>
    targets.resolve({ labels, startsAt, generatorUrl: '' }, signal);
  const byHand = (uri: string): Promise<Target> =>
    targets.resolve({ labels: {}, startsAt: '', generatorUrl: '', uri }, signal);
  const idle = (name: string, options: readonly string[] = []): Promise<string> =>
    engine.run(name, ['sleep', '1000'], options);
  const compose = (project: string, service: string): string[] => [
    ...['--label', `com.docker.compose.project=${project}`],
    ...['--label', `com.docker.compose.service=${service}`],
  ];

  describe('are found', () => {
    let id = '';
    before(async () => {
      id = await idle('shop_web_1', [
        '--network',
        'bridge',
        '--publish',
        '18080:8080',
        ...compose('shop', 'web'),
      ]);
      await idle('crm_web_1', compose('crm', 'web'));
    });

    it('by what cAdvisor writes: name, id, and the labels of Compose', async () => {
      for (const labels of [
        { name: 'shop_web_1' },
        { id: `/docker/${id}` },
        { id: `/system.slice/docker-${id}.scope` },
        {
          container_label_com_docker_compose_project: 'shop',
          container_label_com_docker_compose_service: 'web',
        },
      ]) {
        const target = await resolve(labels);
        assert.equal(target.uri, 'docker://local/shop_web_1', JSON.stringify(labels));
        assert.equal(target.workload, 'local/shop/web');
        assert.match(target.image ?? '', /^sha256:[0-9a-f]{64}$/);
      }
    });

    it('by the address of the instance: its own, or a port of this host', async () => {
      const address = await engine.docker(
        'inspect',
        '--format',
        '{{.NetworkSettings.IPAddress}}',
        'shop_web_1',
      );
      assert.equal((await resolve({ instance: `${address}:8080` })).name, 'shop_web_1');
      assert.equal((await resolve({ instance: 'localhost:18080' })).name, 'shop_web_1');
      assert.equal((await resolve({ instance: 'shop_web_1:8080' })).name, 'shop_web_1');
      await failsWith('target-not-found', resolve({ instance: 'another-machine:18080' }));
      await failsWith('target-not-found', resolve({ instance: 'localhost:18081' }));
    });

    it('unless a name is that of a service in two projects: the candidates are named', async () => {
      const failure = await failsWith('target-ambiguous', resolve({ job: 'web' }));
      assert.match(failure.detail, /local\/crm_web_1.*local\/shop_web_1|local\/shop_web_1.*local\/crm_web_1/);
      assert.match(failure.detail, /com_docker_compose_project/);
    });

    it('by hand, by name, whole id or short id, with or without the engine', async () => {
      for (const uri of [
        'docker://shop_web_1',
        'docker://local/shop_web_1',
        `docker://${id}`,
        `docker://${id.slice(0, 12)}`,
      ])
        assert.equal((await byHand(uri)).name, 'shop_web_1', uri);
      await failsWith('target-not-found', byHand('docker://edge/shop_web_1'));
      await failsWith('target-not-found', byHand('docker://nobody'));
      await failsWith('target-not-found', byHand('docker://shop_web_1/../x'));
    });
  });

  it('are refused while paused, once stopped, when their label denies it, and when started after the alert', async () => {
    await idle('paused');
    await engine.docker('pause', 'paused');
    await failsWith('target-frozen', resolve({ name: 'paused' }));
    await engine.docker('unpause', 'paused');
    await idle('stopped');
    await engine.docker('kill', 'stopped');
    await failsWith('target-not-running', resolve({ name: 'stopped' }));
    await idle('denied', ['--label', 'flamepin.io/profile=deny']);
    await failsWith('target-denied', resolve({ name: 'denied' }));
    await failsWith('target-restarted', resolve({ name: 'paused' }, '2026-11-01T00:00:00Z'));
  });

  it('of one service: the busiest is chosen, and a sibling is a typical other', async () => {
    for (const index of [1, 2, 3])
      await engine.run(
        `pool_${index}`,
        index === 2 ? ['sh', '-c', 'while :; do :; done'] : ['sleep', '1000'],
        [...compose('pool', 'worker'), '--cpus', '0.5'],
      );
    const target = await resolve({ container_label_com_docker_compose_service: 'worker' });
    assert.equal(target.name, 'pool_2');
    assert.match(target.choice, /^busiest of 3 containers: 0\.\d+ cores, the next 0(\.\d+)?$/);
    const sibling = await targets.sibling?.(
      target,
      { labels: {}, startsAt: '2030-01-01T00:00:00Z', generatorUrl: '' },
      signal,
    );
    assert.match(sibling?.name ?? '', /^pool_[13]$/);
    for (const index of [1, 2, 3]) await engine.docker('rm', '--force', `pool_${index}`);
  });

  describe('whose health is judged afterwards', () => {
    const health = (target: Target) => targets.health(target, null, signal);

    it('are alive while nothing happens; stopped, started again or removed by someone blocks nothing', async () => {
      await engine.run('server', ['sh', '-c', 'trap "exit 143" TERM; sleep 1000 & wait']);
      const target = await resolve({ name: 'server' });
      assert.deepEqual(await health(target), { alive: true });
      await engine.docker('restart', 'server');
      assert.deepEqual(await health(target), {
        alive: false,
        blocks: false,
        detail: 'container server was started again',
      });
      await engine.docker('stop', 'server');
      assert.deepEqual(await health(target), {
        alive: false,
        blocks: false,
        detail: 'container server ended (exit code 143: SIGTERM, as a stop sends it)',
      });
      await engine.docker('rm', 'server');
      assert.deepEqual(await health(target), {
        alive: false,
        blocks: false,
        detail: 'the container was removed',
      });
    });

    it('killed through the engine block nothing, though they end as a crash would', async () => {
      await engine.run('deaf', ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done']);
      const target = await resolve({ name: 'deaf' });
      await engine.docker('stop', '--time', '1', 'deaf');
      assert.deepEqual(await health(target), {
        alive: false,
        blocks: false,
        detail: 'container deaf was killed through the engine',
      });
    });

    it('killed by another hand block', async () => {
      await engine.run('victim', ['sh', '-c', 'trap "exit 137" USR1; sleep 1000 & wait']);
      const target = await resolve({ name: 'victim' });
      await engine.docker('exec', '--detach', 'victim', 'kill', '-USR1', '1');
      const judged = await waitFor('its end', patienceMs, async () => {
        const now = await health(target);
        return now.alive ? undefined : now;
      });
      assert.ok(!judged.alive && judged.blocks);
      assert.match(judged.detail, /^container victim ended \(exit code 137: SIGKILL/);
    });

    it('block when they crash, also when a restart policy has started them again', async () => {
      await engine.run(
        'crasher',
        ['sh', '-c', 'trap "exit 134" USR1; sleep 1000 & wait'],
        ['--restart', 'on-failure'],
      );
      const target = await resolve({ name: 'crasher' });
      await engine.docker('exec', '--detach', 'crasher', 'kill', '-USR1', '1');
      const judged = await waitFor('the restart', patienceMs, async () => {
        const now = await health(target);
        return now.alive || !now.detail.includes('restart') ? undefined : now;
      });
      assert.deepEqual(judged, {
        alive: false,
        blocks: true,
        detail: 'container crasher restarted: 0 → 1 restarts by its policy',
      });
    });
  });

  describe('are profiled and left clean', () => {
    const cases: [string, { options?: string[]; prefix?: string[] }][] = [
      ['plain', {}],
      ['of another user', { options: ['--user', '1000:1000'] }],
      [
        'with a read-only root and a small tmpfs',
        { options: ['--read-only', '--tmpfs', '/tmp:exec,size=24m'] },
      ],
      ['under an init process', { options: ['--init'] }],
      ['with java behind a shell', { prefix: ['sh', '-c', '"$@"; exit $?', 'sh'] }],
      ['with a limit on memory', { options: ['--memory', '200m'] }],
      ['without any capability', { options: ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'] }],
    ];
    for (const [what, container] of cases)
      it(what, async () => {
        const name = what.replaceAll(' ', '-');
        await engine.runJvm(name, container);
        const target = await resolve({ name });
        const exec = targets.open(target);
        const request = { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid: null };
        const { session } = await unlessSlow(() => profiler().start(exec, request, signal));
        const collected = await profiler().collect(exec, session, { maxBytes: 50 * 1024 * 1024 }, signal);
        assert.equal(collected.partial, false);
        assert.ok(collected.recording.length > 2_000);
        await profiler().cleanUp(exec, session, signal);
        const left = await engine.docker('exec', name, 'ls', '-A', '/tmp');
        assert.deepEqual(
          left.split('\n').filter((file) => !file.startsWith('hsperfdata_') && !file.startsWith('.java_pid')),
          [],
        );
        assert.deepEqual(await targets.health(target, session, signal), { alive: true });
        await engine.docker('rm', '--force', name);
      });

    it('with the JVM that the route’s pattern fits, of several', async () => {
      const both = 'java=$1; shift; "$java" -Dwhich=second "$@" & exec "$java" -Dwhich=first "$@"';
      await engine.runJvm('two-jvms', { prefix: ['sh', '-c', both, 'sh'] });
      const exec = targets.open(await resolve({ name: 'two-jvms' }));
      for (const which of ['first', 'second']) {
        const request = {
          ...{ captureId: captureId(Date.now()), durationSeconds: 1 },
          ...{ process: `-Dwhich=${which}`, pid: null },
        };
        const { session } = await unlessSlow(() => profiler().start(exec, request, signal));
        const line = await engine.docker('exec', 'two-jvms', 'cat', `/proc/${session.pid}/cmdline`);
        assert.match(line.replaceAll('\0', ' ').trim(), new RegExp(`-Dwhich=${which} `));
        await profiler().cleanUp(exec, session, signal);
      }
      await engine.docker('rm', '--force', 'two-jvms');
    });

    it('unless their /tmp allows no execution and nothing else is writable: refused, and nothing is left', async () => {
      await engine.runJvm('noexec', {
        options: ['--read-only', '--tmpfs', '/tmp:noexec', '--tmpfs', '/dev/shm:noexec'],
      });
      const exec = targets.open(await resolve({ name: 'noexec' }));
      const request = { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid: null };
      await failsWith('tmp-noexec', profiler().start(exec, request, signal));
      assert.match(await engine.docker('exec', 'noexec', 'ls', '-A', '/tmp'), /^hsperfdata_root$/);
    });
  });

  it('are not reached when the socket is not there, and doctor says so', async () => {
    const away = dockerTargets({
      engines: [{ name: 'edge', socket: '/nowhere/docker.sock' }],
      requireOptIn: false,
    });
    await failsWith(
      'exec-unavailable',
      away.resolve({ labels: { name: 'x' }, startsAt: '', generatorUrl: '' }, signal),
    );
    const [line] = (await away.check?.(signal)) ?? [];
    assert.equal(line?.ok, false);
    assert.match(line.detail, /engine edge: connect ENOENT/);
    const [good] = (await targets.check?.(signal)) ?? [];
    assert.equal(good?.ok, true, good?.detail);
  });
});
