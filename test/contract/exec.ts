import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Failure } from '../../src/reasons/failure.ts';
import type { ReasonCode } from '../../src/reasons/reasons.ts';
import type { Exec, ExecRequest, ExecResult } from '../../src/profiler/exec.ts';

/** One opened target for the suite. */
export interface OpenedExec {
  exec: Exec;
  /** Makes the target go away for good while a command runs; needed unless the suite is told that it cannot. */
  loseTarget?: () => Promise<void>;
  close: () => Promise<void>;
}

const MiB = 1024 * 1024;

/**
 * What the profiler relies on, whatever the target is: every implementation of Exec passes this suite.
 * @param goesAway false where the target cannot go away without us (this machine)
 */
export function execContract(name: string, open: () => Promise<OpenedExec>, goesAway = true): void {
  describe(`exec contract: ${name}`, () => {
    let opened: OpenedExec;
    before(async () => {
      opened = await open();
    });
    after(async () => {
      await using closing = new AsyncDisposableStack();
      closing.defer(() => opened.close());
      closing.defer(() => opened.exec.close?.());
    });

    const run = (argv: ExecRequest['argv'], options: Partial<ExecRequest> = {}): Promise<ExecResult> =>
      opened.exec.run({ argv, deadlineMs: 30_000, maxOutputBytes: MiB, ...options });
    const sh = (text: string, options: Partial<ExecRequest> = {}): Promise<ExecResult> =>
      run(['sh', '-c', text], options);

    it('tells the exit code, and output also of a command that fails', async () => {
      const result = await sh('echo out; echo err >&2; exit 7');
      assert.equal(result.exitCode, 7);
      assert.equal(result.stdout.toString(), 'out\n');
      assert.equal(result.stderr, 'err\n');
      assert.equal((await sh('exit 0')).exitCode, 0);
    });

    it('tells 128 and the number for a command that a signal ends', async () => {
      assert.equal((await sh('kill -TERM $$; sleep 5')).exitCode, 143);
    });

    it('gives end of file to a command that reads stdin when there is none', async () => {
      const result = await sh('cat; echo end');
      assert.equal(result.stdout.toString(), 'end\n');
    });

    it('passes every byte value through stdin and stdout unchanged', async () => {
      const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 256));
      const result = await sh('cat', { stdin: bytes });
      assert.deepEqual(result.stdout, bytes);
    });

    it('passes arguments with quotes, newlines, blanks and shell text as they are', async () => {
      const values = [
        `it's "q"`,
        'two\nlines',
        '',
        ' a  b ',
        '$(id); `id` && rm -rf x',
        '*',
        '\\n',
        '-n',
        'ä😀',
      ];
      const result = await run(['sh', '-c', 'for v in "$@"; do printf "%s|" "$v"; done', 'name', ...values]);
      assert.equal(result.stdout.toString(), values.map((value) => `${value}|`).join(''));
    });

    it('carries 10 MB in and 10 MB out whole', async () => {
      const bytes = randomBytes(10 * MiB);
      const [sent, returned] = await Promise.all([
        sh('sha256sum', { stdin: bytes }),
        sh('cat', { stdin: bytes, maxOutputBytes: 11 * MiB }),
      ]);
      const expected = createHash('sha256').update(bytes).digest('hex');
      assert.equal(sent.stdout.toString().slice(0, 64), expected);
      assert.equal(createHash('sha256').update(returned.stdout).digest('hex'), expected);
    });

    it('settles when the command ends without reading the stdin that it was sent, once that was drained', async () => {
      const result = await sh('echo no; cat >/dev/null; exit 3', { stdin: randomBytes(2 * MiB) });
      assert.equal(result.exitCode, 3);
      assert.equal(result.stdout.toString(), 'no\n');
    });

    it('gives stdin to a command that asks for it first', async () => {
      const bytes = randomBytes(2 * MiB);
      const result = await sh('echo asks; cat', {
        stdin: bytes,
        stdinWhenAsked: true,
        maxOutputBytes: 3 * MiB,
      });
      assert.ok(result.stdout.equals(Buffer.concat([Buffer.from('asks\n'), bytes])));
    });

    it('settles when a command that should have asked for its stdin does not', async () => {
      const result = await sh('exit 3', { stdin: randomBytes(2 * MiB), stdinWhenAsked: true });
      assert.equal(result.exitCode, 3);
    });

    it('keeps the end of a long stderr', async () => {
      const result = await sh('head -c 200000 /dev/zero | tr "\\0" x >&2; echo last >&2');
      assert.ok(result.stderr.endsWith('xlast\n'));
      assert.ok(result.stderr.length <= 64 * 1024);
    });

    it('refuses more output than allowed, and stops taking it', async () => {
      await rejectsWith('exec-overflow', sh('cat /dev/zero', { maxOutputBytes: 100_000 }));
    });

    it('settles at the deadline when the command stays silent', async () => {
      await rejectsWith('exec-timeout', run(['sleep', '4'], { deadlineMs: 400 }));
    });

    it('settles at once when it is aborted', async () => {
      const controller = new AbortController();
      const pending = run(['sleep', '4'], { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 150);
      await rejectsWith('exec-disconnected', pending);
      await rejectsWith('exec-disconnected', run(['true'], { signal: controller.signal }));
    });

    it('says so when the program does not exist there', async () => {
      await rejectsWith('no-shell', run(['flamepin-no-such-program']));
    });

    it('says so too when there is stdin for the program, every time', async () => {
      const stdin = randomBytes(MiB);
      for (let time = 0; time < 50; time++)
        await rejectsWith('no-shell', run(['flamepin-no-such-program'], { stdin, stdinWhenAsked: true }));
    });

    it('runs several commands at once without mixing them up', async () => {
      const results = await Promise.all(
        [0, 1, 2, 3, 4].map((number) =>
          run(['sh', '-c', 'cat; exit "$0"', String(number)], { stdin: Buffer.from(`in ${number}`) }),
        ),
      );
      assert.deepEqual(
        results.map(({ exitCode, stdout }) => `${exitCode} ${stdout.toString()}`),
        ['0 in 0', '1 in 1', '2 in 2', '3 in 3', '4 in 4'],
      );
    });

    if (!goesAway) return;
    it('settles when the target goes away while a command runs', async () => {
      const target = await open();
      const { loseTarget } = target;
      assert.ok(loseTarget, 'the suite needs loseTarget to make this target go away');
      const pending = target.exec.run({ argv: ['sleep', '60'], deadlineMs: 40_000, maxOutputBytes: MiB });
      // Whichever is seen first: the command killed with the target, or the connection.
      const settled = pending.then(
        ({ exitCode }) => assert.notEqual(exitCode, 0),
        (error: unknown) =>
          assert.ok(error instanceof Failure && error.code !== 'internal-error', String(error)),
      );
      await loseTarget();
      await settled;
      await assert.rejects(
        target.exec.run({ argv: ['true'], deadlineMs: 20_000, maxOutputBytes: MiB }),
        (error: unknown) => error instanceof Failure,
      );
      await target.exec.close?.();
      await target.close();
    });
  });
}

async function rejectsWith(code: ReasonCode, pending: Promise<unknown>): Promise<void> {
  await assert.rejects(pending, (error: unknown) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, code);
    return true;
  });
}
