import { parentPort, workerData } from 'node:worker_threads';
import { asFailure } from '../reasons/failure.ts';
import type { AnalysisAnswer, AnalysisTask } from './analyse.ts';
import { readProfile } from './read-profile.ts';
import { unpackRecording } from './unpack-recording.ts';

/** The reading thread: one recording in, one answer out. */
function answer({ recording, maximumBytes }: AnalysisTask): AnalysisAnswer {
  try {
    const profile = readProfile(unpackRecording(recording, maximumBytes));
    if (Object.keys(profile.events).length === 0) return { code: 'recording-empty', detail: '' };
    return { profile };
  } catch (error) {
    const { code, detail } = asFailure(error);
    return { code, detail };
  }
}

parentPort?.postMessage(answer(workerData as AnalysisTask));
