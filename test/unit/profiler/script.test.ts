import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { RE2JS } from 're2js';
import {
  cleanUpScript,
  collectScript,
  commandOf,
  listScript,
  startScript,
} from '../../../src/profiler/script.ts';

const id = 'c-01j9zxw4r8abcdefghjkmnpqrs';
const start = [id, '30', 'any', 'linux-x64', '75416', 'a'.repeat(64)];

const scripts = [listScript, startScript, collectScript, cleanUpScript];

describe('the scripts that an admission policy pins', () => {
  it('take parameters of fixed shape only', () => {
    const argv = commandOf(startScript, ...start);
    assert.deepEqual(argv.slice(0, 2), ['sh', '-c']);
    assert.equal(argv[3], 'flamepin');
    const wrong: [number, string][] = [
      [0, `${id};id`],
      [1, '61'],
      [1, '0'],
      [2, '1 2'],
      [2, '12,'],
      [3, 'linux-riscv'],
      [4, '-1'],
      [5, 'A'.repeat(64)],
      [5, `${'a'.repeat(64)}\n`],
    ];
    for (const [index, value] of wrong) {
      const values = start.with(index, value);
      assert.throws(() => commandOf(startScript, ...values), TypeError, value);
    }
    assert.throws(() => commandOf(startScript, ...start, 'more'), TypeError);
    assert.throws(() => commandOf(listScript, 'more'), TypeError);
    assert.throws(() => commandOf(collectScript, id, '1', '2', 'f'.repeat(36), '/etc', '9', '9'), TypeError);
    assert.throws(() => commandOf(cleanUpScript, id, '1', '2', 'kill'), TypeError);
  });

  it('fit into the argument of an exec, and their patterns are RE2', () => {
    for (const script of scripts) {
      // 120 kB were let through by a real exec, 200 kB were not.
      assert.ok(Buffer.byteLength(script.text) < 60_000);
      for (const pattern of script.parameters) {
        assert.ok(pattern.startsWith('^') && pattern.endsWith('$'));
        RE2JS.compile(pattern);
      }
    }
  });

  it('are complete: they need no other file in the target', () => {
    for (const script of scripts) {
      assert.doesNotMatch(script.text, /^\s*(\.|source)\s/m);
      assert.match(script.text, /^#!\/bin\/sh\n/);
    }
  });

  it('are understood by every shell', () => {
    for (const script of scripts) {
      for (const shell of ['sh', 'bash']) {
        const { status, stderr } = spawnSync(shell, ['-n', '-c', script.text], { encoding: 'utf8' });
        assert.equal(status, 0, stderr);
      }
    }
  });
});
