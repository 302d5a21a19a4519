import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { filesystemStore } from '../../src/stores/filesystem.ts';
import { failsWith, picture } from './artifact-store.ts';

/** On a small disk of its own, in a mount namespace: a store whose disk is full, then read-only, then well again. */
const directory = process.argv[2] ?? '';
const store = filesystemStore({ directory });
const soon = (): AbortSignal => AbortSignal.timeout(30_000);
const mebibytes = (count: number) => ({ ...picture(), body: Buffer.alloc(count * 2 ** 20, 'x') });

await store.put(mebibytes(2), soon());
const large = mebibytes(3);
await assert.rejects(store.put(large, soon()), failsWith('store-full'));
assert.equal(await store.get(large.key, soon()), undefined);
const left = readdirSync(directory, { recursive: true, encoding: 'utf8' });
assert.deepEqual(
  left.filter((name) => name.endsWith('.part')),
  [],
);

execFileSync('mount', ['-o', 'remount,ro', directory]);
await assert.rejects(store.put(picture(), soon()), failsWith('store-denied'));
execFileSync('mount', ['-o', 'remount,rw', directory]);
const small = picture();
await store.put(small, soon());
assert.deepEqual((await store.get(small.key, soon()))?.body, small.body);
