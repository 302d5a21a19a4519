import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Nothing that is measured takes longer, on the busiest machine. */
const deadlineMs = 300_000;

export interface CommandOptions {
  /** Where stdout goes; nowhere by default. */
  output?: string;
}

/** Makes sure that GNU time is there. */
export function prepareTimedCommands(): void {
  execFileSync('sh', [join(import.meta.dirname, '../setup/debian.sh'), 'time'], { stdio: 'inherit' });
}

/**
 * Runs a command to its end: wall-clock milliseconds and the most memory that it, or any one of its children, had
 * resident, in MB (of 2^20 bytes), as the kernel counted it. Throws with the command's last words when it fails.
 */
export async function timedCommand(
  command: readonly string[],
  { output = '/dev/null' }: CommandOptions = {},
): Promise<{ 'time, ms': number; 'peak memory, MB': number }> {
  const scratch = await mkdtemp(join(tmpdir(), 'flamepin-timed-'));
  const memory = join(scratch, 'memory');
  const stdout = openSync(output, 'w');
  try {
    let said = '';
    const began = performance.now();
    const child = spawn('/usr/bin/time', ['-q', '-f', '%M', '-o', memory, ...command], {
      stdio: ['ignore', stdout, 'pipe'],
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4096);
    });
    const patience = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    const [code] = (await once(child, 'close')) as [number | null];
    const took = performance.now() - began;
    clearTimeout(patience);
    if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${said}`);
    const kilobytes = Number((await readFile(memory, 'utf8')).trim());
    return { 'time, ms': took, 'peak memory, MB': kilobytes / 1024 };
  } finally {
    closeSync(stdout);
    await rm(scratch, { recursive: true, force: true });
  }
}
