import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kubeconfigPath } from './test-namespace.ts';

/** Runs a command of busybox on the test cluster's node, in the namespaces of its first process; what it says. */
export function onNode(...command: string[]): string {
  const init = readFileSync(join(dirname(kubeconfigPath()), 'init.pid'), 'utf8').trim();
  return execFileSync('nsenter', ['--target', init, '--pid', '--mount', 'busybox', ...command], {
    encoding: 'utf8',
  });
}
