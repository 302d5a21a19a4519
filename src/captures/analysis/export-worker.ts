import { parentPort } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { asFailure, Failure } from '../../reasons/failure.ts';
import { exported } from '../../profile/export/exported.ts';
import type { ExportFormat } from '../../profile/export/export-format.ts';
import type { ProfileEvent } from '../../profile/profile.ts';
import { openProfile } from '../baselines/stored-profile.ts';
import type { TaskAnswer } from './one-task.ts';

/** A stored profile, gzipped, and what is wanted of it. */
export interface ExportTask {
  profile: Uint8Array;
  event: ProfileEvent;
  format: ExportFormat;
  /** What the other tool calls it. */
  name: string;
  /** Bound on the profile once it is unpacked. */
  profileBytes: number;
}

function answer({ profile, event, format, name, profileBytes }: ExportTask): TaskAnswer<Uint8Array> {
  try {
    const found = openProfile(profile, profileBytes);
    if (found === undefined) throw new Failure('recording-damaged', { detail: 'its profile cannot be read' });
    if (found.events[event] === undefined)
      throw new Failure('event-not-recorded', {
        detail: `no ${event} samples; it holds ${Object.keys(found.events).join(', ')}`,
      });
    const made = exported(found, event, format, name);
    return { result: typeof made === 'string' ? gzipSync(made) : made };
  } catch (error) {
    const { code, detail } = asFailure(error);
    return { code, detail };
  }
}

parentPort?.on('message', (task: ExportTask) => parentPort?.postMessage(answer(task)));
