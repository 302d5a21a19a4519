import { readFileSync } from 'node:fs';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Exec, ExecRequest, ExecResult } from '../../profiler/exec.ts';
import type { SshClient } from './client.ts';
import type { Login } from '../../alerts/host-inventory.ts';
import { isHostKeyKnown } from './host-key.ts';
import { MarkedOutput } from './marked-output.ts';
import { quoted } from './quote.ts';

const runScript = readFileSync(new URL('run.sh', import.meta.url), 'utf8').replaceAll(/^#.*\n/gm, '');

/** The words before the user and the command: constant, so that a forced command can pin them. clean-up.sh knows the last. */
export const runCommand = ['/bin/sh', '-c', runScript, 'flamepin-run'] as const;

/** ssh's own: it could not connect, or the connection broke. */
const sshFailed = 255;

/**
 * Commands on a host, each in a session of the connection that the client keeps. A command that is given up on lives on
 * there: it bounds itself.
 * @param user whom commands run as, through sudo; null: whoever has logged in
 */
export function sshExec(client: SshClient, destination: Login, user: string | null): Exec {
  return { run: (request) => runOnce(client, destination, user, request) };
}

async function runOnce(
  client: SshClient,
  destination: Login,
  user: string | null,
  request: ExecRequest,
): Promise<ExecResult> {
  const { argv, maxOutputBytes } = request;
  const { host } = destination;
  if (request.signal?.aborted === true)
    throw new Failure('exec-disconnected', { detail: `${host}: aborted` });
  const line = quoted([...runCommand, user ?? '-', ...argv]);
  const { process: child, words } = client.connect(destination, line);
  const output = new MarkedOutput(maxOutputBytes);
  const { code, said } = await transfer(child, request, output, host)
    .then((code) => ({ code, said: words() }))
    .finally(() => {
      child.kill('SIGKILL');
      // The connection's own process holds the other ends.
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
      words();
    });
  const { begun, end, stdout, stderr } = output;
  if (end === 'missing')
    throw new Failure('no-shell', { detail: `${host}: ${user === null ? argv[0] : 'sudo'}` });
  if (begun && end !== null) return { exitCode: end, stdout, stderr };
  if (begun)
    throw new Failure('exec-disconnected', {
      detail: `${host}: the connection broke ${said}`.trim(),
      stderr,
    });
  if (code !== sshFailed)
    throw new Failure('exec-denied', {
      detail: `${host} did not run the command: ${firstLine(output.before)}`,
      stderr,
    });
  if (!(await isHostKeyKnown(client, destination)))
    throw new Failure('host-key-unknown', { detail: `${host}: ${said}`, stderr });
  throw new Failure('exec-unavailable', { detail: `${host}: ${said}`, stderr });
}

/** Sends stdin and takes the output until ssh has ended; its exit code, or null when a signal ended it. */
function transfer(
  child: ReturnType<SshClient['connect']>['process'],
  { stdin, stdinWhenAsked, deadlineMs, signal }: ExecRequest,
  output: MarkedOutput,
  host: string,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const fail = (failure: Failure): void => {
      settle();
      reject(failure);
    };
    const onAbort = (): void =>
      fail(new Failure('exec-disconnected', { detail: `${host}: aborted`, stderr: output.stderr }));
    const deadline = setTimeout(
      () =>
        fail(
          new Failure('exec-timeout', {
            detail: `${host}: not finished within ${deadlineMs} ms`,
            stderr: output.stderr,
          }),
        ),
      deadlineMs,
    );
    const settle = (): void => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });

    let held = stdin !== undefined && stdinWhenAsked === true;
    const keep = (add: () => void): void => {
      try {
        add();
      } catch (error) {
        fail(asFailure(error));
      }
    };
    child.stdout.on('data', (piece: Buffer) => {
      keep(() => output.addStdout(piece));
      if (!held || output.stdout.length === 0) return;
      held = false;
      child.stdin.end(stdin);
    });
    child.stderr.on('data', (piece: Buffer) => keep(() => output.addStderr(piece)));
    // A command may end without reading its stdin.
    child.stdin.on('error', () => undefined);
    if (!held) child.stdin.end(stdin);
    child.on('error', (error) =>
      fail(
        new Failure('exec-unavailable', {
          detail: `ssh could not be started: ${error.message}`,
          cause: error,
        }),
      ),
    );
    child.on('close', (code) => {
      settle();
      resolve(code);
    });
  });
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, 300);
}
