import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import { collectScript, commandOf } from '../../src/profiler/script.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { compileBurner, startBurner, type Jvm, type JvmOptions } from '../setup/jvm.ts';
import { start as startProgram, waitFor, type Started } from '../setup/process.ts';
import { failsWith, ours, profiler } from './profiler-session.ts';
import type { Session } from '../../src/profiler/session.ts';

const { signal } = new AbortController();
const host = hostExec();
const asUser = (id: number): string[] => ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];

/** The same machine, entered another way: as another user, in another mount namespace, with another shell. */
const through = (...prefix: string[]): Exec => ({
  run: (request) => host.run({ ...request, argv: [...prefix, ...request.argv] as [string, ...string[]] }),
});

describe('profiling in the places where JVMs live', () => {
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make mounts and change users: run them as root');
    const shells = ['busybox', 'dash', 'bash', 'mksh', 'ksh', 'yash', 'zsh', 'posh'];
    const needed = ['setpriv', 'unshare', 'nsenter', ...shells];
    const missing = needed.filter((name) => spawnSync('which', [name]).status !== 0);
    assert.deepEqual(
      missing,
      [],
      'install them: apt-get install util-linux busybox-static dash bash mksh ksh yash zsh posh',
    );
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });
  const jvmOf = async (options: JvmOptions = {}): Promise<Jvm> => {
    const jvm = await startBurner(burner.classes, options);
    started.push(jvm);
    return jvm;
  };
  const begin = (exec: Exec, pid: number) =>
    profiler().start(
      exec,
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid },
      signal,
    );
  const whole = async (exec: Exec, pid: number): Promise<Session> => {
    const { session } = await begin(exec, pid);
    const collected = await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
    assert.equal(collected.partial, false);
    assert.ok(collected.recording.length > 2000);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(pid), []);
    return session;
  };

  it('a JVM of another user: refused as a third user, profiled as that user or as root', async () => {
    const jvm = await jvmOf({ prefix: asUser(65534) });
    const failure = await failsWith('other-user', begin(through(...asUser(12345)), jvm.pid));
    assert.match(failure.detail, /65534:65534.*12345:12345/);
    assert.deepEqual(ours(jvm.pid), []);
    await failsWith(
      'other-user',
      begin(through('setpriv', '--reuid=65534', '--regid=0', '--clear-groups'), jvm.pid),
    );
    await failsWith('other-user', begin(through('setpriv', '--bounding-set=-setuid,-setgid'), jvm.pid));
    await whole(through(...asUser(65534)), jvm.pid);
    await whole(host, jvm.pid);
  });

  it('/tmp that is read-only or does not allow execution, alone or with all other places', async () => {
    const mounts = (text: string): Promise<Jvm> =>
      jvmOf({ prefix: ['unshare', '-m', 'sh', '-c', `${text} && exec "$@"`, 'sh'] });
    const tmpfs = (path: string, options: string): string =>
      `mount -t tmpfs -o mode=1777,${options} tmpfs ${path}`;
    const inside = (jvm: Jvm): Exec => through('nsenter', '-m', '-t', String(jvm.pid));
    // The classes of the test lie in /tmp: what is mounted over it needs them in sight.
    const keep = `cp -r ${burner.classes} /run/burner-$$ && cd /run/burner-$$`;
    const over = (text: string): string =>
      `${tmpfs('/run', 'size=8m')} && ${keep} && ${text} && mkdir ${burner.classes} && cp /run/burner-$$/* ${burner.classes}`;

    const noexec = await mounts(over(tmpfs('/tmp', 'noexec')));
    const session = await whole(inside(noexec), noexec.pid);
    assert.match(session.recordingPath, /^\/var\/tmp\//);
    await noexec.stop('SIGKILL');

    const all = ['/tmp', '/var/tmp', '/dev/shm'].map((path) => tmpfs(path, 'noexec')).join(' && ');
    const nowhere = await mounts(over(all));
    const failure = await failsWith('tmp-noexec', begin(inside(nowhere), nowhere.pid));
    assert.match(failure.detail, /\/tmp does not allow execution.*\/dev\/shm does not allow execution/);
    const left = execFileSync('nsenter', [
      '-m',
      '-t',
      String(nowhere.pid),
      'find',
      '/tmp',
      '/var/tmp',
      '/dev/shm',
      '-name',
      'flamepin*',
    ]);
    assert.equal(left.toString(), '');
    await nowhere.stop('SIGKILL');

    const fixed = await mounts(`${over(tmpfs('/tmp', 'size=8m'))} && mount -o remount,ro /tmp`);
    await failsWith('tmp-not-writable', begin(inside(fixed), fixed.pid));
  });

  for (const size of ['600k', '1500k'])
    it(`places of ${size} each: nothing is filled, and the refusal says how much is free and needed`, async () => {
      const mount = (path: string) => `mount -t tmpfs -o mode=1777,size=${size} tmpfs ${path}`;
      const text = `mount -t tmpfs -o size=8m tmpfs /run && cp -r ${burner.classes} /run/c && ${mount('/tmp')} && ${mount('/var/tmp')} && ${mount('/dev/shm')} && mkdir ${burner.classes} && cp /run/c/* ${burner.classes} && exec "$@"`;
      const jvm = await jvmOf({ prefix: ['unshare', '-m', 'sh', '-c', text, 'sh'] });
      const inside = ['nsenter', '-m', '-t', String(jvm.pid)];
      for (const exec of [through(...inside), host]) {
        const failure = await failsWith('tmp-full', begin(exec, jvm.pid));
        assert.match(failure.detail, /\/tmp has \d+ kB free, 3136 kB are needed; .*\/dev\/shm has/);
      }
      const left = execFileSync(inside[0] ?? '', [
        ...inside.slice(1),
        'find',
        '/tmp',
        '/var/tmp',
        '/dev/shm',
        '-name',
        '*flamepin*',
      ]);
      assert.equal(left.toString(), '');
      assert.deepEqual(ours(jvm.pid), []);
    });

  it('a full /tmp beside a place with room: that one is taken', async () => {
    const text = `mount -t tmpfs -o size=8m tmpfs /run && cp -r ${burner.classes} /run/c && mount -t tmpfs -o mode=1777,size=1500k tmpfs /tmp && mkdir ${burner.classes} && cp /run/c/* ${burner.classes} && exec "$@"`;
    const jvm = await jvmOf({ prefix: ['unshare', '-m', 'sh', '-c', text, 'sh'] });
    const session = await whole(through('nsenter', '-m', '-t', String(jvm.pid)), jvm.pid);
    assert.match(session.recordingPath, /^\/var\/tmp\//);
  });

  // Some shells keep a here-document in a file of /tmp.
  it('a /tmp without a free byte: every shell says so before it starts, and still fetches what was recorded', async () => {
    const text = `mount -t tmpfs -o size=8m tmpfs /run && cp -r ${burner.classes} /run/c && mount -t tmpfs -o mode=1777,size=600k tmpfs /tmp && mkdir ${burner.classes} && cp /run/c/* ${burner.classes} && exec "$@"`;
    const jvm = await jvmOf({ prefix: ['unshare', '-m', 'sh', '-c', text, 'sh'] });
    const inside = through('nsenter', '-m', '-t', String(jvm.pid));
    const { session } = await begin(inside, jvm.pid);
    const recording = `/proc/${jvm.pid}/root${session.recordingPath}`;
    const whenWritten = await waitFor('the recording', 20_000, () => {
      const { size, mtimeMs } = statSync(recording);
      return size > 2000 && Date.now() - mtimeMs > 2000 ? size : undefined;
    });
    execFileSync('sh', ['-c', `cat /dev/zero >/proc/${jvm.pid}/root/tmp/full || :`], { stdio: 'ignore' });
    for (const shell of ['dash', 'bash', 'mksh', 'ksh', 'yash', 'zsh --emulate sh']) {
      const inShell: Exec = {
        run: (request) =>
          inside.run({
            ...request,
            argv: [...shell.split(' '), ...request.argv.slice(1)] as [string, ...string[]],
          }),
      };
      const failure = await failsWith('tmp-full', begin(inShell, jvm.pid));
      assert.match(failure.detail, /^\/tmp has 0 kB free, 64 kB are needed/, shell);
      assert.doesNotMatch(failure.stderr, /space|document/, shell);
      const id = /flamepin-(c-\w+)/.exec(session.recordingPath)?.[1] ?? '';
      const { stdout, stderr } = await inShell.run({
        argv: commandOf(
          collectScript,
          id,
          String(jvm.pid),
          session.startTicks,
          session.bootId,
          '/var/tmp',
          '10000000',
          '0',
        ),
        deadlineMs: 30_000,
        maxOutputBytes: 10_000_000,
        signal,
      });
      assert.ok(
        stdout.includes(`\nsize=${whenWritten}\n\nFLR\0`),
        `${shell}: ${stdout.toString('latin1', 0, 300)}`,
      );
      assert.doesNotMatch(stderr, /space|document/, shell);
    }
    assert.deepEqual(await profiler().cleanUp(inside, session, signal), { left: [] });
  });

  it('beside busier JVMs of other containers, whose processes are in sight: its own is taken', async () => {
    const neighbours = [await jvmOf(), await jvmOf()];
    const jvm = await jvmOf({ prefix: ['unshare', '-m', 'nice', '-n', '19'] });
    const exec = through('nsenter', '-m', '-t', String(jvm.pid));
    const { session } = await profiler().start(
      exec,
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid: null },
      signal,
    );
    await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
    await profiler().cleanUp(exec, session, signal);
    assert.equal(session.pid, jvm.pid, `not one of ${neighbours.map(({ pid }) => pid).join()}`);
  });

  it('every shell that may be sh: most work, one says what it lacks', async () => {
    const jvm = await jvmOf();
    const directory = mkdtempSync(join(tmpdir(), 'shells-'));
    try {
      execFileSync('busybox', ['--install', '-s', directory]);
      const inShell = (shell: string[]): Exec => ({
        run: (request) =>
          host.run({ ...request, argv: [...shell, ...request.argv.slice(1)] as [string, ...string[]] }),
      });
      const named = (name: string): string[] => {
        mkdirSync(join(directory, `as-${name}`));
        symlinkSync(`/bin/${name}`, join(directory, `as-${name}`, 'sh'));
        return [join(directory, `as-${name}`, 'sh')];
      };
      const busybox = ['env', `PATH=${directory}`, join(directory, 'sh')];
      for (const shell of [busybox, ...['dash', 'bash', 'mksh', 'ksh', 'yash', 'zsh'].map(named)]) {
        const session = await whole(inShell(shell), jvm.pid);
        assert.equal(session.clockSkewMs, 0, shell.join(' '));
        assert.equal(session.checks['memory'], 'its control group has no limit', shell.join(' '));
      }
      const failure = await failsWith('shell-unsupported', begin(inShell(named('posh')), jvm.pid));
      assert.match(failure.detail, /has no -O/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('a JVM with a file system of its own, reached by root: nothing that root runs lies in there', async () => {
    const jvm = await jvmOf({
      prefix: [
        'unshare',
        '-m',
        'sh',
        '-c',
        `mount -t tmpfs -o mode=755 tmpfs /run && cp -r ${burner.classes} /run/c && mount -t tmpfs -o mode=1777 tmpfs /tmp && mkdir ${burner.classes} && cp /run/c/* ${burner.classes} && exec "$@"`,
        'sh',
        ...asUser(65534),
      ],
    });
    const { session } = await begin(host, jvm.pid);
    assert.ok(session.recordingPath.startsWith(`/proc/${jvm.pid}/root/tmp/`));
    const there = readdirSync(`/proc/${jvm.pid}/root/tmp`).filter((name) => name.startsWith('flamepin-jvm'));
    assert.deepEqual(readdirSync(`/proc/${jvm.pid}/root/tmp/${there[0] ?? ''}`), [
      'asprof.log',
      'libasyncProfiler.so',
      'namespace',
    ]);
    const collected = await profiler().collect(host, session, { maxBytes: 10_000_000 }, signal);
    assert.equal(collected.partial, false);
    // As an asprof leaves it that was killed.
    const log = `/proc/${jvm.pid}/root/tmp/asprof-log.4000000.${jvm.pid}`;
    writeFileSync(log, '');
    execFileSync('touch', ['-d', '2 minutes ago', log]);
    assert.deepEqual(await profiler().cleanUp(host, session, signal), { left: [] });
    assert.deepEqual(
      readdirSync(`/proc/${jvm.pid}/root/tmp`).filter((name) => /flamepin|asprof/.test(name)),
      [],
    );
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('two containers that share a /tmp, but not their processes: what is in use by one is left alone by the other', async () => {
    const processes = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const text = `mount -t tmpfs -o size=8m tmpfs /run && cp -r ${burner.classes} /run/c && mount -t tmpfs -o mode=1777 tmpfs /tmp && cp -r /run/c ${burner.classes} && exec "$@"`;
    const firstOf = async (parent: number): Promise<string> =>
      waitFor('its first process', 20_000, () => childrenOf(parent)[0]);
    const childrenOf = (pid: number | string): string[] =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
    const inside = (pid: string): Exec => through('nsenter', '-m', '-p', '-t', pid);

    const used = await firstOf((await jvmOf({ prefix: [...processes, 'sh', '-c', text, 'sh'] })).pid);
    // Process 1 of the other one outlives its JVM.
    const shell = await firstOf(
      (
        await jvmOf({
          prefix: [
            ...['nsenter', '-m', '-t', used, ...processes],
            ...['sh', '-c', '"$@" & wait; exec sleep 300', 'sh'],
          ],
        })
      ).pid,
    );
    const ended = childrenOf(shell)[0] ?? '';
    const endedInside = Number(/NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${ended}/status`, 'utf8'))?.[1]);

    const there = (): string[] =>
      readdirSync(`/proc/${used}/root/tmp`).filter((name) => name.startsWith('flamepin-jvm-'));
    const { session } = await begin(inside(used), 1);
    const tools = there();
    assert.equal(tools.length, 1);
    await begin(inside(shell), endedInside);
    assert.equal(there().length, 2);
    process.kill(Number(ended), 'SIGKILL');
    await waitFor('the end of that JVM', 20_000, () => childrenOf(shell).length === 0 || undefined);

    const cleanUp = (...sh: string[]) => {
      const exec = inside(shell);
      const inShell: Exec = {
        run: (request) =>
          exec.run({ ...request, argv: [...sh, ...request.argv.slice(1)] as [string, ...string[]] }),
      };
      return profiler().cleanUpUnknown(inShell, captureId(Date.now()), signal);
    };
    for (const sh of ['dash', 'bash', 'busybox sh', 'ksh', 'mksh', 'zsh --emulate sh']) {
      await cleanUp(...sh.split(' '));
      assert.deepEqual(there(), tools, `${sh}: its own, whose JVM is no more, are removed`);
    }
    assert.equal(
      (await profiler().collect(inside(used), session, { maxBytes: 10_000_000 }, signal)).partial,
      false,
    );
    // Nobody comes back to what a container left that is gone itself.
    execFileSync('touch', ['-d', '2 hours ago', `/proc/${used}/root/tmp/${tools[0] ?? ''}`]);
    await cleanUp('sh');
    assert.deepEqual(there(), []);
    await profiler().cleanUp(inside(used), session, signal);
  });

  it('an agent beside the JVM under its user, as in an ephemeral container: nothing in its file system, one library', async () => {
    const jvm = await jvmOf({ prefix: asUser(65534) });
    const agent = startProgram('unshare', [
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs -o mode=1777 tmpfs /tmp && echo up && exec sleep 120',
    ]);
    started.push(agent);
    await waitFor(
      'the agent',
      30_000,
      () => (agent.output().includes('up') ? true : undefined),
      () => agent.output(),
    );
    const exec = through('nsenter', '-m', '-t', String(agent.process.pid), ...asUser(65534));
    const kept = (): string[] =>
      readdirSync(`/proc/${agent.process.pid}/root/tmp`).filter((name) => name.startsWith('flamepin-'));
    const earlier = await jvmOf({ prefix: asUser(65534) });
    const { session: ended } = await begin(exec, earlier.pid);
    await profiler().collect(exec, ended, { maxBytes: 10_000_000 }, signal);
    await profiler().cleanUp(exec, ended, signal);
    assert.equal(kept().length, 1, 'its library stays for the next time');
    await earlier.stop('SIGKILL');
    for (let round = 0; round < 2; round++) {
      const { session } = await begin(exec, jvm.pid);
      assert.deepEqual(ours(jvm.pid), []);
      assert.equal(existsSync(session.recordingPath), false);
      const collected = await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
      assert.equal(collected.partial, false);
      assert.ok(collected.recording.length > 2000);
      assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
      const mapped = readFileSync(`/proc/${jvm.pid}/maps`, 'utf8')
        .split('\n')
        .filter((line) => line.includes('libasyncProfiler') && line.includes('r-xp'));
      assert.equal(mapped.length, 1, mapped.join('\n'));
      assert.deepEqual(
        kept().map((name) => name.split('-')[2]),
        [String(jvm.pid)],
        'nothing stays of the one that has ended',
      );
    }
    const { session } = await begin(exec, jvm.pid);
    await jvm.stop('SIGKILL');
    const collected = await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
    assert.equal(collected.partial, true);
  });

  it('an agent beside the JVM in control groups of their own (version 2): what is told is of the group of the JVM', async () => {
    const group = `flamepin-test-${process.pid}`;
    // As a container runtime does it: a group, a namespace with that as its root, and a view of nothing else.
    const mount = 'mount -t cgroup2 none /sys/fs/cgroup';
    const contained = (name: string, then: string): string[] => [
      'unshare',
      '-m',
      'sh',
      '-c',
      `${mount} && mkdir -p /sys/fs/cgroup/${group}/${name} && echo $$ >/sys/fs/cgroup/${group}/${name}/cgroup.procs &&
        exec unshare -C sh -c 'umount /sys/fs/cgroup && ${mount} && ${then}' sh "$@"`,
      'sh',
    ];
    const inGroups = (text: string): void => {
      execFileSync('unshare', [
        '-m',
        'sh',
        '-c',
        `${mount} && cd /sys/fs/cgroup/${group} || exit 0; ${text}`,
      ]);
    };
    try {
      const jvm = await jvmOf({ prefix: [...contained('jvm', 'exec "$@"'), ...asUser(65534)] });
      const [command = '', ...rest] = contained(
        'agent',
        'mount -t tmpfs -o mode=1777 tmpfs /tmp && echo up && exec sleep 120',
      );
      const agent = startProgram(command, rest);
      started.push(agent);
      await waitFor(
        'the agent',
        30_000,
        () => (agent.output().includes('up') ? true : undefined),
        () => agent.output(),
      );
      const exec = through('nsenter', '-m', '-C', '-t', String(agent.process.pid), ...asUser(65534));
      const { session } = await begin(exec, jvm.pid);
      const { cpuStat } = await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
      assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
      const used = (cpuStat?.usageMicros ?? 0) - (session.cpuStat?.usageMicros ?? 0);
      assert.ok(used > 20_000, `${used} us of a busy second`);
      inGroups('echo 1 >jvm/cgroup.freeze');
      const failure = await failsWith('target-frozen', begin(exec, jvm.pid));
      assert.match(failure.detail, /control group is frozen/);
    } finally {
      // A frozen process does not end, and one that has just ended keeps its group for a moment.
      await using closing = new AsyncDisposableStack();
      closing.defer(() =>
        inGroups(
          'for one in "$PWD/jvm" "$PWD/agent" "$PWD"; do n=0; until [ ! -e "$one" ] || rmdir "$one" || [ $((n += 1)) = 50 ]; do sleep 0.1; done; done',
        ),
      );
      for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
      closing.defer(() => inGroups('[ ! -e jvm ] || echo 0 >jvm/cgroup.freeze'));
    }
  });
});
