import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { compileBurner, startBurner, type Jvm, type JvmOptions } from '../setup/jvm.ts';
import { start as startProgram, waitFor, type Started } from '../setup/process.ts';
import { failsWith, ours, profiler } from './profiler-session.ts';

const { signal } = new AbortController();
const host = hostExec();
const asUser = (id: number): string[] => ['setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
const through = (...prefix: string[]): Exec => ({
  run: (request) => host.run({ ...request, argv: [...prefix, ...request.argv] as [string, ...string[]] }),
});
const without = (capability: string): Exec =>
  through('setpriv', `--bounding-set=-${capability}`, `--inh-caps=-${capability}`);

describe('a JVM whose files flamepin cannot reach or write is refused with what would help', () => {
  let burner: ReturnType<typeof compileBurner>;
  const started: Started[] = [];
  const scratch: string[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make mounts and change users: run them as root');
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const directory of scratch.splice(0))
      closing.defer(() => {
        rmSync(directory, { recursive: true, force: true });
      });
    for (const one of started.splice(0)) closing.defer(() => one.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });
  const jvmOf = async (options: JvmOptions): Promise<Jvm> => {
    const jvm = await startBurner(burner.classes, options);
    started.push(jvm);
    return jvm;
  };
  const directoryOf = (name: string): string => {
    const directory = mkdtempSync(join(tmpdir(), `${name}-`));
    scratch.push(directory);
    return directory;
  };
  const begin = (exec: Exec, pid: number) =>
    profiler().start(
      exec,
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid },
      signal,
    );
  const whole = async (exec: Exec, pid: number): Promise<string> => {
    const { session } = await begin(exec, pid);
    const { partial } = await profiler().collect(exec, session, { maxBytes: 10_000_000 }, signal);
    assert.equal(partial, false);
    assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
    assert.deepEqual(ours(pid), []);
    return session.recordingPath;
  };
  it('as root without the capability to look into the processes of others', async () => {
    const jvm = await jvmOf({ prefix: ['unshare', '-m', ...asUser(65534)] });
    const failure = await failsWith('capability-missing', begin(without('sys_ptrace'), jvm.pid));
    assert.match(failure.detail, /CAP_SYS_PTRACE/);
    await whole(host, jvm.pid);
  });

  it('as root without the capability to write where others may', async () => {
    const directory = directoryOf('own-tmp');
    execFileSync('chown', ['65534:65534', directory]);
    const text = `cp -r ${burner.classes}/. ${directory} && mount --bind ${directory} /tmp && mkdir ${burner.classes} && cp /tmp/*.class ${burner.classes} && chmod 755 /tmp ${burner.classes} && exec "$@"`;
    const jvm = await jvmOf({ prefix: ['unshare', '-m', 'sh', '-c', text, 'sh', ...asUser(65534)] });
    const failure = await failsWith('capability-missing', begin(without('dac_override'), jvm.pid));
    assert.match(failure.detail, /CAP_DAC_OVERRIDE/);
  });

  it('in a user namespace that owns its /tmp, as a rootless engine makes them', async () => {
    // Its root is user 100000 here, and our root is nobody there.
    const holder = startProgram('unshare', ['-U', 'sleep', '60']);
    started.push(holder);
    const map = `/proc/${holder.process.pid}/uid_map`;
    const ours = readlinkSync('/proc/self/ns/user');
    const theirs = () => readlinkSync(`/proc/${holder.process.pid}/ns/user`);
    await waitFor('the namespace', 20_000, () => theirs() !== ours || undefined);
    writeFileSync(map, '0 100000 65536');
    writeFileSync(map.replace('uid', 'gid'), '0 100000 65536');
    const text = `cp -r ${burner.classes} /dev/shm/burner-$$ && mount -t tmpfs -o mode=1777,size=8m tmpfs /tmp && mkdir ${burner.classes} && cp /dev/shm/burner-$$/* ${burner.classes} && rm -r /dev/shm/burner-$$ && exec "$@"`;
    const enter = ['nsenter', '-U', '-S', '0', '-G', '0', '-t', String(holder.process.pid)];
    const jvm = await jvmOf({ prefix: [...enter, 'unshare', '-m', 'sh', '-c', text, 'sh'] });
    const failure = await failsWith('user-namespace', begin(host, jvm.pid));
    assert.match(failure.detail, /^the JVM runs in a user namespace of its own/);
  });

  it('beside the socket of an earlier JVM, by the number that the JVM has in its own namespace', async () => {
    const text = `cp -r ${burner.classes} /run/burner-$$ && mount -t tmpfs -o mode=1777,size=8m tmpfs /tmp && mkdir ${burner.classes} && cp /run/burner-$$/* ${burner.classes} && rm -r /run/burner-$$ && exec "$@"`;
    const outer = await jvmOf({
      prefix: [
        'unshare',
        '-m',
        '-p',
        '-f',
        '--mount-proc',
        '--kill-child',
        'sh',
        '-c',
        text,
        'sh',
        ...asUser(65534),
      ],
    });
    const pid = Number(readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8'));
    // Changing the user has taken from it what would end it with its parent.
    started.push({ ...outer, stop: () => Promise.resolve(void process.kill(pid, 'SIGKILL')) });
    const stale = `/proc/${pid}/root/tmp/.java_pid1`;
    const server = createServer().listen(stale);
    try {
      await waitFor('the socket', 5000, () => existsSync(stale) || undefined);
      execFileSync('chmod', ['600', stale]);
      const failure = await failsWith('tmp-not-writable', begin(through(...asUser(65534)), pid));
      assert.match(failure.detail, /\.java_pid1 belongs to another user/);
    } finally {
      server.close();
    }
  });

  it('whose /tmp is a link, which only its own container can follow', async () => {
    const root = directoryOf('root');
    const shown = ['bin', 'lib', 'lib64', 'usr', 'etc', 'proc', 'dev', 'run', 'sys', 'root'];
    for (const name of [...shown, 'old', 'data', 'classes']) mkdirSync(join(root, name));
    execFileSync('ln', ['-s', '/data', join(root, 'tmp')]);
    cpSync(burner.classes, join(root, 'classes'), { recursive: true });
    const mounts = `mount --rbind ${root} ${root} && for d in ${shown.join(' ')}; do mount --rbind /$d ${root}/$d; done`;
    const text = `${mounts} && cd ${root} && pivot_root . old && umount -l old && cd / && exec "$@"`;
    const jvm = await startBurner('/classes', { prefix: ['unshare', '-m', 'sh', '-c', text, 'sh'] });
    started.push(jvm);
    const failure = await failsWith('tmp-not-writable', begin(host, jvm.pid));
    assert.match(failure.detail, /^\/tmp of the JVM is a link to \/data,/);
    assert.deepEqual(ours(jvm.pid), []);
    await whole(through('nsenter', '-m', '-t', String(jvm.pid)), jvm.pid);
  });

  it('but one whose own /tmp does not allow execution is profiled from outside, with the library elsewhere', async () => {
    const text = `cp -r ${burner.classes} /dev/shm/burner-$$ && mount -t tmpfs -o mode=1777,noexec tmpfs /tmp && mkdir ${burner.classes} && cp /dev/shm/burner-$$/* ${burner.classes} && rm -r /dev/shm/burner-$$ && exec "$@"`;
    const jvm = await jvmOf({ prefix: ['unshare', '-m', 'sh', '-c', text, 'sh'] });
    assert.match(await whole(host, jvm.pid), /root\/var\/tmp\//);
  });
});
