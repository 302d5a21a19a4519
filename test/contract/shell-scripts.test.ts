import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { cleanUpScript, collectScript, listScript, startScript } from '../../src/profiler/script.ts';
import { lookScript } from '../../src/targets/ssh/look.ts';

const root = join(import.meta.dirname, '..', '..');
const debian = join(root, 'test', 'setup', 'debian.sh');
const parts = 'src/profiler/sh/';

function output(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
  return stdout;
}

/** What runs in other people's containers has to run in every shell that they have. */
describe('the shell scripts', () => {
  const scripts = output('git', 'ls-files', '*.sh').trim().split('\n');

  const joined = {
    [`${parts}list.sh`]: listScript,
    [`${parts}start.sh`]: startScript,
    [`${parts}collect.sh`]: collectScript,
    [`${parts}clean-up.sh`]: cleanUpScript,
    'src/targets/ssh/look.sh': lookScript,
  };

  it('are POSIX shell, and shellcheck finds nothing in them', () => {
    const whole = scripts.filter((script) => !script.startsWith(parts) && !(script in joined));
    assert.ok(whole.includes('src/targets/kubernetes/choice/look.sh'));
    output('sh', debian, 'shellcheck');
    output('shellcheck', '--external-sources', '--', ...whole);
    for (const script of whole)
      assert.match(readFileSync(join(root, script), 'utf8'), /^#!\/bin\/sh\n/, script);
  });

  for (const [name, { text }] of Object.entries(joined))
    it(`of the target are as clean when joined: ${name}`, () => {
      assert.ok(scripts.includes(name));
      output('sh', debian, 'shellcheck');
      const { status, stdout } = spawnSync('shellcheck', ['--shell=sh', '-'], {
        input: text,
        encoding: 'utf8',
      });
      assert.equal(status, 0, stdout);
    });
});

describe('a command with a bound', () => {
  // As start.sh does, whose signal to give up is TERM, too.
  const text = `trap 'revoked=1' TERM
. ./lib/proc.sh
. ./lib/bounded.sh
late=0 i=0
while [ $i -lt 100 ]; do
  i=$((i + 1))
  bounded 3 true || late=$((late + 1))
done
echo "$late of $i"`;

  for (const shell of [['dash'], ['bash'], ['busybox', 'sh'], ['ksh'], ['mksh'], ['yash'], ['zsh']])
    it(`is over when the command is (${shell.join(' ')})`, () => {
      const [command = '', ...args] = shell;
      const { status, stdout } = spawnSync(command, [...args, '-c', text], {
        cwd: join(root, parts),
        encoding: 'utf8',
      });
      assert.equal(status, 0);
      assert.equal(stdout, '0 of 100\n');
    });
});

describe('who has answered a request', () => {
  for (const shell of [
    ['dash'],
    ['bash'],
    ['busybox', 'sh'],
    ['ksh'],
    ['mksh'],
    ['yash'],
    ['zsh', '--emulate', 'sh'],
  ])
    it(`is told by the JVM's own listener, whatever the numbers of threads that inherit its name (${shell.join(' ')})`, () => {
      const process = mkdtempSync(join(tmpdir(), 'flamepin-threads-'));
      try {
        const thread = (number: number, name: string, reads: number): void => {
          mkdirSync(join(process, 'task', String(number)), { recursive: true });
          writeFileSync(join(process, 'task', String(number), 'comm'), `${name}\n`);
          writeFileSync(join(process, 'task', String(number), 'io'), `rchar: 0\nsyscr: ${reads}\nsyscw: 0\n`);
        };
        thread(9, 'VM Thread', 0);
        thread(99, 'Attach Listener', 7);
        thread(100, 'Attach Listener', 0);
        const text = `
          pid=..${process}
          . ${parts}lib/proc.sh
          . ${parts}lib/ask.sh
          note_runs
          answered_by_it && echo too early
          printf 'rchar: 1\\nsyscr: 8\\n' >/proc/$pid/task/99/io
          answered_by_it && echo answered`;
        const [command = '', ...args] = shell;
        assert.equal(output(command, ...args, '-c', text), 'answered\n');
      } finally {
        rmSync(process, { recursive: true });
      }
    });
});
