import { readFileSync } from 'node:fs';
import type { Exec } from '../../../profiler/exec.ts';

/** Pinned by the admission policy, like the profiler's scripts: `sh -c TEXT flamepin`, no parameters. */
export const lookScript: { text: string; parameters: readonly string[] } = {
  text: readFileSync(new URL('look.sh', import.meta.url), 'utf8'),
  parameters: [],
};

/** 300 ms of sampling, and time for two execs on a busy node. */
const deadlineMilliseconds = 3_000;

/** Cores that a container uses right now; null when that cannot be sampled (no shell, no answer). */
export async function lookAtCpu(exec: Exec, signal: AbortSignal): Promise<number | null> {
  try {
    const { stdout } = await exec.run({
      argv: ['sh', '-c', lookScript.text, 'flamepin'],
      deadlineMs: deadlineMilliseconds,
      maxOutputBytes: 1024,
      signal,
    });
    const text = stdout.toString();
    const number = (key: string): number =>
      Number(new RegExp(`^${key}=([\\d.]{1,19})$`, 'm').exec(text)?.[1] ?? NaN);
    const used = (number('second') - number('first')) / 1e9;
    const cores = used / (number('ended') - number('begun'));
    return Number.isFinite(cores) ? cores : null;
  } catch {
    return null;
  }
}
