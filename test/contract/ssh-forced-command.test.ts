import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { sshCommands } from '../../helm/ssh-commands.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import { sha256Of } from '../../src/profiler/payload.ts';
import { loaderVersion } from '../../src/profiler/pinned.ts';
import { cleanUpScript, commandOf, startScript } from '../../src/profiler/script.ts';
import { SshClient } from '../../src/targets/ssh/client.ts';
import { lookScript } from '../../src/targets/ssh/look.ts';
import { quoted } from '../../src/targets/ssh/quote.ts';
import { runCommand, sshExec } from '../../src/targets/ssh/ssh-exec.ts';
import { sshTargets } from '../../src/targets/ssh/ssh.ts';
import { cacheDirectory } from '../setup/cache.ts';
import { compileBurner, startBurner } from '../setup/jvm.ts';
import { sshUsers, startSshServer, type SshServer } from '../setup/sshd.ts';
import { failsWith, ours, profiler, unlessSlow } from './profiler-session.ts';

const { signal } = new AbortController();
const deploy = join(import.meta.dirname, '../../deploy');
const runMs = 30_000;

describe('a key whose forced command is flamepin-command.sh', () => {
  const closing = new AsyncDisposableStack();
  let server: SshServer;
  let installed: string;
  before(async () => {
    installed = mkdtempSync(join(tmpdir(), 'flamepin-forced-'));
    closing.defer(() => rmSync(installed, { recursive: true, force: true }));
    cpSync(join(deploy, 'ssh'), installed, { recursive: true });
    chmodSync(installed, 0o755);
    server = await startSshServer({
      keyOptions: `restrict,command="${join(installed, 'flamepin-command.sh')}"`,
      sudoers: 'flamepin ALL=(app) NOPASSWD: /bin/sh',
    });
    closing.defer(() => server.stop());
  });
  after(() => closing.disposeAsync());

  it('knows the scripts of this flamepin', async () => {
    const found = execFileSync(
      'sh',
      [join(deploy, 'async-profiler.sh'), join(cacheDirectory, 'ap-loader', loaderVersion)],
      { encoding: 'utf8' },
    );
    for (const [name, text] of await sshCommands(found.trim()))
      assert.equal(readFileSync(join(deploy, 'ssh', name), 'utf8'), text, 'run npm run generate');
  });

  it('profiles a JVM, also through sudo, and leaves the host clean', async () => {
    const burner = compileBurner();
    closing.defer(burner.remove);
    const { port, identityFile, knownHostsFile } = server;
    const settings = {
      port,
      identityFile,
      knownHostsFile,
      user: 'flamepin',
      hostLabels: [],
      unitLabels: [],
      agentSocket: null,
    };
    const targets = sshTargets(settings);
    closing.defer(() => targets.close?.());
    for (const user of ['flamepin', 'app'] as const) {
      const id = sshUsers[user];
      const prefix = [...server.inside, 'setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'];
      const jvm = await startBurner(burner.classes, { prefix });
      closing.defer(() => jvm.stop('SIGKILL'));
      const uri = `ssh://127.0.0.1/${jvm.pid}`;
      const target = await targets.resolve({ labels: {}, startsAt: '', generatorUrl: '', uri }, signal);
      const exec = targets.open(target);
      const request = { captureId: captureId(Date.now()), durationSeconds: 2, process: null, pid: jvm.pid };
      const { session } = await unlessSlow(() => profiler().start(exec, request, signal));
      const { recording } = await profiler().collect(exec, session, { maxBytes: 50 * 1024 * 1024 }, signal);
      assert.ok(recording.length > 2_000);
      assert.deepEqual(await profiler().cleanUp(exec, session, signal), { left: [] });
      assert.deepEqual(ours(jvm.pid), []);
    }
  });

  describe('does nothing else for whoever has stolen it', () => {
    const mark = (): string => join(server.directory, 'home', 'stolen');
    const script = (...values: string[]): string =>
      quoted(['sh', '-c', lookScript.text, 'flamepin', ...values]);
    const runner = quoted(runCommand);
    const attempts: [string, () => string[]][] = [
      ['a shell', () => []],
      ['a command', () => ['touch', mark()]],
      ['a command after a script', () => [`${runner} '-' ${script('0')}; touch ${mark()}`]],
      ['a command after a newline', () => [`${runner} '-' ${script('0')}\ntouch ${mark()}`]],
      ['a command in a parameter', () => [`${runner} '-' ${script(`$(touch ${mark()})`)}`]],
      [
        'a command beside a parameter',
        () => [`${runner} '-' ${script('0').replace(/'0'$/, `'0'$(touch ${mark()})`)}`],
      ],
      ['a command as the user', () => [`${runner} '-'$(touch ${mark()})'' ${script('0')}`]],
      ['another script', () => [`${runner} '-' ${quoted(['sh', '-c', `touch ${mark()}`, 'flamepin', '0'])}`]],
      [
        'a script with a line more',
        () => [`${runner} '-' ${script('0').replace('set -u', `touch ${mark()}; set -u`)}`],
      ],
      [
        'another runner',
        () => [`${quoted(['/bin/sh', '-c', `touch ${mark()}`, 'flamepin-run'])} '-' ${script('0')}`],
      ],
      ['another program', () => [`${runner} '-' ${quoted(['touch', mark()])}`]],
      ['a variable before it', () => [`LD_PRELOAD=${mark()} ${runner} '-' ${script('0')}`]],
      [
        'a path as the capture',
        () => [
          `${runner} '-' ${quoted(['sh', '-c', cleanUpScript.text, 'flamepin', '../etc', '0', '0', 'leave'])}`,
        ],
      ],
    ];
    for (const [what, line] of attempts)
      it(what, async () => {
        const { code, stdout, stderr } = await stolen([], line());
        assert.equal(code, 1, stdout);
        assert.equal(stdout, '');
        assert.match(stderr, /this key runs the scripts of flamepin alone/);
        assert.equal(existsSync(mark()), false);
      });

    it('other files than the profiler’s', async () => {
      const bytes = Buffer.from(`#!/bin/sh\ntouch ${mark()}\n`);
      const { identityFile, knownHostsFile, port } = server;
      const client = new SshClient({ identityFile, knownHostsFile, agentSocket: null });
      closing.defer(() => client.close());
      const exec = sshExec(client, { user: 'flamepin', host: '127.0.0.1', port }, null);
      const argv = commandOf(
        startScript,
        captureId(Date.now()),
        '2',
        'any',
        'linux-x64',
        String(bytes.length),
        sha256Of(bytes),
      );
      const failure = await failsWith(
        'exec-denied',
        exec.run({ argv, stdin: bytes, stdinWhenAsked: true, deadlineMs: runMs, maxOutputBytes: 100_000 }),
      );
      assert.match(failure.detail, /this key runs the scripts of flamepin alone/);
      assert.equal(existsSync(mark()), false);
    });

    it('forwarding a port, or copying files', async () => {
      const forwarding = await stolen(['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:9'], []);
      assert.notEqual(forwarding.code, 0);
      const copying = await stolen(['-s'], ['sftp']);
      assert.notEqual(copying.code, 0);
      assert.equal(copying.stdout, '');
    });
  });

  /** ssh as anybody would call it who has the key. */
  function stolen(
    options: readonly string[],
    command: readonly string[],
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const { identityFile, knownHostsFile, port } = server;
    const args = [
      ...['-F', 'none', '-T', '-i', identityFile, '-p', String(port), '-o', 'BatchMode=yes'],
      ...['-o', `UserKnownHostsFile=${knownHostsFile}`, ...options, 'flamepin@127.0.0.1', ...command],
    ];
    return new Promise((resolve) => {
      const child = execFile('ssh', args, { timeout: runMs }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
      child.stdin?.end();
    });
  }
});
