import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import type { Exec, ExecRequest } from '../../src/profiler/exec.ts';
import { kubernetesApi } from '../../src/targets/kubernetes/connection/api.ts';
import { ExecSlots } from '../../src/targets/kubernetes/connection/exec-slots.ts';
import { kubernetesExec } from '../../src/targets/kubernetes/connection/exec.ts';
import {
  type AskedExec,
  exitStatus,
  fakeApiServer,
  refuse,
  success,
  type FakeApiServer,
  type ServerSide,
} from '../cluster/fake-apiserver.ts';
import type { ExecTiming } from '../../src/targets/kubernetes/connection/exec-timing.ts';

interface OpenOptions {
  running?: boolean;
  slots?: number;
  timing?: Partial<ExecTiming>;
}

function open(server: FakeApiServer, options: OpenOptions = {}): Exec {
  return kubernetesExec({
    api: kubernetesApi(server.access),
    slots: new ExecSlots(options.slots ?? 20),
    namespace: 'shop',
    pod: 'checkout-0',
    container: 'app',
    running: () => Promise.resolve(options.running ?? true),
    // Client and server share a process that may be kept from running: short only where that is what is asked.
    timing: { handshake: 10_000, reopen: 0, heartbeat: 50, silence: 10_000, ...options.timing },
  });
}

const plain: ExecRequest = { argv: ['true'], deadlineMs: 30_000, maxOutputBytes: 1_000_000 };

async function assertFails(running: Promise<unknown>, code: ReasonCode): Promise<Failure> {
  const error = await running.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.code, code);
  return error;
}

describe('an exec through a Kubernetes API server that misbehaves', () => {
  it('carries command, output and exit code, and announces no stdin where there is none', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        assert.deepEqual(side.asked.command, ['sh', '-c', 'echo "$1"', 'x', 'a b&c=ü']);
        assert.deepEqual([side.asked.container, side.asked.stdin], ['app', false]);
        side.stdout('');
        side.stdout('out');
        side.stderr('err');
        side.status(exitStatus(3));
      },
    });
    const result = await open(server).run({ ...plain, argv: ['sh', '-c', 'echo "$1"', 'x', 'a b&c=ü'] });
    assert.deepEqual(
      [result.exitCode, result.stdout.toString(), result.stderr, server.violations],
      [3, 'out', 'err', []],
    );
  });

  it('ends stdin with the half-close of v5', async () => {
    const sent = randomBytes(300_000);
    await using server = await fakeApiServer({
      exec: async (side) => {
        side.stdout(await side.stdin());
        side.status(success);
      },
    });
    const result = await open(server).run({ ...plain, argv: ['cat'], stdin: sent });
    assert.ok(result.stdout.equals(sent));
    assert.deepEqual(server.violations, []);
  });

  for (const strangers of ['refuses', 'says why', 'names none'] as const)
    it(`lets the command count its stdin where the server speaks only v4, and ${strangers} when asked for v5`, async () => {
      const sent = randomBytes(100_000);
      await using server = await fakeApiServer({
        protocol: 'v4.channel.k8s.io',
        strangers,
        exec: async (side) => {
          assert.deepEqual(side.asked.command.slice(-3), ['100000', 'cat', '-u']);
          side.stdout(await side.stdin(sent.length));
          side.status(success);
        },
      });
      const result = await open(server).run({ ...plain, argv: ['cat', '-u'], stdin: sent });
      assert.ok(result.stdout.equals(sent));
      assert.deepEqual(server.violations, []);
    });

  it('passes on why a policy refuses a command, and tries no other', async () => {
    const asked: AskedExec[] = [];
    const why = 'start.sh unpacks the pinned async-profiler only';
    await using server = await fakeApiServer({
      upgrade: (socket, exec) => {
        asked.push(exec);
        refuse(socket, 403, exec.command.length === 1 ? why : "may run flamepin's own scripts only");
        return true;
      },
    });
    const refused = await assertFails(open(server).run({ ...plain, stdin: Buffer.from('x') }), 'exec-denied');
    assert.deepEqual([refused.detail, asked.length], [why, 1]);
  });

  for (const [what, fail] of [
    ['resets the connection', (socket: Duplex) => socket.destroy()],
    ['answers with 503', (socket: Duplex) => refuse(socket, 503, 'no endpoints available')],
  ] as const)
    it(`asks for the same again when an API server that is being replaced ${what}, and runs it once`, async () => {
      const commands: string[][] = [];
      let runs = 0;
      await using server = await fakeApiServer({
        upgrade: (socket, { command }) => {
          commands.push(command);
          if (commands.length > 2) return false;
          fail(socket);
          return true;
        },
        exec: async (side) => {
          runs++;
          side.stdout(await side.stdin());
          side.status(success);
        },
      });
      const patient = open(server, { timing: { reopen: 10_000 } });
      const { stdout } = await patient.run({ ...plain, argv: ['cat'], stdin: Buffer.from('x') });
      assert.deepEqual([stdout.toString(), runs, server.violations], ['x', 1, []]);
      assert.deepEqual(commands, [['cat'], ['cat'], ['cat']]);
    });

  it('does not wait for an API server that stays down, nor beyond the deadline', async () => {
    await using server = await fakeApiServer({
      upgrade: (socket) => {
        refuse(socket, 503, 'no endpoints available');
        return true;
      },
    });
    const refused = await assertFails(
      open(server, { timing: { reopen: 500 } }).run(plain),
      'exec-unavailable',
    );
    assert.equal(refused.detail, 'no endpoints available');
    const patient = open(server, { timing: { reopen: 60_000 } });
    await assertFails(patient.run({ ...plain, deadlineMs: 500 }), 'exec-timeout');
  });

  it('does not mistake a dropped connection for the end of the command', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        side.stdout('half of it');
        side.socket.terminate();
      },
    });
    await assertFails(open(server).run(plain), 'exec-disconnected');
  });

  it('does not mistake a clean close without a status for success', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        side.stdout('all of it');
        side.socket.close(1000);
      },
    });
    await assertFails(open(server).run(plain), 'exec-disconnected');
  });

  it('says that the target went away when the connection ends with its container', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        side.socket.terminate();
      },
    });
    await assertFails(open(server, { running: false }).run(plain), 'target-gone');
  });

  it('gives up on a connection that is open but silent', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        side.socket.pause();
      },
    });
    await assertFails(open(server, { timing: { silence: 300 } }).run(plain), 'exec-timeout');
  });

  it('waits for a silent command as long as the server answers pings', async () => {
    await using server = await fakeApiServer({
      exec: async (side) => {
        // Longer than the two seconds of silence that end a connection on which no ping is answered.
        await sleep(3_000);
        side.status(success);
      },
    });
    const exec = open(server, { timing: { silence: 2_000 } });
    assert.equal((await exec.run(plain)).exitCode, 0);
  });

  it('gives up when the command takes no stdin', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        side.socket.pause();
      },
    });
    const exec = open(server, { timing: { silence: 300 } });
    await assertFails(exec.run({ ...plain, stdin: Buffer.alloc(30_000_000) }), 'exec-timeout');
  });

  it('gives up on an upgrade that is never answered', async () => {
    await using server = await fakeApiServer({ upgrade: () => true });
    await assertFails(open(server, { timing: { handshake: 300 } }).run(plain), 'exec-unavailable');
  });

  it('keeps the deadline of the call whatever the server does', async () => {
    await using server = await fakeApiServer({ exec: () => undefined });
    await assertFails(open(server).run({ ...plain, deadlineMs: 300 }), 'exec-timeout');
  });

  it('settles at once when it is given up, and leaves no connection', async () => {
    const reached = Promise.withResolvers<void>();
    await using server = await fakeApiServer({ exec: () => reached.resolve() });
    const controller = new AbortController();
    const running = open(server).run({ ...plain, signal: controller.signal });
    await reached.promise;
    controller.abort();
    await assertFails(running, 'exec-disconnected');
    for (let tries = 0; (await server.connections()) > 0; tries++) {
      assert.ok(tries < 1_000, 'the connection stays open');
      await sleep(10);
    }
  });

  for (const [name, frame] of [
    ['text', '"hello"'],
    ['an empty frame', Buffer.alloc(0)],
    ['an unknown channel', Buffer.from([9, 1, 2])],
    ['a status that is not JSON', Buffer.from('\x03{"status":')],
    ['a status of another shape', Buffer.from('\x03{"status":["Success"]}')],
  ] as const)
    it(`refuses an answer that makes no sense: ${name}`, async () => {
      await using server = await fakeApiServer({
        exec: (side) => {
          side.socket.send(frame);
        },
      });
      await assertFails(open(server).run(plain), 'exec-disconnected');
    });

  it('refuses a frame larger than any kubelet sends, without keeping it', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        side.stdout(Buffer.alloc(2 * 1024 * 1024));
        side.status(success);
      },
    });
    await assertFails(open(server).run({ ...plain, maxOutputBytes: 10_000_000 }), 'exec-disconnected');
  });

  it('stops at the limit of output', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        for (let i = 0; i < 100; i++) side.stdout(Buffer.alloc(32_768));
        side.status(success);
      },
    });
    await assertFails(open(server).run(plain), 'exec-overflow');
  });

  it('keeps the end of a long stderr', async () => {
    await using server = await fakeApiServer({
      exec: (side) => {
        for (let i = 0; i < 50; i++) side.stderr('x'.repeat(10_000));
        side.stderr('the end');
        side.status(success);
      },
    });
    const { stderr } = await open(server).run(plain);
    assert.equal(stderr.length, 65_536);
    assert.ok(stderr.endsWith('the end'));
  });

  it('tells a missing program from a container that has gone, whatever the message says', async () => {
    const internal = { ...success, status: 'Failure', reason: 'InternalError', message: 'oops', code: 500 };
    await using server = await fakeApiServer({
      exec: (side) => {
        side.status(internal);
      },
    });
    assert.equal((await assertFails(open(server).run(plain), 'no-shell')).detail, 'oops');
    await assertFails(open(server, { running: false }).run(plain), 'target-gone');
  });

  // kube-apiserver and kubelet close at once behind the answer. What we send then breaks the connection before the
  // answer was read, or between the two, and then it even reads as success.
  for (const [what, lose] of [
    ['the connection', ({ socket }: ServerSide) => socket.terminate()],
    ['the reason', (side: ServerSide) => side.status(success)],
  ] as const)
    it(`sends nothing to a program that does not exist, by which ${what} would be lost`, async () => {
      await using server = await fakeApiServer({
        exec: async (side) => {
          // Nothing announces that no stdin comes; over loopback it would come at once.
          const sent = await Promise.race([side.stdin(1), sleep(100)]);
          if (sent !== undefined) lose(side);
          else side.status({ ...success, status: 'Failure', message: 'sh: not found', code: 500 });
        },
      });
      const request = { ...plain, argv: ['sh'] as const, stdin: Buffer.alloc(700_000), stdinWhenAsked: true };
      await assertFails(open(server).run(request), 'no-shell');
    });

  it('sends stdin to a command that asks for it, once and whole', async () => {
    const stdin = randomBytes(700_000);
    let runs = 0;
    await using server = await fakeApiServer({
      exec: async (side) => {
        runs++;
        side.stdout('');
        // As above: a moment in which nothing comes is all that can be seen of stdin that is held back.
        assert.equal(await Promise.race([side.stdin(1), sleep(100)]), undefined);
        side.stdout('asks');
        side.stdout(await side.stdin());
        side.status(success);
      },
    });
    const { stdout } = await open(server).run({ ...plain, argv: ['cat'], stdin, stdinWhenAsked: true });
    assert.ok(stdout.equals(Buffer.concat([Buffer.from('asks'), stdin])));
    assert.deepEqual([runs, server.violations], [1, []]);
  });

  it('says that the target went away when that ends the sending of stdin', async () => {
    await using server = await fakeApiServer({
      exec: async (side) => {
        await side.stdin(1);
        side.socket.close(1000);
      },
    });
    const sending = open(server, { running: false }).run({ ...plain, stdin: Buffer.alloc(30_000_000) });
    await assertFails(sending, 'target-gone');
  });

  for (const [status, code] of [
    [403, 'exec-denied'],
    [401, 'exec-denied'],
    [422, 'exec-denied'],
    [404, 'target-gone'],
    [500, 'exec-unavailable'],
    [503, 'exec-unavailable'],
  ] as const)
    it(`says why the server refused with ${status}`, async () => {
      await using server = await fakeApiServer({
        upgrade: (socket) => {
          refuse(socket, status, 'words of the server');
          return true;
        },
      });
      const withoutStdin = await assertFails(open(server).run(plain), code);
      assert.equal(withoutStdin.detail, 'words of the server');
      await assertFails(open(server).run({ ...plain, stdin: Buffer.from('x') }), code);
    });

  it('tries again when the server asks for it (429), within the deadline', async () => {
    let refusals = 2;
    await using server = await fakeApiServer({
      upgrade: (socket) => {
        if (refusals-- <= 0) return false;
        refuse(socket, 429, 'too many requests', 'retry-after: 0');
        return true;
      },
      exec: (side) => {
        side.status(success);
      },
    });
    assert.equal((await open(server).run(plain)).exitCode, 0);
    refusals = 1_000_000;
    await assertFails(open(server).run({ ...plain, deadlineMs: 300 }), 'exec-timeout');
  });

  it('never runs more at once than there are slots, and gives each back', async () => {
    let now = 0;
    let most = 0;
    await using server = await fakeApiServer({
      exec: async (side) => {
        most = Math.max(most, ++now);
        // Long enough that a call beyond the slots would overlap.
        await sleep(20);
        now--;
        side.status(success);
      },
    });
    const exec = open(server, { slots: 3 });
    await Promise.all(Array.from({ length: 12 }, () => exec.run(plain)));
    assert.equal(most, 3);
  });

  it('says that the API server cannot be reached', async () => {
    const server = await fakeApiServer({});
    await server[Symbol.asyncDispose]();
    await assertFails(open(server).run(plain), 'exec-unavailable');
  });
});
