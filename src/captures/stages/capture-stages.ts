import type { Capture } from '../capture.ts';
import { analyseRecording } from './analyse-recording.ts';
import { collectRecording } from './collect-recording.ts';
import { deliver } from './deliver.ts';
import { cleanTarget } from './leave-clean.ts';
import { resolveTarget } from './resolve-target.ts';
import type { Stage } from './stage.ts';
import { startSession } from './start-session.ts';
import { storeFiles, type StoreContext, type Storing } from './store-files.ts';
import { waitForEnd } from './wait-for-end.ts';
import type { WindowContext, WindowStage } from './window-parts.ts';

/** Under one lease: profile-window.ts runs these. */
const windowStages: readonly Stage<WindowStage, Capture, WindowContext>[] = [
  { name: 'resolve', isDone: isAdmitted, run: resolveTarget },
  { name: 'admit', isDone: isAdmitted, run: (capture, { journal }) => journal.admit(capture) },
  { name: 'start', isDone: ({ session }) => session !== null, run: startSession },
  { name: 'wait', run: waitForEnd },
  { name: 'collect', run: collectRecording },
  { name: 'clean', run: cleanTarget },
];

/** Under the same lease or a later one, with memory to read the recording: store-artifacts.ts runs these. */
const storeStages: readonly Stage<'analyse' | 'store', Storing, StoreContext>[] = [
  { name: 'analyse', run: analyseRecording },
  { name: 'store', run: storeFiles },
];

/**
 * Every capture passes these stages, in this order. What is durable after each, and what the next process does when this
 * one ends in the middle of the following stage:
 *
 * | stage   | durable after it                              | the next process                                   |
 * | ------- | --------------------------------------------- | -------------------------------------------------- |
 * | resolve | nothing                                       | resolves again                                     |
 * | admit   | the target, its slot, the intent to start     | never starts again: cleans, ends as `interrupted`  |
 * | start   | the session; the first mark is due            | waits for the end of the window                    |
 * | wait    | nothing                                       | collects                                           |
 * | collect | the recording, masked, in the spool           | cleans, then analyses                              |
 * | clean   | that it was cleaned                           | analyses                                           |
 * | analyse | nothing; the files, once the store refused    | analyses again, or stores the same files           |
 * | store   | artifacts, answer, end; the last mark is due  | delivers                                           |
 * | deliver | the mark, or why there is none                |                                                    |
 *
 * The window has no ledger: it tells its `Journal`, which is the ledger for the worker and memory for `flamepin capture`.
 * `deliver` runs under a lease of its own: a Grafana that is away holds up no capture.
 */
export const captureStages = { window: windowStages, store: storeStages, deliver };

function isAdmitted({ state }: Capture): boolean {
  return state === 'capturing';
}
