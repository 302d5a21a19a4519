import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const debian = join(root, 'test', 'setup', 'debian.sh');

function output(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
  return stdout;
}

/** What runs in other people's containers has to run in every shell that they have. */
describe('the shell scripts', () => {
  const scripts = output('git', 'ls-files', '*.sh').trim().split('\n');

  it('are POSIX shell, and shellcheck finds nothing in them', () => {
    assert.ok(scripts.includes('src/profiler/start.sh'));
    output('sh', debian, 'shellcheck');
    output('shellcheck', '--external-sources', '--', ...scripts);
    for (const script of scripts)
      assert.match(readFileSync(join(root, script), 'utf8'), /^#!\/bin\/sh\n/, script);
  });
});
