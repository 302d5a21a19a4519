import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { startTicksOf } from '../../src/targets/host/host-processes.ts';
import { compileBurner, startBurner, type Jvm, type JvmOptions } from '../setup/jvm.ts';
import { start as startProgram, waitFor, type Started } from '../setup/process.ts';
import { active, failsWith, ours, profiler, toolsDirectory } from './profiler-session.ts';

const { signal } = new AbortController();
const maxBytes = 10_000_000;
const host = hostExec();
const asUser = (id: number): string[] => ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
const asIntruder = asUser(4002);
const through = (...prefix: string[]): Exec => ({
  run: (request) => host.run({ ...request, argv: [...prefix, ...request.argv] as [string, ...string[]] }),
});

describe('another user, who predicts the names of our files', () => {
  let burner: ReturnType<typeof compileBurner>;
  let traces: string;
  const started: Started[] = [];
  const planted: string[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make mounts and change users: run them as root');
    const missing = ['setpriv', 'unshare', 'nsenter'].filter(
      (name) => spawnSync('which', [name]).status !== 0,
    );
    assert.deepEqual(missing, [], 'install them: apt-get install util-linux');
    burner = compileBurner();
  });
  beforeEach(() => {
    traces = mkdtempSync(join(tmpdir(), 'traces-'));
    chmodSync(traces, 0o777);
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const path of [...planted.splice(0), traces])
      closing.defer(() => rmSync(path, { recursive: true, force: true }));
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
  /** A JVM of user 65534 that sees a /tmp of its own (mode of it in octal), as with systemd's PrivateTmp. */
  const jvmWithOwnTmp = (mode: string): Promise<Jvm> => {
    const { classes } = burner;
    const text =
      `mount -t tmpfs -o mode=755 tmpfs /run && cp -r ${classes} /run/c && mount -t tmpfs -o mode=${mode} tmpfs /tmp &&` +
      ` mkdir ${classes} && chmod 755 ${classes} && cp /run/c/* ${classes} && exec "$@"`;
    return jvmOf({ prefix: ['unshare', '-m', 'sh', '-c', text, 'sh', ...asUser(65534)] });
  };
  const begin = (exec: Exec, pid: number, durationSeconds = 1, id = captureId(Date.now())) =>
    profiler().start(exec, { captureId: id, durationSeconds, process: null, pid }, signal);
  const toolsOf = async (base: string, pid: number): Promise<string> =>
    `${base}/flamepin-jvm-${pid}-${(await startTicksOf(pid)) ?? ''}`;

  /** The intruder's directory at that path, with an asprof that leaves a trace of whoever runs it. */
  const plant = (directory: string): void => {
    const text =
      'umask 022 && mkdir "$1" && printf \'#!/bin/sh\\nid -u >%s/ran-$$\\necho "Profiler is not active"\\n\' "$2" >"$1/asprof" && chmod 755 "$1/asprof"';
    execFileSync(asIntruder[0] ?? '', [...asIntruder.slice(1), 'sh', '-c', text, 'sh', directory, traces]);
    planted.push(directory);
    execFileSync(join(directory, 'asprof'));
    assert.deepEqual(tracesLeft(), ['0\n'], 'the trap works');
    execFileSync('sh', ['-c', 'rm "$1"/ran-*', 'sh', traces]);
  };
  const tracesLeft = (): string[] =>
    execFileSync('find', [traces, '-name', 'ran-*'], { encoding: 'utf8' })
      .split('\n')
      .filter((path) => path !== '')
      .map((path) => readFileSync(path, 'utf8'));

  for (const base of ['/var/tmp', '/dev/shm']) {
    it(`does not become root through ${base}, when the JVM has a /tmp of its own`, async () => {
      const jvm = await jvmWithOwnTmp('1777');
      plant(await toolsOf(base, jvm.pid));
      const { session } = await begin(host, jvm.pid);
      const collected = await profiler().collect(host, session, { maxBytes }, signal);
      assert.equal(collected.partial, false);
      await profiler().cleanUp(host, session, signal);
      assert.deepEqual(tracesLeft(), []);
    });
  }

  it('has nothing run by root when the real tools are gone', async () => {
    const jvm = await jvmOf({ prefix: asUser(65534) });
    const { session } = await begin(host, jvm.pid);
    const tools = await toolsOf('/tmp', jvm.pid);
    rmSync(tools, { recursive: true });
    plant(tools);
    const waiting = AbortSignal.timeout(3_000);
    await assert.rejects(profiler().collect(host, session, { maxBytes }, waiting));
    await profiler().cleanUp(host, session, signal);
    assert.deepEqual(tracesLeft(), []);
  });

  it('does not become the user of flamepin by taking the first place, and the window is ended all the same', async () => {
    const jvm = await jvmOf({ prefix: asUser(4001) });
    const exec = through(...asUser(4001));
    const taken = await toolsOf('/tmp', jvm.pid);
    plant(taken);
    const { session } = await begin(exec, jvm.pid, 60);
    assert.match(session.recordingPath, /^\/var\/tmp\//);
    assert.equal(await active(jvm.pid, session), true);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [taken] });
    assert.equal(await active(jvm.pid, session), false);
    assert.deepEqual(tracesLeft(), []);
    assert.deepEqual(ours(jvm.pid), [taken]);
  });

  it('is named when every location is taken', async () => {
    const jvm = await jvmOf({ prefix: asUser(4001) });
    for (const base of ['/tmp', '/var/tmp', '/dev/shm']) plant(await toolsOf(base, jvm.pid));
    const failure = await failsWith('tmp-not-writable', begin(through(...asUser(4001)), jvm.pid));
    assert.match(failure.detail, /\/dev\/shm\/flamepin-jvm-.* belongs to another user/);
    assert.deepEqual(tracesLeft(), []);
  });

  it('cannot offer an agent the very files that it would unpack, to change them later', async () => {
    const jvm = await jvmOf({ prefix: asUser(65534) });
    const agent = startProgram('unshare', [
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs -o mode=1777 tmpfs /tmp && mount -t tmpfs -o mode=1777 tmpfs /var/tmp && echo up && exec sleep 120',
    ]);
    started.push(agent);
    await waitFor(
      'the agent',
      30_000,
      () => (agent.output().includes('up') ? true : undefined),
      () => agent.output(),
    );
    const inside = ['nsenter', '-m', '-t', String(agent.process.pid)];
    const tools = await toolsOf('/tmp', jvm.pid);
    execFileSync('nsenter', [...inside.slice(1), ...asIntruder, 'mkdir', tools]);
    for (const name of ['asprof', 'libasyncProfiler.so']) {
      const bytes = readFileSync(join(toolsDirectory(), name));
      const text = 'umask 022 && cat >"$1" && chmod 755 "$1"';
      execFileSync(
        'nsenter',
        [...inside.slice(1), ...asIntruder, 'sh', '-c', text, 'sh', join(tools, name)],
        {
          input: bytes,
        },
      );
    }
    const exec = through(...inside, ...asUser(65534));
    const { session } = await begin(exec, jvm.pid);
    assert.match(session.recordingPath, /^\/var\/tmp\//);
    assert.equal((await profiler().collect(exec, session, { maxBytes }, signal)).partial, false);
    await profiler().cleanUp(exec, session, signal);
  });

  it('cannot replace our files in a /tmp without the sticky bit: another location is used', async () => {
    const jvm = await jvmWithOwnTmp('777');
    const { session } = await begin(host, jvm.pid);
    assert.ok(session.recordingPath.startsWith(`/proc/${jvm.pid}/root/var/tmp/`), session.recordingPath);
    assert.equal((await profiler().collect(host, session, { maxBytes }, signal)).partial, false);
    assert.deepEqual(await profiler().cleanUp(host, session, signal), { left: [] });

    const inside = through('nsenter', '-m', '-t', String(jvm.pid), ...asUser(65534));
    const { session: second } = await begin(inside, jvm.pid);
    assert.match(second.recordingPath, /^\/var\/tmp\//);
    assert.equal((await profiler().collect(inside, second, { maxBytes }, signal)).partial, false);
    assert.deepEqual(await profiler().cleanUp(inside, second, signal), { left: [] });
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('cannot empty root’s files through planted links', async () => {
    const precious = join(traces, 'precious');
    writeFileSync(precious, 'kept');
    const plantLink = (path: string): void => {
      execFileSync(asIntruder[0] ?? '', [...asIntruder.slice(1), 'ln', '-s', precious, path]);
      planted.push(path);
    };
    const plain = await jvmOf({ prefix: asUser(65534) });
    const id = captureId(Date.now());
    plantLink(`/tmp/.flamepin-${id}`);
    await failsWith('tmp-not-writable', begin(host, plain.pid, 1, id));
    assert.equal(readFileSync(precious, 'utf8'), 'kept');
    await plain.stop('SIGKILL');

    const jvm = await jvmWithOwnTmp('1777');
    const { session } = await begin(host, jvm.pid);
    const directory = session.recordingPath
      .replace(/^\/proc\/\d+\/root/, '')
      .replace(/\/recording\.jfr$/, '');
    execFileSync(asIntruder[0] ?? '', [...asIntruder.slice(1), 'mkdir', directory]);
    planted.push(directory);
    const text = `${asIntruder.join(' ')} ln -s "$0" "$1/seen-$$" && shift && exec "$@"`;
    await profiler().cleanUp(through('sh', '-c', text, precious, directory), session, signal);
    assert.equal(readFileSync(precious, 'utf8'), 'kept');
    assert.equal(existsSync(directory), false);
  });

  it('cannot block flamepin with a pipe in place of its first file', async () => {
    const jvm = await jvmOf({ prefix: asUser(65534) });
    const id = captureId(Date.now());
    const pipe = `/tmp/.flamepin-${id}`;
    execFileSync(asIntruder[0] ?? '', [...asIntruder.slice(1), 'mkfifo', '-m', '666', pipe]);
    planted.push(pipe);
    const failure = await failsWith('tmp-not-writable', begin(host, jvm.pid, 1, id));
    assert.match(failure.detail, /already exists and belongs to another user/);
    assert.deepEqual(ours(jvm.pid), []);
  });

  it('who is the user of the JVM cannot have a file of root read by swapping the recording, or its directory, for a link', async () => {
    const secret = join(traces, 'secret');
    execFileSync('sh', [
      '-c',
      'mkdir -m 700 "$0" && echo of-root >"$0/recording.jfr" && chmod 755 "$0"',
      secret,
    ]);
    const jvm = await jvmOf({ prefix: asUser(65534) });
    for (const [what, swap] of [
      ['directory', 'mv "$1" "$1.own" && ln -s "$0" "$1"'],
      ['file', 'rm "$1/recording.jfr" && ln -s "$0/recording.jfr" "$1/recording.jfr"'],
      // What a race may open, held still: the file is a link's other end in a directory that is its user's.
      [
        'directory above',
        'mv "$1" "$1.own" && mkdir "$1.link" && ln -s "$0" "$1.link/x" && ln -s "$1.link/x" "$1"',
      ],
    ] as const) {
      const { session } = await begin(host, jvm.pid);
      const directory = session.recordingPath.replace(/\/recording\.jfr$/, '');
      planted.push(directory, `${directory}.own`, `${directory}.link`);
      execFileSync('setpriv', [...asUser(65534).slice(1), 'sh', '-c', swap, secret, directory]);
      await failsWith('recording-missing', profiler().collect(host, session, { maxBytes }, signal));
      rmSync(directory, { force: true, recursive: true });
      await profiler().cleanUp(host, session, signal);
      assert.match(readFileSync(join(secret, 'recording.jfr'), 'utf8'), /of-root/, what);
    }
  });
});
