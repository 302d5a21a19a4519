import { parentPort } from 'node:worker_threads';
import { asFailure, Failure } from '../../reasons/failure.ts';
import type { Profile } from '../../profile/profile.ts';
import type { TaskAnswer } from './one-task.ts';
import type { Capture } from '../capture.ts';
import { captureAnswer } from './capture-answer.ts';
import { openProfile } from '../baselines/stored-profile.ts';
import type { Answer } from '../../profile/answer/answer.ts';

/** Two stored captures of one workload, each with its profile JSON, gzipped. */
export interface ComparisonTask {
  capture: Capture;
  profile: Uint8Array;
  base: { captureId: string; label: string; profile: Uint8Array };
  applicationPackages: readonly string[];
  /** Bound on a profile once it is unpacked. */
  profileBytes: number;
}

function compare({ capture, profile, base, applicationPackages, profileBytes }: ComparisonTask): Answer {
  const open = (id: string, gzipped: Uint8Array): Profile => {
    const found = openProfile(gzipped, profileBytes);
    if (found === undefined)
      throw new Failure('comparison-without-profile', { detail: `the profile of ${id} cannot be read` });
    return found;
  };
  return captureAnswer(
    capture,
    open(capture.id, profile),
    { ...base, profile: open(base.captureId, base.profile), further: [] },
    applicationPackages,
  );
}

function answer(task: ComparisonTask): TaskAnswer<Answer> {
  try {
    return { result: compare(task) };
  } catch (error) {
    const { code, detail } = asFailure(error);
    return { code, detail };
  }
}

parentPort?.on('message', (task: ComparisonTask) => parentPort?.postMessage(answer(task)));
