import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { render } from '../../../src/commands/render.ts';
import { openInput } from '../../../src/commands/input-file.ts';
import { readRecordingFile } from '../../../src/commands/recording-file.ts';
import { describeReason, Failure } from '../../../src/reasons/failure.ts';

describe('render and compare of a file that is not a recording', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'flamepin-no-recording-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  for (const [what, content] of [
    ['text', 'dear diary\n'],
    ['empty', ''],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d', 'hex')],
    ['gzip by its first bytes alone', Buffer.from('1f8b0800ffff', 'hex')],
    ['the beginning of a recording', Buffer.from('464c520000020001ff', 'hex')],
  ] as const)
    it(`says which files can be read: ${what}`, async () => {
      const file = join(directory, 'file');
      await writeFile(file, content);
      for (const read of [
        () => render(file, { format: 'collapsed' }),
        async () => Promise.resolve(readRecordingFile(openInput(file))),
      ])
        await assert.rejects(read, (error) => {
          assert.ok(error instanceof Failure);
          assert.equal(error.code, 'file-not-a-recording');
          assert.ok(error.detail.startsWith(`${file}: `), error.detail);
          assert.doesNotMatch(describeReason(error.reason).remedy, /raw file is kept/);
          return true;
        });
    });
});
