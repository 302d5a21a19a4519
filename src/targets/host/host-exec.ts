import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { asFailure, Failure } from '../../reasons/failure.ts';
import { CommandOutput } from '../command-output.ts';
import type { Exec, ExecRequest, ExecResult } from '../../profiler/exec.ts';

/** All that commands need; above all, not the secrets that our environment may hold. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Runs commands on this machine, each in its own process group, which is killed as a whole. */
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
    const output = new CommandOutput(maxOutputBytes);

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
    const onAbort = (): void => {
      fail(new Failure('exec-disconnected', { detail: 'aborted', stderr: output.stderr }));
    };
    const deadline = setTimeout(() => {
      fail(
        new Failure('exec-timeout', {
          detail: `${program}: not finished within ${deadlineMs} ms`,
          stderr: output.stderr,
        }),
      );
    }, deadlineMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    child.on('error', (error: NodeJS.ErrnoException) => {
      fail(new Failure(codeOf(error), { detail: `${program}: ${error.message}`, cause: error }));
    });
    const keep = (add: () => void): void => {
      try {
        add();
      } catch (error) {
        fail(asFailure(error));
      }
    };
    child.stdout.on('data', (piece: Buffer) => keep(() => output.addStdout(piece)));
    child.stderr.on('data', (piece: Buffer) => keep(() => output.addStderr(piece)));
    // A command may end without reading its stdin.
    child.stdin.on('error', () => undefined);
    // Without waiting for output: a missing program is known here before anything is sent.
    child.stdin.end(stdin);
    child.on('close', (code, killedBy) => {
      settle(() => {
        const exitCode = code ?? 128 + (killedBy === null ? 0 : constants.signals[killedBy]);
        resolve({ exitCode, stdout: output.stdout, stderr: output.stderr });
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
