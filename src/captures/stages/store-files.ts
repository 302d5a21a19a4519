import type { Artifact, MadeArtifact } from '../../artifacts/artifact.ts';
import { artifactKey, pictureKeys } from '../../artifacts/keys.ts';
import { Failure } from '../../reasons/failure.ts';
import type { ArtifactStore } from '../artifact-store.ts';
import type { Capture } from '../capture.ts';
import type { MadeFiles } from '../ledger.ts';
import type { Log } from '../log.ts';
import { reportEnd } from './ending.ts';
import type { StageParts } from './stage-parts.ts';
import { timed } from './timed.ts';
import { iso } from './times.ts';

/** A capture on its way into the store. */
export interface Storing {
  capture: Capture;
  /** null: the recording has not been analysed yet. */
  made: MadeFiles | null;
  /** An earlier attempt put `made` into the spool. */
  inSpool: boolean;
}

/** What analysing and storing one recording needs. */
export type StoreParts = Pick<
  StageParts,
  | 'ledger'
  | 'owner'
  | 'now'
  | 'store'
  | 'analysis'
  | 'baselineFor'
  | 'observer'
  | 'publicUrl'
  | 'applicationPackages'
  | 'profilerLinks'
  | 'recordingsKeptMs'
>;

export interface StoreContext extends StoreParts {
  /** Why the recording is stored without being read; null: it is read. */
  unread: Failure | null;
  log: Log;
  signal: AbortSignal;
}

/** Files → store; then the capture ends in the ledger. */
export async function storeFiles(
  storing: Storing,
  context: Pick<StoreContext, 'ledger' | 'owner' | 'now' | 'store' | 'observer' | 'log' | 'signal'>,
): Promise<Storing | null> {
  const { capture, made } = storing;
  if (made === null) throw new Failure('internal-error', { detail: 'nothing was made to be stored' });
  const { ledger, owner, now, store, signal } = context;
  const artifacts = await timed(context.observer, 'store', () =>
    allOf(made.files.map((file) => storeFile(capture, file, store, signal))),
  );
  if (made.outcome.answer === null) await deletePictures(capture.id, context);
  const stored = {
    ...made.outcome,
    artifacts,
    timeline: { storedAt: iso(now()) },
    deliver: 'finish',
  } as const;
  if (!(await ledger.finishStoring(capture.id, owner, stored, now()))) return null;
  reportStored(capture, made.outcome, context);
  return storing;
}

/**
 * An earlier attempt may have read the recording, stored its pictures and been cut off: nobody would find or delete them.
 * A store that refuses is no reason to keep the recording waiting; rules of its own may delete what is old.
 */
async function deletePictures(
  id: string,
  { store, log, signal }: Pick<StoreContext, 'store' | 'log' | 'signal'>,
): Promise<void> {
  try {
    await store.delete(pictureKeys(id), signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, 'pictures of an earlier attempt may be left in the store');
  }
}

function reportStored(
  capture: Capture,
  { reason, answer }: MadeFiles['outcome'],
  { observer, now, log }: Pick<StoreContext, 'observer' | 'now' | 'log'>,
): void {
  if (reason !== null) {
    reportEnd(capture, new Failure(reason.code, { detail: reason.detail }), { observer, now }, log);
    return;
  }
  observer.ended(capture.request.purpose, 'done', null, now());
  const { storeRetry } = capture;
  const waited = storeRetry === null ? {} : { waitedSince: storeRetry.since, failedTries: storeRetry.tries };
  log.info({ headline: answer?.headline, ...waited }, 'capture done');
}

/** Rejects only when all have settled: no write of this attempt is still under way in the next one. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

async function storeFile(
  { id, target, alert }: Capture,
  { name, event, body, contentType, contentEncoding }: MadeArtifact,
  store: ArtifactStore,
  signal: AbortSignal,
): Promise<Artifact> {
  const key = artifactKey(id, name, event);
  const metadata = { workload: target?.workload ?? '', alert: alert.labels['alertname'] ?? '' };
  await store.put({ key, body, contentType, contentEncoding, metadata }, signal);
  return { name, event, key, size: body.length, contentType, contentEncoding };
}
