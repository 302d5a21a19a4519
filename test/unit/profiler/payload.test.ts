import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readPayload } from '../../../src/profiler/payload.ts';
import { profilerVersion } from '../../../src/profiler/pinned.ts';
import { obtainPayloads } from '../../../src/profiler/obtain.ts';
import { Failure } from '../../../src/reasons/failure.ts';

const script = join(import.meta.dirname, '../../../src/profiler/async-profiler.sh');
const directory = mkdtempSync(join(tmpdir(), 'payload-'));
after(() => {
  rmSync(directory, { recursive: true });
});
const obtain = (...args: string[]): { status: number | null; stderr: string } =>
  spawnSync('sh', [script, ...args], { encoding: 'utf8' });

describe('async-profiler itself', () => {
  it('is available for two architectures; others are refused by name', () => {
    const { status, stderr } = obtain('linux-riscv64');
    assert.equal(status, 2);
    assert.match(stderr, /unknown architecture 'linux-riscv64'.*linux-x64 and linux-arm64/);
  });

  it('is not taken from a directory whose files have other hashes', async () => {
    const wrong = join(directory, 'wrong');
    mkdirSync(wrong);
    writeFileSync(join(wrong, 'asprof'), 'asprof');
    writeFileSync(join(wrong, 'libasyncProfiler.so'), 'library');
    const { status, stderr } = obtain('linux-x64', wrong);
    assert.equal(status, 1);
    assert.match(stderr, /wrong SHA-256/);
    await assert.rejects(
      readPayload(wrong, 'linux-x64'),
      (error: unknown) => error instanceof Failure && /not the pinned one/.test(error.detail),
    );
    await assert.rejects(
      obtainPayloads(wrong, directory)('linux-arm64'),
      (error: unknown) => error instanceof Failure && /wrong SHA-256/.test(error.detail),
    );
  });

  it('is not taken from a release archive with another hash', () => {
    const other = join(directory, 'archive');
    mkdirSync(other);
    writeFileSync(join(other, `async-profiler-${profilerVersion}-linux-x64.tar.gz`), 'no archive');
    const { status, stderr } = obtain('linux-x64', other);
    assert.equal(status, 1);
    assert.match(stderr, /wrong SHA-256: it is not the release of 4\.5/);
  });

  it('reports a missing directory, and what a directory lacks', () => {
    const empty = join(directory, 'empty');
    mkdirSync(empty);
    assert.match(obtain('linux-x64', empty).stderr, /holds neither asprof/);
    assert.match(obtain('linux-x64', join(directory, 'none')).stderr, /is not a directory/);
  });

  it('says without network, Maven and cache what was tried and what to do', () => {
    const { status, stderr } = spawnSync('sh', [script, 'linux-x64'], {
      encoding: 'utf8',
      env: { PATH: emptyPath(), HOME: directory, FLAMEPIN_CACHE: join(directory, 'cache') },
    });
    assert.equal(status, 1);
    assert.match(stderr, /release archive: there is no curl; Maven Central: there is no mvn.*Install Maven/);
  });
});

/** Only what the script needs besides curl and mvn. */
function emptyPath(): string {
  const bin = join(directory, 'bin');
  const names = ['sh', 'dirname', 'mktemp', 'rm', 'sha256sum', 'cat'].map(
    (name) => `"$(command -v ${name})"`,
  );
  spawnSync('sh', ['-c', `mkdir -p "$0" && ln -s ${names.join(' ')} "$0"`, bin]);
  return bin;
}
