import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  symlinkSync,
  writeFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { controlGroup, type ControlGroup } from '../setup/control-group.ts';
import {
  compileBurner,
  jdkName,
  jdks,
  muslJre,
  otherJres,
  startBurner,
  type Jvm,
  type JvmOptions,
} from '../setup/jvm.ts';
import { start as startProgram, waitFor, type Started } from '../setup/process.ts';
import { failsWith, ours, profiler, unlessSlow } from './profiler-session.ts';
import type { Session } from '../../src/profiler/session.ts';

const { signal } = new AbortController();
const host = hostExec();
/** No other test's and nobody's: what counts here is how many threads a user has. */
const user = 23_456;
const asUser = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups'];
/** What start.sh demands. */
const needed = 16;

const through = (...prefix: readonly string[]): Exec => ({
  run: (request) => host.run({ ...request, argv: [...prefix, ...request.argv] as [string, ...string[]] }),
});

/** Sets a soft limit of a process, as its own user: that of others takes a capability that root may lack. */
const limitOf = (pid: number, limit: string): void => {
  const owner = String(statSync(`/proc/${pid}`).uid);
  execFileSync('setpriv', [
    `--reuid=${owner}`,
    `--regid=${owner}`,
    '--clear-groups',
    'prlimit',
    '--pid',
    String(pid),
    limit,
  ]);
};

/** The same with another shell in place of sh. */
const withShell = (exec: Exec, ...shell: readonly string[]): Exec => ({
  run: (request) =>
    exec.run({ ...request, argv: [...shell, ...request.argv.slice(1)] as [string, ...string[]] }),
});

describe('a JVM without room for what profiling needs survives, and the answer names the limit', () => {
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  const groups: ControlGroup[] = [];
  const directories: string[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make control groups and change users: run them as root');
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const directory of directories.splice(0))
      closing.defer(() => rmSync(directory, { recursive: true }));
    for (const group of groups.splice(0)) closing.defer(() => group.remove());
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });

  const jvmOf = async (options: JvmOptions = {}): Promise<Jvm> => {
    // Its own threads stay as many: here they are counted one by one.
    const flags = [
      '-XX:+IgnoreUnrecognizedVMOptions',
      '-XX:-UseDynamicNumberOfCompilerThreads',
      '-XX:-UseDynamicNumberOfGCThreads',
    ];
    const jvm = await startBurner(burner.classes, { ...options, flags });
    started.push(jvm);
    return jvm;
  };
  const groupOf = (...names: string[]): ControlGroup => {
    const group = controlGroup('pids', [`flamepin-test-${process.pid}`, ...names].join('/'));
    groups.push(group);
    return group;
  };
  const begin = (exec: Exec, pid: number) =>
    profiler().start(
      exec,
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid },
      signal,
    );
  const whole = async (exec: Exec, pid: number): Promise<Session> => {
    const { session } = await unlessSlow(() => begin(exec, pid));
    const collected = await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
    assert.equal(collected.partial, false);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(pid), []);
    return session;
  };
  /** Refused with that code; the JVM is alive and was not asked anything. */
  const refuses = async (code: ReasonCode, exec: Exec, jvm: Jvm): Promise<Failure> => {
    const failure = await failsWith(
      code,
      unlessSlow(() => begin(exec, jvm.pid)),
    );
    assert.equal(jvm.process.exitCode, null, jvm.output());
    assert.equal(jvm.process.signalCode, null, jvm.output());
    assert.ok(existsSync(`/proc/${jvm.pid}/task`), jvm.output());
    assert.equal(existsSync(`/tmp/.java_pid${jvm.pid}`), false, 'no attach socket was asked for');
    assert.deepEqual(ours(jvm.pid), []);
    return failure;
  };
  /** The same of a limit of our own commands, in a JVM that has been profiled before. */
  const refusesOurs = async (exec: Exec, jvm: Jvm): Promise<Failure> => {
    const failure = await failsWith('file-size-limited', begin(exec, jvm.pid));
    assert.equal(jvm.process.exitCode, null, jvm.output());
    assert.deepEqual(ours(jvm.pid), []);
    return failure;
  };
  const threadsOf = (pid: number): number => readdirSync(`/proc/${pid}/task`).length;
  /** Once the JVM has started all the threads that it starts by itself, such as compilers. */
  const settled = (jvm: Jvm): Promise<number> => {
    let last = 0;
    let since = Date.now();
    return waitFor('threads that stay as many', 30_000, () => {
      const now = threadsOf(jvm.pid);
      if (now !== last) {
        last = now;
        since = Date.now();
      }
      return Date.now() - since > 700 ? now : undefined;
    });
  };

  for (const jdk of [...jdks(), ...otherJres(), muslJre()])
    it(`its control group is full, JDK ${jdkName(jdk)}: which limit, and of what it is full`, async () => {
      const group = groupOf();
      const jvm = await jvmOf({
        jdk,
        prefix: [...group.enter],
        args: ['5', 'quiet', '120', 'pool-7-thread-'],
      });
      await settled(jvm);
      const current = Number(group.read('pids.current'));
      group.write('pids.max', current);
      const full = await refuses('threads-full', host, jvm);
      assert.equal(
        full.detail,
        `out of threads: ${current} of ${current} in its control group; 120 of them are pool-7-thread-*`,
      );
      group.write('pids.max', current + needed - 1);
      const almost = await refuses('threads-full', host, jvm);
      assert.match(almost.detail, /^almost out of threads: .* needs 16 more; 120 of them/);
      group.write('pids.max', current + needed);
      const session = await whole(host, jvm.pid);
      assert.equal(session.checks['threads']?.startsWith(`${current} of ${current + needed} in its`), true);
    });

  it('its control group is full, asked from beside it as from an ephemeral container', async () => {
    const group = groupOf();
    const jvm = await jvmOf({
      prefix: [...group.enter, ...asUser],
      args: ['5', 'quiet', '120', 'pool-7-thread-'],
    });
    const agent = startProgram('unshare', [
      ...['-m', 'sh', '-c', 'mount -t tmpfs -o mode=1777 tmpfs /tmp && echo up && exec sleep 300'],
    ]);
    started.push(agent);
    await waitFor(
      'the agent',
      30_000,
      () => agent.output().includes('up') || undefined,
      () => agent.output(),
    );
    const beside = through('nsenter', '-m', '-t', String(agent.process.pid), ...asUser);
    await settled(jvm);
    const current = Number(group.read('pids.current'));
    group.write('pids.max', current);
    const full = await refuses('threads-full', beside, jvm);
    assert.match(
      full.detail,
      new RegExp(`^out of threads: ${current} of ${current} in its control group; 120 of`),
    );
    group.write('pids.max', 'max');
    await whole(beside, jvm.pid);
  });

  /** Each as images have it, under the name of sh. */
  const shells = (): { name: string; shell: string[] }[] => {
    const directory = mkdtempSync(join(tmpdir(), 'shells-'));
    directories.push(directory);
    chmodSync(directory, 0o755);
    execFileSync('busybox', ['--install', '-s', directory]);
    const named = (name: string): string => {
      mkdirSync(join(directory, `as-${name}`));
      symlinkSync(`/bin/${name}`, join(directory, `as-${name}`, 'sh'));
      return join(directory, `as-${name}`, 'sh');
    };
    return [
      { name: 'dash', shell: [named('dash')] },
      { name: 'bash', shell: [named('bash')] },
      { name: 'busybox', shell: ['env', `PATH=${directory}`, join(directory, 'sh')] },
    ];
  };

  it('a group above its own is full, and so is the one that our commands run in: each shell still says so', async () => {
    const above = groupOf();
    const group = groupOf('jvm');
    const jvm = await jvmOf({ prefix: [...group.enter], args: ['5', 'quiet', '20', 'worker-'] });
    await settled(jvm);
    const current = Number(group.read('pids.current'));
    above.write('pids.max', current);
    for (const { name, shell } of shells()) {
      const inside = withShell(through(...group.enter), ...shell);
      const failure = await refuses('threads-full', inside, jvm);
      assert.equal(
        failure.detail,
        `out of threads: ${current + 1} of ${current} in the control group ${above.path}; 20 of them are worker-*`,
        name,
      );
    }
    // One more for the shell itself, which is there when it looks.
    above.write('pids.max', current + 1 + needed);
    await whole(through(...group.enter), jvm.pid);
  });

  it('a limit that cannot be seen from its container, as that of a pod: tried by starting as many', async () => {
    const pod = groupOf();
    const group = groupOf('container');
    const view = `mount --bind ${group.directory} ${join(group.directory, '../..')}`;
    const jvm = await jvmOf({
      prefix: [...group.enter, 'unshare', '-m', 'sh', '-c', `${view} && exec "$@"`, 'sh'],
      args: ['5', 'quiet', '20', 'worker-'],
    });
    await settled(jvm);
    const current = Number(group.read('pids.current'));
    const inside = through(...group.enter, 'nsenter', '-m', '-t', String(jvm.pid));
    for (const { name, shell } of shells()) {
      for (const room of [0, 8]) {
        pod.write('pids.max', current + 1 + room);
        const failure = await refuses('threads-full', withShell(inside, ...shell), jvm);
        assert.match(failure.detail, /^out of threads: 16 processes could not be started at once/, name);
        assert.match(failure.detail, /20 of them are worker-\*$/, name);
      }
      await waitFor('nothing of ours to be left in it', 10_000, () =>
        group.read('cgroup.procs').trim() === String(jvm.pid) ? true : undefined,
      );
    }
    // The JVM may have started one more of its own. The shell itself is there when it looks; beside it exactly what is demanded.
    pod.write('pids.max', (await settled(jvm)) + 1 + needed);
    await whole(inside, jvm.pid);
    pod.write('pids.max', 200);
    for (const { name, shell } of shells()) {
      const session = await whole(withShell(inside, ...shell), jvm.pid);
      assert.match(session.checks['threads'] ?? '', /16 more could be started/, name);
    }
  });

  // On a machine whose pids controller belongs to v1 the files of v2 have to be made: same names, same contents.
  it('a limit of v2', async () => {
    const group = controlGroup('two', `flamepin-test-${process.pid}-two`);
    groups.push(group);
    const tree = `/sys/fs/cgroup${group.path}`;
    const files = [
      'mount -t tmpfs tmpfs /sys/fs/cgroup',
      `mkdir -p ${tree}`,
      'touch /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/cgroup.procs',
      `echo 40 >${tree}/pids.current`,
      `echo max >${tree}/pids.max`,
    ].join(' && ');
    const jvm = await jvmOf({
      prefix: [...group.enter, 'unshare', '-m', 'sh', '-c', `${files} && exec "$@"`, 'sh'],
    });
    const inside = through('nsenter', '-m', '-t', String(jvm.pid));
    const limit = (file: string, value: string): void => {
      writeFileSync(`/proc/${jvm.pid}/root${tree}/${file}`, `${value}\n`);
    };
    limit('pids.max', '41');
    const failure = await refuses('threads-full', inside, jvm);
    assert.match(failure.detail, /^almost out of threads: 40 of 41 in its control group, and/);
    limit('pids.max', 'max');
    const { session } = await begin(inside, jvm.pid);
    assert.match(session.checks['threads'] ?? '', /^no limit in its control group; /);
    await profiler().cleanUp(inside, session, signal);
  });

  it('its user has as many threads as it may, asked as root or as that user', async () => {
    const jvm = await jvmOf({ prefix: asUser, args: ['5', 'quiet', '40', 'worker-'] });
    await settled(jvm);
    const limit = (threads: number): void => {
      limitOf(jvm.pid, `--nproc=${threads}:`);
    };
    const current = threadsOf(jvm.pid);
    limit(current);
    const failure = await refuses('threads-full', host, jvm);
    assert.equal(
      failure.detail,
      `out of threads: ${current} of ${current} of user ${user} (Max processes); 40 of them are worker-*`,
    );
    for (const { shell } of shells())
      await refuses('threads-full', withShell(through(...asUser), ...shell), jvm);
    limit(current + needed);
    await whole(host, jvm.pid);
    for (const { name, shell } of shells()) {
      limit((await settled(jvm)) + 1 + needed);
      const session = await whole(withShell(through(...asUser), ...shell), jvm.pid);
      assert.match(session.checks['threads'] ?? '', /16 more could be started/, name);
    }
  });

  it('its user has other threads that cannot be seen from its container: tried, as that user', async () => {
    const jvm = await jvmOf({
      prefix: ['unshare', '--pid', '--fork', '--mount-proc', ...asUser],
      args: ['5', 'quiet', '5', 'worker-'],
    });
    const inner = Number(readFileSync(`/proc/${jvm.pid}/task/${jvm.pid}/children`, 'utf8'));
    try {
      const other = await jvmOf({ prefix: asUser, args: ['5', 'quiet', '40', 'other-'] });
      const limit = async (room: number): Promise<void> => {
        const all = (await settled(other)) + (await settled({ ...jvm, pid: inner }));
        limitOf(inner, `--nproc=${all + 1 + room}:`);
      };
      const asRoot = through('nsenter', '-m', '-p', '-t', String(inner));
      const inside = through('nsenter', '-m', '-p', '-t', String(inner), ...asUser);
      await limit(5);
      const failure = await failsWith(
        'threads-full',
        unlessSlow(() => begin(inside, 1)),
      );
      assert.match(failure.detail, /^out of threads: 16 processes could not be started/);
      assert.ok(existsSync(`/proc/${inner}/task`), jvm.output());
      const { session } = await begin(asRoot, 1);
      assert.match(session.checks['threads'] ?? '', /other limits cannot be seen from here/);
      await profiler().cleanUp(asRoot, session, signal);
      await limit(needed);
      const tried = await unlessSlow(() => begin(inside, 1));
      assert.match(tried.session.checks['threads'] ?? '', /16 more could be started/);
      await profiler().cleanUp(inside, tried.session, signal);
    } finally {
      // Its parent, which waits for it, ends with it. In the /tmp of all, its attach socket would be in others' way.
      process.kill(inner, 'SIGKILL');
      rmSync('/tmp/.java_pid1', { force: true });
    }
  });

  it('a container that is only slow, as it is throttled: not called full, in any shell', async () => {
    const jvm = await jvmOf({ prefix: asUser });
    limitOf(jvm.pid, `--nproc=${(await settled(jvm)) + 1 + 2 * needed}:`);
    const group = controlGroup('cpu', `flamepin-test-${process.pid}-slow`);
    groups.push(group);
    const share = (percent: number | null): void => {
      if (existsSync(join(group.directory, 'cpu.max')))
        group.write('cpu.max', `${percent === null ? 'max' : percent * 1000} 100000`);
      else group.write('cpu.cfs_quota_us', percent === null ? -1 : percent * 1000);
    };
    for (const shell of ['dash', 'bash', 'ksh']) {
      share(1);
      // What is beyond the try would take minutes.
      const faster = setTimeout(() => {
        share(null);
      }, 7000);
      try {
        const code = await whole(withShell(through(...group.enter, ...asUser), shell), jvm.pid).then(
          () => 'done',
          (failure: Failure) => failure.code,
        );
        assert.match(code, /^(done|exec-timeout)$/, shell);
      } finally {
        clearTimeout(faster);
      }
    }
  });

  it('root is not counted, nor is a JVM with a capability that lifts the limit', async () => {
    const jvm = await jvmOf();
    limitOf(jvm.pid, '--nproc=10:');
    const session = await whole(host, jvm.pid);
    assert.match(session.checks['threads'] ?? '', /no limit for its user/);
    const capable = await jvmOf({
      prefix: [...asUser, '--inh-caps=+sys_admin', '--ambient-caps=+sys_admin'],
    });
    limitOf(capable.pid, '--nproc=10:');
    assert.match((await whole(host, capable.pid)).checks['threads'] ?? '', /no limit for its user/);
  });

  it('all its file descriptors are open', async () => {
    const jvm = await jvmOf();
    await settled(jvm);
    const open = readdirSync(`/proc/${jvm.pid}/fd`).length;
    const limit = (files: number): void => {
      limitOf(jvm.pid, `--nofile=${files}:`);
    };
    limit(open);
    const full = await refuses('descriptors-full', host, jvm);
    assert.equal(full.detail, `out of file descriptors: ${open} of ${open} are open (Max open files)`);
    limit(open + needed - 1);
    const almost = await refuses('descriptors-full', host, jvm);
    assert.match(almost.detail, /^almost out of file descriptors: .* needs 16 more$/);
    limit(open + needed);
    const session = await whole(host, jvm.pid);
    assert.equal(session.checks['descriptors'], `${open} of ${open + needed} are open (Max open files)`);
  });

  it('descriptors that cannot be counted are no reason to refuse', async () => {
    const jvm = await jvmOf({ prefix: asUser });
    limitOf(jvm.pid, '--nofile=64:');
    // Without CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE and CAP_SYS_PTRACE root may not look into it.
    const blind = through('setpriv', '--bounding-set=-dac_read_search,-dac_override,-sys_ptrace');
    const { session } = await begin(blind, jvm.pid);
    assert.equal(session.checks['descriptors'], 'its limit is 64; how many are open cannot be read');
    await profiler().cleanUp(host, session, signal);
  });

  it('it may only write small files: refused before a recording is cut off, in every shell', async () => {
    const jvm = await jvmOf();
    limitOf(jvm.pid, '--fsize=1000000:');
    for (const exec of [
      host,
      ...['dash', 'bash', 'mksh', 'ksh', 'yash', 'zsh --emulate sh'].map((shell) =>
        withShell(host, ...shell.split(' ')),
      ),
    ]) {
      const failure = await refuses('file-size-limited', exec, jvm);
      assert.equal(
        failure.detail,
        'the JVM may write 1,000 kB to a file (Max file size), and a recording may need 1,088 kB',
      );
    }
    limitOf(jvm.pid, '--fsize=5000000000000:');
    assert.equal(
      (await whole(withShell(host, 'mksh'), jvm.pid)).checks['file_size'],
      'more than 1,000,000 MB',
    );
    limitOf(jvm.pid, '--fsize=8000000:');
    assert.equal((await whole(host, jvm.pid)).checks['file_size'], '8,000 kB');
    const small = await refusesOurs(through('prlimit', '--fsize=500000:', '--'), jvm);
    assert.match(small.detail, /^commands there may write 500 kB to a file \(Max file size\), and/);
  });

  it('names of threads are told as they are and bounded, whatever they hold', async () => {
    const group = groupOf();
    const hostile = '$(id>&2)\nr=1';
    const jvm = await jvmOf({ prefix: [...group.enter], args: ['5', 'quiet', '60', hostile] });
    await settled(jvm);
    const current = Number(group.read('pids.current'));
    group.write('pids.max', current);
    const failure = await refuses('threads-full', host, jvm);
    assert.match(failure.detail, /; 60 of them are \$\(id>&2\)$/);
    assert.equal(failure.stderr, '');
  });
});
