import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { captureId } from '../../src/captures/capture-id.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import type { Failure } from '../../src/reasons/failure.ts';
import type { Exec } from '../../src/profiler/exec.ts';
import { hostExec } from '../../src/targets/host/host-exec.ts';
import { compileBurner, startBurner, type Jvm, type JvmOptions } from '../setup/jvm.ts';
import { start as startProgram } from '../setup/process.ts';
import { asprof, failsWith, ours, profiler, toolsDirectory } from './profiler-session.ts';

const exec = hostExec();
const { signal } = new AbortController();

describe('before attaching, flamepin looks and refuses', () => {
  let burner: ReturnType<typeof compileBurner>;
  const jvms: Jvm[] = [];
  before(() => {
    assert.equal(process.getuid?.(), 0, 'these tests make control groups and change users: run them as root');
    burner = compileBurner();
  });
  afterEach(async () => {
    await using closing = new AsyncDisposableStack();
    for (const jvm of jvms.splice(0)) closing.defer(() => jvm.stop('SIGKILL'));
  });
  after(() => {
    burner.remove();
  });
  const jvmOf = async (options: JvmOptions = {}): Promise<Jvm> => {
    const jvm = await startBurner(burner.classes, options);
    jvms.push(jvm);
    return jvm;
  };
  const begin = (pid: number, over: Exec = exec) =>
    profiler().start(
      over,
      { captureId: captureId(Date.now()), durationSeconds: 1, process: null, pid },
      signal,
    );

  /** Refused with that code; the JVM is alive, no library of ours is in it, and nothing is in the file system. */
  const refusesUntouched = async (code: ReasonCode, jvm: Jvm): Promise<Failure> => {
    // With -Xrs the JVM makes the socket by itself when it starts.
    const socket = `/tmp/.java_pid${jvm.pid}`;
    const hadSocket = existsSync(socket);
    const failure = await failsWith(code, begin(jvm.pid));
    assert.equal(jvm.process.exitCode, null);
    assert.doesNotMatch(readFileSync(`/proc/${jvm.pid}/maps`, 'utf8'), /flamepin/);
    assert.equal(existsSync(socket), hadSocket, 'no attach socket was asked for');
    assert.deepEqual(ours(jvm.pid), []);
    assert.doesNotMatch(jvm.output(), /Full thread dump/);
    return failure;
  };

  it('a JVM with -Xrs, which SIGQUIT would kill', async () => {
    const failure = await refusesUntouched('sigquit-not-caught', await jvmOf({ flags: ['-Xrs'] }));
    assert.match(failure.detail, /SigCgt/);
  });

  it('a JVM whose options switch attaching off, on the command line or in the environment; the last option counts', async () => {
    await refusesUntouched('attach-disabled', await jvmOf({ flags: ['-XX:+DisableAttachMechanism'] }));
    await refusesUntouched('attach-disabled', await jvmOf({ flags: ['-XX:-EnableDynamicAgentLoading'] }));
    await refusesUntouched(
      'attach-disabled',
      await jvmOf({ env: { JAVA_TOOL_OPTIONS: '-Da=b -XX:+DisableAttachMechanism' } }),
    );
    await refusesUntouched(
      'attach-disabled',
      await jvmOf({ env: { JDK_JAVA_OPTIONS: '-XX:-EnableDynamicAgentLoading' } }),
    );
    const jvm = await jvmOf({
      flags: ['-XX:-DisableAttachMechanism'],
      env: { JAVA_TOOL_OPTIONS: '-XX:+DisableAttachMechanism' },
    });
    const { session } = await begin(jvm.pid);
    await profiler().cleanUp(exec, session, signal);
  });

  it('a JVM whose options switch attaching off in a file, wherever the file is named', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'options-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const off = '-XX:+DisableAttachMechanism';
    try {
      const argumentFile = file('arguments', `# -XX:-DisableAttachMechanism\n-Da=b "${off}" # it is\n`);
      const vmOptions = file('vm-options', `-Da=b\n${off}\n`);
      const flags = file('flags', '# of the JVM\n-EnableDynamicAgentLoading\n');
      const nested = file('nested', `-XX:VMOptionsFile=${vmOptions}`);
      await refusesUntouched('attach-disabled', await jvmOf({ flags: [`@${argumentFile}`] }));
      await refusesUntouched('attach-disabled', await jvmOf({ flags: [`-XX:VMOptionsFile=${vmOptions}`] }));
      await refusesUntouched('attach-disabled', await jvmOf({ flags: [`-XX:Flags=${flags}`] }));
      await refusesUntouched('attach-disabled', await jvmOf({ env: { JDK_JAVA_OPTIONS: `@${nested}` } }));
      const inDirectory = ['sh', '-c', 'cd "$0" && exec "$@"', directory];
      await refusesUntouched('attach-disabled', await jvmOf({ prefix: inDirectory, flags: ['@arguments'] }));

      // What comes later counts; and a file that has changed into something that never ends holds up nobody.
      const on = ['-XX:-DisableAttachMechanism', '-XX:+EnableDynamicAgentLoading'];
      const jvm = await jvmOf({ flags: [`-XX:Flags=${flags}`, `@${argumentFile}`, ...on] });
      rmSync(argumentFile);
      execFileSync('mkfifo', [argumentFile]);
      const { session } = await begin(jvm.pid);
      assert.equal(session.checks['attach'], 'not switched off; a file of its options cannot be read');
      await profiler().cleanUp(exec, session, signal);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('a JVM without dynamic agent loading whose options cannot be read any more, by its own answer', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'options-'));
    const options = join(directory, 'arguments');
    try {
      writeFileSync(options, '-XX:-EnableDynamicAgentLoading');
      const jvm = await jvmOf({ flags: [`@${options}`] });
      rmSync(options);
      await failsWith('attach-disabled', begin(jvm.pid));
      assert.doesNotMatch(readFileSync(`/proc/${jvm.pid}/maps`, 'utf8'), /flamepin/);
      assert.deepEqual(ours(jvm.pid), []);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('what is no JVM, and a process that is not there', async () => {
    const sleeper = startProgram('sleep', ['30']);
    const pid = sleeper.process.pid ?? 0;
    try {
      await failsWith('not-a-jvm', begin(pid));
      assert.equal(sleeper.process.exitCode, null);
    } finally {
      await sleeper.stop();
    }
    await failsWith('target-gone', begin(pid));
  });

  it('a JVM that is stopped, until it is continued', async () => {
    const jvm = await jvmOf();
    process.kill(jvm.pid, 'SIGSTOP');
    await refusesUntouched('target-stopped', jvm);
    process.kill(jvm.pid, 'SIGCONT');
    const { session } = await begin(jvm.pid);
    await profiler().cleanUp(exec, session, signal);
  });

  it('a JVM that another profiler is at work in, but not one where it has ended, even with its file deleted', async () => {
    const jvm = await jvmOf();
    const foreign = mkdtempSync(join(tmpdir(), 'foreign-'));
    const library = join(foreign, 'libasyncProfiler.so');
    cpSync(join(toolsDirectory(), 'libasyncProfiler.so'), library);
    try {
      asprof(
        'start',
        '-e',
        'ctimer',
        '--timeout',
        '60',
        '--libpath',
        library,
        '-o',
        'jfr',
        '-f',
        join(foreign, 'f.jfr'),
        String(jvm.pid),
      );
      const failure = await failsWith('foreign-profiler', begin(jvm.pid));
      assert.ok(failure.detail.includes(library));
      assert.deepEqual(ours(jvm.pid), []);
      assert.match(asprof('status', '--libpath', library, String(jvm.pid)), /Profiling is running/);
      rmSync(library);
      await failsWith('foreign-profiler', begin(jvm.pid));
      asprof('stop', '--libpath', library, String(jvm.pid));
    } finally {
      rmSync(foreign, { recursive: true });
    }
    const { session } = await begin(jvm.pid);
    assert.match(session.checks['profiler'] ?? '', /not active: .*foreign/);
    await profiler().cleanUp(exec, session, signal);
  });

  it('a JVM with less than 64 MB left under the limit of its control group', async () => {
    const version2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const group = join('/sys/fs/cgroup', version2 ? '' : 'memory', `flamepin-test-${process.pid}`);
    mkdirSync(group);
    try {
      const tasks = join(group, version2 ? 'cgroup.procs' : 'tasks');
      const limit = join(group, version2 ? 'memory.max' : 'memory.limit_in_bytes');
      const jvm = await jvmOf({ prefix: ['sh', '-c', 'echo $$ >"$0" && exec "$@"', tasks] });
      const usage = join(group, version2 ? 'memory.current' : 'memory.usage_in_bytes');
      writeFileSync(limit, String(Number(readFileSync(usage, 'utf8')) + 30 * 1024 * 1024));
      const failure = await refusesUntouched('memory-low', jvm);
      assert.match(failure.detail, /^\d+ MB are left/);
      writeFileSync(limit, String(400 * 1024 * 1024));
      const { session } = await begin(jvm.pid);
      assert.match(session.checks['memory'] ?? '', /^\d+ MB are left/);
      await profiler().cleanUp(exec, session, signal);
      await jvm.stop('SIGKILL');
    } finally {
      for (let tries = 0; tries < 50; tries++) {
        try {
          rmdirSync(group);
          break;
        } catch {
          // The kernel lets a group go a moment after its last process.
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        }
      }
    }
  });

  it('a payload that arrives damaged or cut: nothing of it is run', async () => {
    const jvm = await jvmOf();
    for (const damage of ['flip', 'cut'] as const) {
      const damaging: Exec = {
        run: (request) => {
          if (request.stdin === undefined) return exec.run(request);
          const bytes = Buffer.from(request.stdin);
          bytes[1000] = (bytes[1000] ?? 0) ^ 1;
          return exec.run({
            ...request,
            stdin: damage === 'flip' ? bytes : request.stdin.subarray(0, 400_000),
          });
        },
      };
      await failsWith('payload-rejected', begin(jvm.pid, damaging));
      assert.deepEqual(ours(jvm.pid), []);
      assert.equal(readdirSync('/tmp').filter((name) => name === `.java_pid${jvm.pid}`).length, 0);
    }
  });

  it('a recording that arrives damaged is fetched again, and given up after three times', async () => {
    const jvm = await jvmOf();
    const { session } = await begin(jvm.pid);
    let calls = 0;
    const damaging = (times: number): Exec => ({
      run: async (request) => {
        const result = await exec.run(request);
        calls++;
        return calls > times ? result : { ...result, stdout: result.stdout.subarray(0, -100) };
      },
    });
    const collected = await profiler().collect(damaging(2), session, { maxBytes: 10_000_000 }, signal);
    assert.equal(calls, 3);
    assert.equal(collected.partial, false);
    calls = 0;
    await failsWith(
      'recording-damaged',
      profiler().collect(damaging(9), session, { maxBytes: 10_000_000 }, signal),
    );
    assert.equal(calls, 3);
    await profiler().cleanUp(exec, session, signal);
  });
});
