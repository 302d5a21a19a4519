import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm test`: the static checks, then the unit, contract and end-to-end tests, one file after the other because
 * they start real servers and JVMs and two cores are all that may be there.
 */
function testFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .sort();
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const root = join(import.meta.dirname, '..');
process.chdir(root);
run(process.execPath, ['--test', ...testFiles('test/unit')]);
