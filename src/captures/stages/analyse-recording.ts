import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { asFailure, Failure } from '../../reasons/failure.ts';
import { recordingArtifact } from '../analysis/recording-artifact.ts';
import type { Baseline } from '../baselines/baseline-profile.ts';
import type { Capture } from '../capture.ts';
import { endState } from '../end-state.ts';
import type { MadeFiles } from '../ledger.ts';
import { end } from './ending.ts';
import type { StoreContext, Storing } from './store-files.ts';
import { timed } from './timed.ts';

const gzipped = promisify(gzip);

type AnalysisParts = Pick<
  StoreContext,
  'analysis' | 'baselineFor' | 'publicUrl' | 'applicationPackages' | 'profilerLinks' | 'observer' | 'signal'
>;
type LedgerParts = Pick<StoreContext, 'ledger' | 'owner' | 'now'>;

/**
 * Spooled recording → answer and files; or the files that an earlier attempt left in the spool. `unread`: why the
 * recording is stored as it is. Rejects as the store does when the baseline can't be read.
 */
export async function analyseRecording(
  storing: Storing,
  context: AnalysisParts & LedgerParts & Pick<StoreContext, 'unread' | 'log'>,
): Promise<Storing | null> {
  const { capture } = storing;
  const { ledger, unread } = context;
  const spooled = await ledger.readFiles(capture.id);
  if (spooled !== undefined) return { capture, made: spooled, inSpool: true };
  const recording = await ledger.readSpool(capture.id);
  if (recording === undefined) {
    await end(capture, new Failure('recording-missing'), context, context.log);
    return null;
  }
  const made =
    unread === null
      ? await answerWithBaseline(capture, recording, context)
      : await recordingAlone(capture, recording, unread);
  return { ...storing, made };
}

async function answerWithBaseline(
  capture: Capture,
  recording: Buffer,
  context: AnalysisParts & LedgerParts,
): Promise<MadeFiles> {
  let baseline: Baseline | null;
  try {
    baseline = await context.baselineFor(capture, context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = asFailure(error);
    if (capture.answer !== null) throw failure;
    const withoutBaseline = await analyse(capture, recording, null, context);
    // No baseline makes an unreadable recording readable.
    if (withoutBaseline.outcome.answer === null) return withoutBaseline;
    await tellEarly(capture, withoutBaseline, failure, context);
    throw failure;
  }
  return analyse(capture, recording, baseline, context);
}

/** The store is away, and the baseline with it: until it is back, people get the answer of this recording alone. */
async function tellEarly(
  { id }: Capture,
  { outcome: { answer, partial } }: MadeFiles,
  { reason }: Failure,
  { ledger, owner, now }: LedgerParts,
): Promise<void> {
  await ledger.advance(id, owner, { answer, partial, reason, deliver: 'finish' }, now());
}

async function analyse(
  capture: Capture,
  recording: Buffer,
  baseline: Baseline | null,
  { analysis, publicUrl, applicationPackages, profilerLinks, observer, signal }: AnalysisParts,
): Promise<MadeFiles> {
  const input = {
    recording,
    capture,
    baseline,
    publicUrl,
    applicationPackages,
    profilerLinks: profilerLinks(capture),
  };
  try {
    const { artifacts, answer, partial } = await timed(observer, 'analyse', () =>
      analysis.analyse(input, signal),
    );
    return {
      files: artifacts,
      outcome: { state: 'done', reason: null, answer, partial: partial || capture.partial },
    };
  } catch (error) {
    signal.throwIfAborted();
    return recordingAlone(capture, recording, asFailure(error));
  }
}

/** What we can't read may be read by other tools, or by a later flamepin. */
async function recordingAlone(
  { partial }: Capture,
  recording: Buffer,
  { code, reason }: Failure,
): Promise<MadeFiles> {
  return {
    files: [recordingArtifact(await gzipped(recording))],
    outcome: { state: endState(code), reason, answer: null, partial },
  };
}
