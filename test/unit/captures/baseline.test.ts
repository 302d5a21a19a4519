import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { findBaseline } from '../../../src/captures/baselines/baseline.ts';
import type { Capture } from '../../../src/captures/capture.ts';
import { Failure } from '../../../src/reasons/failure.ts';
import type { ArtifactStore } from '../../../src/captures/artifact-store.ts';
import { resolved } from '../../given/alert.ts';
import { minute, noon } from '../../given/time.ts';
import { openKept, take, type Kept, type Taken } from '../../given/baseline-ledger.ts';
import type { Baseline } from '../../../src/captures/baselines/baseline-profile.ts';

const hour = 60 * minute;
const day = 24 * hour;
const never = new AbortController().signal;

const search = ({ ledger, store }: Kept, capture: Capture): Promise<Baseline | null> =>
  findBaseline(capture, ledger, store, never);

/** What is found for an alert at noon, on a Monday, when these were taken before. */
async function found(...taken: Taken[]): Promise<{ baseline: Baseline | null; captures: Capture[] }> {
  await using kept = await openKept();
  const captures: Capture[] = [];
  for (const one of taken) captures.push(await take(kept, one));
  const alerted = await take(kept, { at: noon, purpose: 'alert' });
  return { baseline: await search(kept, alerted), captures };
}

describe('the baseline of a capture', () => {
  it('is the newest one of the same image, even if there is a newer one of another image', async () => {
    const { baseline, captures } = await found(
      { at: noon - 9 * hour },
      { at: noon - 8 * hour },
      { at: noon - 2 * hour, image: 'sha256:old' },
    );
    assert.equal(baseline?.captureId, captures[1]?.id);
    assert.equal(baseline?.label, 'baseline Mon 04:00, same image');
    assert.equal(gunzipSync(baseline?.profile ?? '').toString(), `profile of ${captures[1]?.id}`);
  });

  it('is otherwise the last good one, with its age and image stated', async () => {
    const { baseline } = await found({ at: noon - 3 * day - hour, image: 'sha256:old' });
    assert.equal(baseline?.label, 'baseline Fri 11:00, 3 days earlier, other image');
  });

  it('is named by date once the weekday would be ambiguous', async () => {
    const { baseline } = await found({ at: noon - 8 * day });
    assert.equal(baseline?.label, 'baseline 2026-11-15 12:00, same image');
  });

  it('is not named by an unknown image', async () => {
    const recent = await found({ at: noon - minute, image: null });
    assert.equal(recent.baseline?.label, 'baseline Mon 11:59');
    const older = await found({ at: noon - 5 * hour, image: null });
    assert.equal(older.baseline?.label, 'baseline Mon 07:00, 5 h earlier');
  });

  it('comes with two more of its image, for normal variation', async () => {
    const { baseline, captures } = await found(
      { at: noon - 5 * hour },
      { at: noon - 4 * hour, image: 'sha256:old' },
      { at: noon - 3 * hour },
      { at: noon - 2 * hour },
      { at: noon - hour },
    );
    assert.equal(baseline?.captureId, captures[4]?.id);
    assert.deepEqual(
      baseline?.further.map((profile) => gunzipSync(profile).toString()),
      [captures[3], captures[2]].map((capture) => `profile of ${capture?.id}`),
    );
  });

  it('is never partial, nearly empty, of another workload, or over a month old', async () => {
    const { baseline } = await found(
      { at: noon - 31 * day },
      { at: noon - 4 * hour, partial: true },
      { at: noon - 3 * hour, samples: 4 },
      { at: noon - 2 * hour, workload: 'payment' },
      { at: noon - hour, purpose: 'manual' },
    );
    assert.equal(baseline, null);
  });

  it('is skipped for the one before it when its profile is gone', async () => {
    const { baseline, captures } = await found({ at: noon - 2 * hour }, { at: noon - hour, profile: null });
    assert.equal(baseline?.captureId, captures[0]?.id);
  });

  it('is not one whose target died soon after', async () => {
    await using kept = await openKept();
    const harmed = await take(kept, { at: noon - hour });
    await kept.ledger.recordHarm(harmed.id, 'process 1 has ended', noon - hour + minute);
    assert.equal(
      await search(kept, await take(kept, { at: noon, purpose: 'alert', image: 'sha256:x' })),
      null,
    );
  });

  it('is not used for another baseline', async () => {
    await using kept = await openKept();
    await take(kept, { at: noon - hour });
    assert.equal(await search(kept, await take(kept, { at: noon })), null);
  });
});

describe('a baseline taken while an alert of its workload was open', () => {
  it('is not used', async () => {
    const { baseline } = await found({ at: noon - 2 * hour, purpose: 'alert' }, { at: noon - hour });
    assert.equal(baseline, null);
  });

  it('is used when the alert had resolved before', async () => {
    await using kept = await openKept();
    const alert = await take(kept, { at: noon - 3 * hour, purpose: 'alert' });
    const { fingerprint, startsAt } = alert.alert;
    const endsAt = new Date(noon - 2 * hour).toISOString();
    await kept.ledger.accept([resolved(fingerprint, { startsAt, endsAt })], noon - 2 * hour);
    const good = await take(kept, { at: noon - hour });
    const baseline = await search(kept, await take(kept, { at: noon, purpose: 'alert' }));
    assert.equal(baseline?.captureId, good.id);
  });

  it('is used again a day after an alert whose end nobody reported', async () => {
    const { baseline, captures } = await found(
      { at: noon - 26 * hour, purpose: 'alert' },
      { at: noon - hour },
    );
    assert.equal(baseline?.captureId, captures[1]?.id);
  });
});

describe('a store that cannot be read', () => {
  const failing = (store: ArtifactStore, failure: Failure): ArtifactStore => ({
    ...store,
    get: () => Promise.reject(failure),
  });

  it('is waited for when it is unavailable', async () => {
    await using kept = await openKept();
    await take(kept, { at: noon - hour });
    const alerted = await take(kept, { at: noon, purpose: 'alert' });
    const away = failing(kept.store, new Failure('store-unavailable'));
    await assert.rejects(findBaseline(alerted, kept.ledger, away, never), { code: 'store-unavailable' });
  });

  it('costs the comparison, not the capture, when reading is denied', async () => {
    await using kept = await openKept();
    await take(kept, { at: noon - hour });
    const alerted = await take(kept, { at: noon, purpose: 'alert' });
    const denied = failing(kept.store, new Failure('store-denied'));
    assert.equal(await findBaseline(alerted, kept.ledger, denied, never), null);
  });
});
