import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { artifactKey, isStorableKey } from '../../../src/artifacts/keys.ts';
import { captureId } from '../../../src/captures/capture-id.ts';

const times = fc.integer({ min: 0, max: Date.UTC(2400, 0, 1) });

describe('artifact keys', () => {
  it('show the day, the capture and the file', () => {
    const id = captureId(Date.UTC(2026, 10, 23, 2, 14));
    assert.equal(artifactKey(id, 'flamegraph.html'), `captures/2026/11/23/${id}/flamegraph.html`);
    assert.equal(artifactKey(id, 'flamegraph.svg', 'wall'), `captures/2026/11/23/${id}/flamegraph.wall.svg`);
    assert.equal(artifactKey(id, 'recording.jfr'), `recordings/2026/11/23/${id}/recording.jfr`);
  });

  it('sort by time', () => {
    fc.assert(
      fc.property(times, times, (one, other) => {
        fc.pre(one < other);
        assert.ok(artifactKey(captureId(one), 'summary.md') < artifactKey(captureId(other), 'summary.md'));
      }),
    );
  });

  it('are the same when a stage is repeated, and differ by capture and file', () => {
    const [one, other] = [captureId(5), captureId(5)];
    assert.equal(artifactKey(one, 'profile.json'), artifactKey(one, 'profile.json'));
    const keys = [
      artifactKey(one, 'profile.json'),
      artifactKey(other, 'profile.json'),
      artifactKey(one, 'flamegraph.svg', 'cpu'),
      artifactKey(one, 'flamegraph.svg', 'wall'),
      artifactKey(one, 'flamegraph.svg'),
      artifactKey(one, 'flamegraph.html'),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });

  it('can be held by every store', () => {
    fc.assert(
      fc.property(times, (time) => isStorableKey(artifactKey(captureId(time), 'flamegraph.svg', 'cpu'))),
    );
  });
});
