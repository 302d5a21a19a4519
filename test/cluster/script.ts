import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs a script, its path from this folder; what it prints. */
export function script(path: string, ...words: string[]): string {
  return execFileSync('sh', [join(import.meta.dirname, path), ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}
