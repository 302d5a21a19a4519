import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startEngine, type ContainerEngine } from '../setup/docker-engine.ts';
import { leftOf } from '../setup/host-jvm.ts';
import { compileBurner, startBurner, type Jvm } from '../setup/jvm.ts';
import { waitFor } from '../setup/process.ts';
import { sshUsers, startSshServer, type SshServer } from '../setup/sshd.ts';

const flamepin = join(import.meta.dirname, '..', '..', 'bin', 'flamepin.js');
const ctrlC = '\u0003';
const patienceMs = 60_000;

interface Terminal {
  /** What the person sees. */
  screen: () => string;
  type: (text: string) => void;
  /** Exit code. */
  ended: Promise<number | null>;
}

describe('flamepin capture at a terminal', () => {
  let directory = '';
  let engine: ContainerEngine;
  let server: SshServer;
  let local: Jvm;
  let remote: Jvm;
  const closing = new AsyncDisposableStack();
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-by-hand-'));
    closing.defer(() => rm(directory, { recursive: true, force: true }));
    const burner = compileBurner();
    closing.defer(burner.remove);
    local = await startBurner(burner.classes);
    closing.defer(() => local.stop('SIGKILL'));
    server = await startSshServer();
    closing.defer(() => server.stop());
    const id = sshUsers.flamepin;
    remote = await startBurner(burner.classes, {
      prefix: [...server.inside, 'setpriv', `--reuid=${id}`, `--regid=${id}`, '--clear-groups'],
    });
    closing.defer(() => remote.stop('SIGKILL'));
    engine = await startEngine('docker');
    closing.defer(() => engine.stop());
    await engine.runJvm('shop');
    await writeFile(
      join(directory, 'flamepin.yaml'),
      `targets:
  docker: {engines: {local: {socket: ${engine.socket}}}}
  ssh: {user: flamepin, port: ${server.port}, identityFile: ${server.identityFile}, knownHostsFile: ${server.knownHostsFile}}
`,
    );
  });
  after(() => closing.disposeAsync());

  const argsFor = (target: string, output: string, ...more: string[]): string[] => [
    flamepin,
    'capture',
    target,
    ...['--config', 'flamepin.yaml', '--output', output, '--duration', '60s', ...more],
  ];
  /** In a terminal of its own, whose Ctrl-C reaches all that runs in it. */
  const atTerminal = (target: string, output: string): Terminal => {
    const command = [process.execPath, ...argsFor(target, output)].map((word) => `'${word}'`).join(' ');
    const child = spawn(
      'script',
      ['--quiet', '--flush', '--return', '--command', `exec ${command}`, '/dev/null'],
      {
        cwd: directory,
        stdio: 'pipe',
        timeout: patienceMs * 2,
      },
    );
    let seen = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        seen += piece.toString('utf8');
      });
    return {
      screen: () => seen,
      type: (text) => void child.stdin.write(text),
      ended: once(child, 'exit').then(([code]) => code as number | null),
    };
  };
  const counting = async (terminal: Terminal): Promise<void> => {
    await waitFor(
      'the progress line to count down',
      patienceMs,
      () => (/\rprofiling [^\r]+: 5\d s /.test(terminal.screen()) ? true : undefined),
      terminal.screen,
    );
  };
  const clean = async (left: () => Promise<readonly string[]>): Promise<void> => {
    let last: readonly string[] = [];
    await waitFor(
      'a clean target',
      10_000,
      async () => {
        last = await left();
        return last.length === 0 ? true : undefined;
      },
      () => last.join('\n'),
    );
  };

  const kinds = {
    host: {
      target: () => `host://${local.pid}`,
      left: () => Promise.resolve(leftOf(local.pid, '')),
    },
    ssh: {
      target: () => `ssh://127.0.0.1/${remote.pid}`,
      left: () => Promise.resolve(leftOf(remote.pid, '')),
    },
    docker: {
      target: () => 'docker://local/shop',
      left: async () => {
        const names = await engine.docker('exec', 'shop', 'ls', '-A', '/tmp', '/dev/shm');
        return names.split('\n').filter((name) => /flamepin|asprof/.test(name));
      },
    },
  };

  for (const [kind, { target, left }] of Object.entries(kinds)) {
    it(`${kind}: counts down; Ctrl-C ends the window, shows what was sampled and leaves the target clean`, async () => {
      const output = join(directory, `${kind}-once`);
      const terminal = atTerminal(target(), output);
      await counting(terminal);
      await sleep(2_000);
      terminal.type(ctrlC);
      assert.equal(await terminal.ended, 0, terminal.screen());
      assert.match(terminal.screen(), /Ending the window early; what was sampled is kept\./);
      assert.match(terminal.screen(), /\d+% of CPU time is spent in Burner/);
      assert.match(terminal.screen(), /The recording is incomplete: \d+ s of 60 s could be read\./);
      const [id = ''] = await readdir(output);
      const files = await readdir(join(output, id));
      assert.ok(files.includes('flamegraph.html') && files.includes('recording.jfr.gz'), files.join());
      await clean(left);
    });

    it(`${kind}: a second Ctrl-C gives it up, and the target is clean as well`, async () => {
      const output = join(directory, `${kind}-twice`);
      const terminal = atTerminal(target(), output);
      await counting(terminal);
      terminal.type(ctrlC);
      await waitFor('the first to be seen', patienceMs, () =>
        terminal.screen().includes('Ending the window early') ? true : undefined,
      );
      terminal.type(ctrlC);
      // An impatient person presses it again and again.
      terminal.type(ctrlC);
      assert.equal(await terminal.ended, 1, terminal.screen());
      assert.match(terminal.screen(), /Given up: no recording was kept\./);
      assert.doesNotMatch(terminal.screen(), /at .*\.ts:\d+/, 'no stack trace');
      await assert.rejects(readdir(output), { code: 'ENOENT' });
      await clean(left);
    });
  }

  it('prints JSON alone on stdout, also of a window that was ended early', async () => {
    const child = spawn(process.execPath, argsFor(kinds.host.target(), join(directory, 'json'), '--json'), {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: patienceMs,
    });
    let stdout = '';
    child.stdout.on('data', (piece: Buffer) => {
      stdout += piece.toString('utf8');
    });
    const exited = once(child, 'exit');
    await waitFor('a session', patienceMs, () => (leftOf(local.pid, '').length > 0 ? true : undefined));
    await sleep(4_000);
    child.kill('SIGINT');
    const [code] = (await exited) as [number | null];
    assert.equal(code, 0);
    const told = z
      .object({
        partial: z.boolean(),
        target: z.looseObject({ kind: z.string() }),
        files: z.array(z.string()),
      })
      .parse(JSON.parse(stdout));
    assert.deepEqual([told.partial, told.target.kind], [true, 'host']);
    assert.ok(told.files.length > 0);
  });
});
