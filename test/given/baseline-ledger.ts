import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { artifactKey } from '../../src/artifacts/keys.ts';
import { filesystemStore } from '../../src/stores/filesystem.ts';
import type { ArtifactStore } from '../../src/captures/artifact-store.ts';
import { captureId } from '../../src/captures/capture-id.ts';
import type { Capture, CaptureRequest } from '../../src/captures/capture.ts';
import type { Ledger } from '../../src/captures/ledger.ts';
import { openSqliteLedger } from '../../src/ledgers/sqlite/sqlite.ts';
import { toCapture } from './decision.ts';
import { must, started } from './in-ledger.ts';
import { targetOn } from './target.ts';
import type { Answer } from '../../src/profile/answer/answer.ts';

/** A ledger and a store in a directory of their own, with finished captures to be compared. */
export interface Kept extends AsyncDisposable {
  ledger: Ledger;
  store: ArtifactStore;
}

export async function openKept(): Promise<Kept> {
  const directory = await mkdtemp(join(tmpdir(), 'flamepin-baseline-'));
  const ledger = openSqliteLedger({ path: join(directory, 'flamepin.db') });
  return {
    ledger,
    store: filesystemStore({ directory: join(directory, 'artifacts') }),
    [Symbol.asyncDispose]: async () => {
      await ledger.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Taken {
  at: number;
  purpose?: CaptureRequest['purpose'];
  workload?: string;
  image?: string | null;
  samples?: number;
  partial?: boolean;
  /** Text of its profile.json; null for none. */
  profile?: string | null;
}

/** Takes a capture to its end, its profile in the store. */
export async function take(
  { ledger, store }: Kept,
  { at, purpose = 'baseline', workload = 'checkout', image = 'sha256:new', ...made }: Taken,
): Promise<Capture> {
  const id = captureId(at);
  const owner = `worker ${id}`;
  const decision = toCapture(id, {
    id,
    deadlineAt: at + 60_000,
    alert: { startsAt: new Date(at).toISOString() },
    request: { purpose },
  });
  await started(ledger, owner, decision, targetOn('n1', workload, image), at);
  const artifacts: Capture['artifacts'] = [];
  const { profile = `profile of ${id}` } = made;
  if (profile !== null) {
    const [name, contentType, contentEncoding] = ['profile.json', 'application/json', 'gzip'] as const;
    const [key, body] = [artifactKey(id, name), gzipSync(profile)];
    await store.put({ key, body, contentType, contentEncoding, metadata: {} }, AbortSignal.timeout(5_000));
    artifacts.push({ name, event: null, key, size: body.length, contentType, contentEncoding });
  }
  const iso = new Date(at).toISOString();
  const { samples = 100, partial = false } = made;
  await ledger.spool(id, owner, Buffer.from('recording'), { state: 'storing' }, at);
  await ledger.finishStoring(
    id,
    owner,
    {
      state: 'done',
      answer: { ...noAnswer, samples },
      partial,
      artifacts,
      timeline: { startedAt: iso, windowEndedAt: iso, storedAt: iso },
    },
    at,
  );
  return must(await ledger.get(id));
}

const noAnswer: Answer = {
  headline: 'cpu: no application code stands out',
  confidence: 'unknown',
  lines: [],
  topFrames: [],
  comparedWith: null,
  comparison: null,
  samples: 0,
};
