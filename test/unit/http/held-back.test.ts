import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { heldBackBanner } from '../../../src/http/held-back.ts';

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
const asText = (markup: string): string =>
  markup.replaceAll(/&(?:#(\d+)|(\w+));/g, (entity, code: string | undefined, name = '') =>
    code === undefined ? (named[String(name)] ?? entity) : String.fromCharCode(Number(code)),
  );

describe('the command that releases a block by hand', () => {
  for (const key of ['image sha256:4711', `vm/x'; echo ran; '`, '$(echo ran) `echo ran` "\\ \n&'])
    it(`sends the key and runs nothing of it: ${JSON.stringify(key)}`, () => {
      const block = { key, captureId: 'c-1', reason: 'it crashed', since: 0 };
      const banner = heldBackBanner({ paused: false, blocks: [block] }, 'http://flamepin:8080');
      const command = asText(/<code>(curl[^]*?)<\/code>/.exec(banner)?.[1] ?? '').trim();
      const printed = execFileSync('sh', [
        '-c',
        `curl() { for word; do :; done; printf %s "$word"; }; ${command}`,
      ]);
      assert.deepEqual(JSON.parse(printed.toString()), { key });
    });
});
