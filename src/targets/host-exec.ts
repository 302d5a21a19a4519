import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Failure } from '../reasons/failure.ts';
import type { Exec, ExecRequest, ExecResult } from './exec.ts';

const maxStderrBytes = 64 * 1024;
/** Commands need no more; above all they do not get the secrets that may be in our environment. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Runs commands on this machine, each in a process group of its own that is killed whole when it must end. */
export function hostExec(): Exec {
  return { run };
}

function run(request: ExecRequest): Promise<ExecResult> {
  const { argv, stdin, deadlineMs, maxOutputBytes, signal } = request;
  if (signal?.aborted === true)
    return Promise.reject(new Failure('exec-disconnected', { detail: 'aborted' }));
  const [program, ...values] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, values, { detached: true, env: environment, stdio: 'pipe' });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let errors = Buffer.alloc(0);

    const settle = (finish: () => void): void => {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const fail = (failure: Failure): void => {
      settle(() => {
        killGroup(child.pid);
        // A descendant that left the group may hold the pipes; they must not keep us alive.
        child.stdin.destroy();
        child.stdout.destroy();
        child.stderr.destroy();
        reject(failure);
      });
    };
    const stderr = (): string => errors.toString('utf8');
    const onAbort = (): void => {
      fail(new Failure('exec-disconnected', { detail: 'aborted', stderr: stderr() }));
    };
    const deadline = setTimeout(() => {
      fail(
        new Failure('exec-timeout', {
          detail: `${program}: no end within ${deadlineMs} ms`,
          stderr: stderr(),
        }),
      );
    }, deadlineMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    child.on('error', (error: NodeJS.ErrnoException) => {
      fail(new Failure(codeOf(error), { detail: `${program}: ${error.message}`, cause: error }));
    });
    child.stdout.on('data', (chunk: Buffer) => {
      outputBytes += chunk.length;
      if (outputBytes > maxOutputBytes) {
        fail(new Failure('exec-overflow', { detail: `more than ${maxOutputBytes} bytes`, stderr: stderr() }));
        return;
      }
      output.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors = Buffer.concat([errors, chunk]).subarray(-maxStderrBytes);
    });
    // A command may end without reading its stdin: that is no fault.
    child.stdin.on('error', () => undefined);
    // At once, asked or not: that a program does not exist is known here before anything is sent.
    child.stdin.end(stdin);
    child.on('close', (code, killedBy) => {
      settle(() => {
        const exitCode = code ?? 128 + (killedBy === null ? 0 : constants.signals[killedBy]);
        resolve({ exitCode, stdout: Buffer.concat(output), stderr: stderr() });
      });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group has ended by itself in the meantime.
  }
}

function codeOf(error: NodeJS.ErrnoException): 'no-shell' | 'exec-denied' | 'exec-unavailable' {
  if (error.code === 'ENOENT') return 'no-shell';
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'exec-denied';
  return 'exec-unavailable';
}
