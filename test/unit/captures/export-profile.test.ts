import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { exportProfiles } from '../../../src/captures/analysis/export-profile.ts';
import type { ArtifactStore } from '../../../src/captures/artifact-store.ts';
import { capturing } from '../../given/capture.ts';

const limit = 64 * 1024 ** 2;

/** A store that holds one profile. */
function holding(body: Buffer): ArtifactStore {
  const refused = (): never => assert.fail('it is only read');
  const object = { body, contentType: 'application/json', contentEncoding: 'gzip' as const };
  return { put: refused, get: () => Promise.resolve(object), delete: refused, check: refused } as never;
}

describe('converting a stored profile for another tool', () => {
  it('ends with its reason if the profile was made to exhaust its reader, and flamepin goes on', async () => {
    const zeros = `[${'0,'.repeat(29_000_000)}0]`;
    const key = 'p/profile.json';
    const profile = { name: 'profile.json', event: null, key, size: 1, contentType: '' } as const;
    const capture = capturing({ artifacts: [{ ...profile, contentEncoding: 'gzip' }] });
    await assert.rejects(exportProfiles(holding(gzipSync(zeros)), limit)(capture, 'cpu', 'pprof'), {
      code: 'recording-damaged',
    });
  });
});
